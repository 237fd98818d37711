/** Stacks, container credentials and the rules of the control interface. */
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { fromHttp } from '@aws-sdk/credential-providers';
import t from 'tap';
import type { StackDocument } from '../../infra/local/contract.ts';
import { createControlClient } from '../../infra/local/control-client.ts';
import { openRegistry } from '../../infra/local/registry.ts';
import { allow, HUB, LAB, openTestCore, STRANGER, stack, TASK_TRUST } from './support/core-with-s3.ts';

const FUNCTION = {
  name: 'RunJob',
  roleName: 'Worker',
  handler: 'compute/lambda.ts#handler',
  timeoutSeconds: 900,
  memoryMb: 1_024,
  environment: { MODE: 'mode_1' },
};
const TASK = {
  family: 'worker',
  containerName: 'worker',
  taskRoleName: 'Worker',
  command: 'compute/fargate.ts',
  cpu: 1_024,
  memoryMb: 2_048,
  environment: {},
};
const FULL = stack(LAB, {
  roles: [{ name: 'Worker', trust: TASK_TRUST, policies: [allow('s3:*')] }],
  buckets: [{ name: 'lab-data' }],
  functions: [FUNCTION],
  clusters: ['jobs'],
  taskDefinitions: [TASK],
  stateMachines: [
    {
      name: 'job',
      roleName: 'Worker',
      definition: '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
    },
  ],
});

t.test('a stack is found by ARN', async (t) => {
  const { control, core } = await openTestCore(t);
  await control(LAB).applyStack(FULL);
  const { registry } = core;
  const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${LAB}:${rest}`;
  t.match(registry.role(`arn:aws:iam::${LAB}:role/Worker`), { name: 'Worker' });
  t.same(registry.function(arn('lambda', 'function:RunJob')), FUNCTION);
  t.equal(registry.cluster(arn('ecs', 'cluster/jobs')), true);
  t.equal(registry.cluster(arn('ecs', 'cluster/other')), false);
  for (const name of [
    'worker',
    'worker:1',
    arn('ecs', 'task-definition/worker'),
    arn('ecs', 'task-definition/worker:1'),
  ]) {
    t.same(registry.taskDefinition(name, LAB, 'us-east-1'), { ...TASK, revision: 1 }, name);
  }
  t.equal(registry.taskDefinition('worker:3', LAB, 'us-east-1'), undefined);
  t.equal(registry.taskDefinition('worker', LAB, 'eu-west-1'), undefined);
  t.match(registry.stateMachine(arn('states', 'stateMachine:job')), { roleName: 'Worker' });
  t.equal(registry.bucketOwner('lab-data'), LAB);
  t.match(registry.bucket('lab-data'), { accountId: LAB, region: 'us-east-1' });
  t.equal(registry.role(`arn:aws:iam::${HUB}:role/Worker`), undefined);
});

t.test('applying twice changes nothing; leaving something out deletes it, but not its data', async (t) => {
  const { control, core } = await openTestCore(t);
  const role = `arn:aws:iam::${LAB}:role/Worker`;
  await control(LAB).applyStack(FULL);
  const id = core.registry.roleRecord(role)?.roleId;
  await control(LAB).applyStack(FULL);
  t.equal(core.registry.roleRecord(role)?.roleId, id);
  await control(LAB).applyStack({ ...FULL, functions: [], buckets: [] });
  t.equal(core.registry.function(`arn:aws:lambda:us-east-1:${LAB}:function:RunJob`), undefined);
  t.equal(core.registry.bucketOwner('lab-data'), LAB);
  await control(LAB).removeStack('test');
  await control(LAB).removeStack('test');
  t.equal(core.registry.role(role), undefined);
  t.equal(core.registry.bucketOwner('lab-data'), LAB);
});

t.test('names are taken once', async (t) => {
  const { control } = await openTestCore(t);
  await control(LAB).applyStack(FULL);
  await t.rejects(control(HUB).applyStack(stack(HUB, { buckets: [{ name: 'lab-data' }] })), {
    code: 'BucketAlreadyExists',
    statusCode: 409,
  });
  await t.rejects(control(LAB).applyStack({ ...FULL, stackName: 'second' }), {
    code: 'AlreadyExistsException',
  });
  await t.rejects(control(LAB).applyStack({ ...FULL, region: 'eu-west-1' }), { code: 'ValidationError' });
  await t.rejects(
    control(LAB).applyStack(
      stack(LAB, { stackName: 'b', region: 'eu-west-1', buckets: [{ name: 'lab-data' }] }),
    ),
    { code: 'BucketAlreadyOwnedByYou' },
  );
  await control(LAB).applyStack({
    ...FULL,
    stackName: 'more',
    roles: [],
    functions: [{ ...FUNCTION, name: 'Two' }],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [],
  });
});

t.test('racing stacks cannot both take a bucket', async (t) => {
  const { control } = await openTestCore(t);
  const accounts = [HUB, LAB, STRANGER];
  const outcomes = await Promise.allSettled(
    accounts.map((accountId) =>
      control(accountId).applyStack(stack(accountId, { buckets: [{ name: 'the-one' }] })),
    ),
  );
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
});

t.test('documents are validated to the last field', async (t) => {
  const { control } = await openTestCore(t);
  const refused = async (changes: object, message: RegExp, code = 'ValidationError') => {
    const document = { ...FULL, ...changes } as StackDocument;
    await t.rejects(control(LAB).applyStack(document), { code, message }, String(message));
  };
  await refused({ region: 'mars' }, /region/);
  await refused({ extra: 1 }, /extra/);
  await refused({ buckets: [{ name: 'Upper' }] }, /bucket name/);
  await refused({ buckets: [{ name: '10.0.0.1' }] }, /bucket name/);
  await refused({ functions: [{ ...FUNCTION, handler: '../../etc/passwd#x' }] }, /must lie in the project/);
  await refused({ functions: [{ ...FUNCTION, handler: '/etc/passwd#x' }] }, /must lie in the project/);
  await refused({ functions: [{ ...FUNCTION, handler: 'compute/lambda.ts' }] }, /MODULE#EXPORT/);
  await refused({ functions: [{ ...FUNCTION, timeoutSeconds: 901 }] }, /timeoutSeconds/);
  await refused({ functions: [{ ...FUNCTION, roleName: 'Absent' }] }, /role Absent/);
  await refused({ taskDefinitions: [{ ...TASK, environment: { 'A B': 'x' } }] }, /environment/);
  await refused(
    { stateMachines: [{ name: 'job', roleName: 'Worker', definition: '{}' }] },
    /Invalid State Machine Definition/,
    'InvalidDefinition',
  );
  await refused(
    { roles: [{ name: 'Worker', trust: allow('sts:AssumeRole'), policies: [] }] },
    /trust statement needs a Principal/,
  );
  await refused({ roles: [{ name: 'Worker', trust: TASK_TRUST, policies: [TASK_TRUST] }] }, /no Principal/);
  await refused({ accountId: '1' }, /rules its own account only/, 'AccessDeniedException');
});

t.test('only the root of the account concerned rules', async (t) => {
  const { control, endpoint, task, root, send } = await openTestCore(t);
  await control(LAB).applyStack(FULL);
  const denied = { code: 'AccessDeniedException' };
  await t.rejects(control(HUB).applyStack(FULL), denied);
  const mixed = createControlClient({ endpoint, accountId: LAB, credentials: root(HUB) });
  await t.rejects(mixed.removeStack('test'), denied);
  const asRole = createControlClient({ endpoint, accountId: LAB, credentials: task(LAB, 'Worker') });
  await t.rejects(asRole.calls(), denied);
  await t.rejects(asRole.applyStack(FULL), denied);
  t.match(await send({ method: 'GET', path: '/_cloudmr/calls' }), {
    status: 400,
    text: /MissingAuthentication/,
  });
  t.match(await send({ method: 'GET', path: '/_cloudmr/health' }), { status: 200, text: '{"status":"ok"}' });
});

t.test('a container gets the credentials of its role, and of no other', async (t) => {
  const { core, control, endpoint, sts, s3, send } = await openTestCore(t);
  await control(LAB).applyStack({
    ...FULL,
    roles: [
      ...FULL.roles,
      {
        name: 'Human',
        trust: { Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: HUB } }] },
        policies: [],
      },
    ],
  });
  const uri = (role: string, accountId = LAB) => `${endpoint}/_cloudmr/credentials/${accountId}/${role}`;
  const token = core.keys.containerToken(LAB, 'Worker');
  const provide = (awsContainerCredentialsFullUri: string, awsContainerAuthorizationToken: string) =>
    fromHttp({ awsContainerCredentialsFullUri, awsContainerAuthorizationToken, maxRetries: 0 })();
  const credentials = await provide(uri('Worker'), token);
  const seconds = (credentials.expiration!.getTime() - Date.now()) / 1_000;
  t.ok(seconds > 3_590 && seconds <= 3_600, `${seconds} s`);
  t.equal(
    (await sts(credentials).send(new GetCallerIdentityCommand())).Arn,
    `arn:aws:sts::${LAB}:assumed-role/Worker/container`,
  );
  t.equal((await s3(credentials).send(new ListBucketsCommand())).Buckets?.length, 1);
  await t.rejects(provide(uri('Worker'), `${token}x`), { message: /status: 403/, Code: 'AccessDenied' });
  await t.rejects(provide(uri('Human'), token), { message: /status: 403/, Code: 'AccessDenied' });
  await t.rejects(provide(uri('Worker', HUB), token), { message: /status: 403/, Code: 'AccessDenied' });
  await t.rejects(
    provide(uri('Human'), core.keys.containerToken(LAB, 'Human')),
    { message: /status: 403/, Code: 'AccessDenied' },
    'a role that does not trust ECS tasks',
  );
  t.match(await send({ method: 'GET', path: '/_cloudmr/credentials/222222222222/Worker' }), { status: 403 });
});

t.test('the registry is on disk, and belongs to one process', async (t) => {
  const dir = t.testdir();
  const first = await openRegistry(dir);
  await first.applyStack(FULL);
  await first.createBucket('made', HUB, 'eu-west-1');
  await t.rejects(async () => first.createBucket('made', LAB, 'us-east-1'), { code: 'BucketAlreadyExists' });
  await t.rejects(async () => first.createBucket('made', HUB, 'eu-west-1'), {
    code: 'BucketAlreadyOwnedByYou',
  });
  await t.rejects(async () => first.createBucket('x', HUB, 'eu-west-1'), { code: 'InvalidBucketName' });
  await t.rejects(openRegistry(dir), { message: /Another embedded cloud is using/ });
  const roleId = first.roleRecord(`arn:aws:iam::${LAB}:role/Worker`)?.roleId;
  await first.close();
  const second = await openRegistry(dir);
  t.equal(second.roleRecord(`arn:aws:iam::${LAB}:role/Worker`)?.roleId, roleId);
  t.same(second.buckets(HUB), [{ name: 'made', accountId: HUB, region: 'eu-west-1' }]);
  await second.deleteBucket('made');
  await t.rejects(async () => second.deleteBucket('made'), { code: 'NoSuchBucket' });
  t.equal(second.bucketOwner('made'), undefined);
  await second.close();
});
