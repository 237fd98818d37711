/** STS as the SDK client sees it. */
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import t from 'tap';
import type { RoleResource } from '../../infra/local/contract.ts';
import {
  allow,
  HUB,
  LAB,
  openTestCore,
  type SdkCredentials,
  STRANGER,
  stack,
  TASK_TRUST,
} from './support/core-with-s3.ts';

const EXTERNAL_ID = 'ext-7f3a';
const ROLE = `arn:aws:iam::${LAB}:role/Access`;
const BROKER = `arn:aws:iam::${HUB}:role/Broker`;

const trusting = (
  aws: string | string[],
  actions: string | string[] = 'sts:AssumeRole',
): RoleResource['trust'] => ({
  Statement: [
    {
      Effect: 'Allow',
      Action: actions,
      Principal: { AWS: aws },
      Condition: { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } },
    },
  ],
});

async function twoAccounts(t: Parameters<typeof openTestCore>[0]) {
  const cloud = await openTestCore(t);
  await cloud.control(HUB).applyStack(
    stack(HUB, {
      roles: [
        {
          name: 'Broker',
          trust: TASK_TRUST,
          policies: [
            allow(['sts:AssumeRole', 'sts:SetSourceIdentity'], ['arn:aws:iam::*:role/Access*', BROKER]),
          ],
        },
        { name: 'Idle', trust: TASK_TRUST, policies: [] },
      ],
    }),
  );
  await cloud.control(LAB).applyStack(
    stack(LAB, {
      roles: [
        { name: 'Access', trust: trusting(BROKER), policies: [allow('s3:*')] },
        { name: 'AccessByAccount', trust: trusting(`arn:aws:iam::${HUB}:root`), policies: [] },
        { name: 'AccessLong', trust: trusting(HUB), policies: [], maxSessionSeconds: 43_200 },
        {
          name: 'AccessNamed',
          trust: trusting(HUB, ['sts:AssumeRole', 'sts:SetSourceIdentity']),
          policies: [],
        },
        { name: 'Other', trust: trusting(BROKER), policies: [] },
      ],
    }),
  );
  await cloud
    .control(STRANGER)
    .applyStack(stack(STRANGER, { roles: [{ name: 'Broker', trust: TASK_TRUST, policies: [allow('*')] }] }));
  const assume = (credentials: SdkCredentials, input: Partial<AssumeRoleCommandInput> = {}) =>
    cloud.sts(credentials).send(
      new AssumeRoleCommand({
        RoleArn: ROLE,
        RoleSessionName: 'job-1',
        ExternalId: EXTERNAL_ID,
        DurationSeconds: 900,
        ...input,
      }),
    );
  return { ...cloud, assume, broker: cloud.task(HUB, 'Broker') };
}

const sdk = (
  given: Awaited<ReturnType<Awaited<ReturnType<typeof twoAccounts>>['assume']>>,
): SdkCredentials => ({
  accessKeyId: given.Credentials!.AccessKeyId!,
  secretAccessKey: given.Credentials!.SecretAccessKey!,
  sessionToken: given.Credentials!.SessionToken!,
});

t.test('GetCallerIdentity tells root and session apart', async (t) => {
  const { sts, root, assume, broker } = await twoAccounts(t);
  t.match(await sts(root(HUB)).send(new GetCallerIdentityCommand()), {
    Account: HUB,
    Arn: `arn:aws:iam::${HUB}:root`,
    UserId: HUB,
  });
  const session = await assume(broker);
  t.match(await sts(sdk(session)).send(new GetCallerIdentityCommand()), {
    Account: LAB,
    Arn: `arn:aws:sts::${LAB}:assumed-role/Access/job-1`,
    UserId: session.AssumedRoleUser!.AssumedRoleId,
  });
});

t.test('AssumeRole gives a session of the asked length', async (t) => {
  const { assume, broker, clock } = await twoAccounts(t);
  const before = clock();
  const { AssumedRoleUser, Credentials, PackedPolicySize } = await assume(broker);
  t.equal(AssumedRoleUser?.Arn, `arn:aws:sts::${LAB}:assumed-role/Access/job-1`);
  t.match(AssumedRoleUser?.AssumedRoleId, /^AROA[A-Z2-7]{17}:job-1$/);
  t.match(Credentials?.AccessKeyId, /^LSIA/);
  const seconds = (Credentials!.Expiration!.getTime() - before) / 1_000;
  t.ok(seconds >= 900 && seconds < 905, `${seconds} s`);
  t.equal(PackedPolicySize, undefined);
});

t.test('who is not trusted gets the same AccessDenied as for a role that is not there', async (t) => {
  const { assume, broker, task, root } = await twoAccounts(t);
  const message = (arn: string, who = `arn:aws:sts::${HUB}:assumed-role/Broker/task`) =>
    `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
  const denied = { name: 'AccessDenied', message: message(ROLE) };
  await t.rejects(assume(broker, { ExternalId: undefined }), denied, 'no external ID');
  await t.rejects(assume(broker, { ExternalId: 'ext-7f3b' }), denied, 'wrong external ID');
  await t.rejects(
    assume(broker, { RoleArn: `${ROLE}Absent` }),
    { name: 'AccessDenied', message: message(`${ROLE}Absent`) },
    'absent role',
  );
  await t.rejects(
    assume(broker, { RoleArn: `arn:aws:iam::${LAB}:role/Other` }),
    { name: 'AccessDenied' },
    "the caller's own policy does not name the role",
  );
  await t.rejects(assume(task(STRANGER, 'Broker')), { name: 'AccessDenied' }, 'a role of another account');
  await t.rejects(assume(task(HUB, 'Idle')), { name: 'AccessDenied' }, 'another role of the trusted account');
  await t.rejects(assume(root(LAB)), { name: 'AccessDenied', message: /root accounts/ }, 'root');
});

t.test('trust in an account lets in whoever that account itself allows', async (t) => {
  const { assume, broker, task } = await twoAccounts(t);
  const RoleArn = `arn:aws:iam::${LAB}:role/AccessByAccount`;
  t.ok((await assume(broker, { RoleArn })).Credentials);
  await t.rejects(assume(task(HUB, 'Idle'), { RoleArn }), { name: 'AccessDenied' });
});

t.test('durations', async (t) => {
  const { assume, broker } = await twoAccounts(t);
  const bad = (input: Partial<AssumeRoleCommandInput>, message: RegExp) =>
    t.rejects(assume(broker, input), { name: 'ValidationError', message });
  await bad({ DurationSeconds: 899 }, /greater than or equal to 900/);
  await bad({ DurationSeconds: 43_201 }, /less than or equal to 43200/);
  await bad({ DurationSeconds: 3_601 }, /exceeds the MaxSessionDuration/);
  // The broker's own credentials are those of a role, so this is role chaining.
  await bad({ DurationSeconds: 3_601, RoleArn: `arn:aws:iam::${LAB}:role/AccessLong` }, /role chaining/);
  t.ok(await assume(broker, { DurationSeconds: 3_600, RoleArn: `arn:aws:iam::${LAB}:role/AccessLong` }));
  await t.rejects(
    assume(broker, { DurationSeconds: 3_601, ExternalId: 'wrong' }),
    { name: 'AccessDenied' },
    'the limits of a role are told only to those who may assume it',
  );
});

t.test('malformed parameters', async (t) => {
  const { assume, broker } = await twoAccounts(t);
  const bad = (input: Partial<AssumeRoleCommandInput>, name = 'ValidationError') =>
    t.rejects(assume(broker, input), { name });
  await bad({ RoleSessionName: 'a b' });
  await bad({ RoleSessionName: 'a' });
  await bad({ RoleSessionName: 'x'.repeat(65) });
  await bad({ ExternalId: 'a\nb' });
  await bad({ ExternalId: 'x'.repeat(1_225) });
  await bad({ RoleArn: 'arn:aws:iam::222222222222:user/x' });
  await bad({ RoleArn: 'short' });
  await bad({ Policy: `"${' '.repeat(2_047)}"` });
  await bad({ Policy: '{' }, 'MalformedPolicyDocument');
  await bad({ Policy: '{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}' }, 'MalformedPolicyDocument');
  await bad({ Tags: [{ Key: 'a', Value: 'b' }] }, 'NotImplementedLocally');
  await bad({ PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] }, 'NotImplementedLocally');
});

t.test('a session policy is measured', async (t) => {
  const { assume, broker } = await twoAccounts(t);
  const Policy = JSON.stringify(allow('s3:GetObject', 'arn:aws:s3:::b/*'));
  const { PackedPolicySize } = await assume(broker, { Policy });
  t.equal(PackedPolicySize, Math.ceil((100 * Policy.length) / 2_048));
});

t.test('a source identity needs its own permission and stays', async (t) => {
  const { assume, broker } = await twoAccounts(t);
  const RoleArn = `arn:aws:iam::${LAB}:role/AccessNamed`;
  t.equal((await assume(broker, { RoleArn, SourceIdentity: 'user-1' })).SourceIdentity, 'user-1');
  await t.rejects(assume(broker, { SourceIdentity: 'user-1' }), { name: 'AccessDenied' });
});

t.test('sessions end', async (t) => {
  const { assume, broker, sts, time, control } = await twoAccounts(t);
  const session = sdk(await assume(broker));
  time.offset = 880_000;
  t.ok(await sts(session).send(new GetCallerIdentityCommand()), 'not a second too early');
  time.offset = 900_000;
  await t.rejects(sts(session).send(new GetCallerIdentityCommand()), {
    name: 'ExpiredToken',
    $metadata: { httpStatusCode: 403 },
  });
  time.offset = 0;
  await control(LAB).removeStack('test');
  await t.rejects(
    sts(session).send(new GetCallerIdentityCommand()),
    { name: 'InvalidClientTokenId' },
    'its role is gone',
  );
  await control(LAB).applyStack(
    stack(LAB, { roles: [{ name: 'Access', trust: trusting(BROKER), policies: [allow('s3:*')] }] }),
  );
  await t.rejects(
    sts(session).send(new GetCallerIdentityCommand()),
    { name: 'InvalidClientTokenId' },
    'a new role of the same name is another role',
  );
});

t.test('operations not emulated are refused by name', async (t) => {
  const { sts, root } = await twoAccounts(t);
  await t.rejects(sts(root(HUB)).send(new GetSessionTokenCommand()), {
    name: 'NotImplementedLocally',
    message: /sts:GetSessionToken/,
    $metadata: { httpStatusCode: 501 },
  });
});
