/** The checks of a computing unit against real policies, buckets and trust, at registration and over time. */
import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import type { PolicyStatement, RoleResource } from '../../infra/local/contract.ts';
import { CHECKS } from '../../services/preflight/catalogue.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { brokerOn } from '../helpers/brain.ts';
import { HUB, REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { type Lab, newLab } from '../helpers/trust.ts';

const cloud = await startTestCloud(t);

const statuses = ({ checks = [] }: Unit): Record<string, string> =>
  Object.fromEntries(checks.map(({ code, status }) => [code, status]));
const evidence = ({ checks = [] }: Unit, wanted: string): string =>
  checks.find(({ code }) => code === wanted)?.evidence ?? '';
const withStatement = (role: RoleResource, statement: PolicyStatement): RoleResource => ({
  ...role,
  policies: [...role.policies, { Statement: [statement] }],
});
async function stored(lab: Lab): Promise<Unit | undefined> {
  return cloud.stores.units.findSame({ ownerId: lab.who.userId, ...lab.registration });
}

t.test('a stack as it is released passes everything that can be asked', async (t) => {
  const lab = await newLab(cloud);
  const { unit, action } = await lab.register();
  t.equal(action, 'created');
  t.equal(unit.status, 'ready', unit.missing.join('; '));
  t.same(statuses(unit), {
    ownership_proof: 'passed',
    assume_role: 'passed',
    external_id_required: 'passed',
    session_policy: 'passed',
    source_identity: 'passed',
    region: 'passed',
    state_machine: 'passed',
    machine_tags: 'passed',
    execution_list: 'passed',
    data_bucket: 'passed',
    results_bucket: 'passed',
    failed_bucket: 'passed',
    outside_prefix: 'passed',
    bucket_settings: 'passed',
    presigned_get: 'passed',
    presigned_put: 'skipped',
    console_cors: 'passed',
    clock: 'passed',
    quotas: 'skipped',
    account_quotas: 'passed',
    image: 'skipped',
    image_digest: 'skipped',
    privileges: 'passed',
  });
  t.match(evidence(unit, 'machine_tags'), /^tagged as released, of the stack lab-\d+$/);
  t.match(evidence(unit, 'ownership_proof'), `arn:aws:iam::${RESEARCHER}:root`);
  t.match(evidence(unit, 'session_policy'), /take \d\d % of their room/);
  t.equal(unit.externalId, lab.externalId);
  t.ok(unit.checks?.every(({ code }) => Object.hasOwn(CHECKS, code)));
});

t.test('R41, R55: without a proof it is pending, and its account is not even asked', async (t) => {
  const lab = await newLab(cloud);
  await cloud.control(HUB).clearCalls();
  const { unit } = await lab.broker.units.register(lab.who, {
    ...lab.registration,
    externalId: 'cloudmr-222222222222-mroptimum',
  });
  t.match(unit, { status: 'pending', externalId: undefined, nextCheckAt: undefined });
  t.match(unit.missing, [/^ownership_proof: /, /^registration: missing: externalId/]);
  t.equal(await cloud.calls('sts', 'AssumeRole'), 0);
  await t.rejects(lab.broker.units.choose(lab.who, 'mroptimum', { unitId: unit.unitId }), {
    code: 'unit_not_ready',
    details: { computingUnitId: unit.unitId },
  });
  t.equal((await lab.register()).unit.status, 'ready', 'then it is proven');
});

t.test('T2: a role that does not insist on the external ID is refused, nothing is stored', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeRole((role) => ({
    ...role,
    trust: { Statement: role.trust.Statement.map(({ Condition: _, ...rest }) => rest) },
  }));
  await t.rejects(lab.register(), {
    code: 'trust_unsafe',
    message: /without an external ID and with a wrong external ID/,
  });
  t.equal(await stored(lab), undefined);
  await lab.changeRole((role) => role);
  t.equal((await lab.register()).unit.status, 'ready');
});

t.test('T3: external IDs are random, issued to one person, and never taken from a caller', async (t) => {
  const lab = await newLab(cloud);
  const eve = { userId: 'eve', role: 'user' } as const;
  const issued = new Set<string>();
  for (let i = 0; i < 50; i++) issued.add((await lab.broker.units.issueExternalId(eve)).externalId);
  t.equal(issued.size, 50);
  for (const externalId of issued) t.match(externalId, /^cloudmr-[A-Za-z0-9.-]{32}$/);
  await t.rejects(
    lab.broker.units.register(lab.who, { ...lab.registration, externalId: [...issued][0] }),
    {
      code: 'ownership_refused',
      message: 'the external ID was issued to somebody else',
      remedy: /of your own/,
    },
    "somebody else's",
  );
  t.equal(await stored(lab), undefined, 'and nothing is stored');
  for (const externalId of ['', 'cloudmr-mine']) {
    const { unit } = await lab.broker.units.register(lab.who, { ...lab.registration, externalId });
    t.equal(unit.externalId, undefined, externalId);
  }
  const { unit } = await lab.register();
  t.equal(unit.externalId, lab.externalId);
  t.equal((await lab.register({ externalId: 'cloudmr-mine' })).unit.externalId, lab.externalId, 'kept');
});

t.test('the stricter mode: only callers that the platform has named prove an account', async (t) => {
  const strict = await newLab(cloud, brokerOn(cloud, { proofCallers: ['arn:aws:sts::*:assumed-role/x/*'] }));
  await t.rejects(strict.register(), {
    code: 'ownership_refused',
    message: /arn:aws:iam::222222222222:root is not one of those/,
  });
  const named = await newLab(cloud, brokerOn(cloud, { proofCallers: ['nobody', 'arn:aws:iam::*:root'] }));
  t.equal((await named.register()).unit.status, 'ready');
});

t.test('T4: a change of role, machine or bucket ends the proof, and no job runs', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  const { units } = lab.broker;
  const changes = {
    crossAccountRoleArn: `${unit.crossAccountRoleArn?.replace('role/', 'role/x-')}`,
    stateMachineArn: `${unit.stateMachineArn}-2`,
    dataBucket: 'somebody-elses',
    resultsBucket: 'somebody-elses',
    failedBucket: 'somebody-elses',
  };
  for (const [field, value] of Object.entries(changes)) {
    const changed = await units.update(lab.who, unit.unitId, { [field]: value });
    t.match(changed, { status: 'pending', proof: undefined, missing: [/^ownership_proof: /] }, field);
    await t.rejects(
      units.choose(lab.who, 'mroptimum', { unitId: unit.unitId }),
      { code: 'unit_not_ready' },
      field,
    );
    const back = await units.update(
      lab.who,
      unit.unitId,
      { [field]: unit[field as keyof typeof changes] },
      lab.sign(await units.challenge(lab.who)),
    );
    t.equal(back.status, 'ready', `${field}: proven again`);
  }
  const renamed = await units.update(lab.who, unit.unitId, { alias: 'renamed' });
  t.match(renamed, { status: 'ready', alias: 'renamed' }, 'a name is just a name');
});

t.test('T6: a bucket that belongs to somebody else now is a hard failure', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  const s3Of = async (accountId: string) => {
    const { clients, credentials } = cloud.rootClients(accountId);
    return clients.s3(await credentials(), REGION);
  };
  await (await s3Of(RESEARCHER)).send(new DeleteBucketCommand({ Bucket: unit.resultsBucket }));
  await (await s3Of('666666666666')).send(new CreateBucketCommand({ Bucket: unit.resultsBucket }));
  const after = await lab.broker.watch.recheck(unit);
  t.match(after, { status: 'degraded', missing: [/^results_bucket: PutObject is not allowed/] });
  t.match(JSON.parse(after.checks?.find(({ code }) => code === 'results_bucket')?.policy ?? ''), {
    Effect: 'Allow',
    Resource: `arn:aws:s3:::${unit.resultsBucket}/mroptimum/*`,
  });
  await t.rejects(
    cloud.unitCloud.presignGet(unit, { bucket: 'mode2-private', key: 'mroptimum/x/y' }, 'y', 60),
    { name: 'CloudError' },
  );
});

t.test('T19: a role with more than it needs', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeRole((role) => withStatement(role, { Effect: 'Allow', Action: 's3:*', Resource: '*' }));
  const { unit } = await lab.register();
  t.equal(unit.status, 'pending');
  t.match(unit.missing, [/^outside_prefix: the role also reads outside of mroptimum\//]);
  t.match(statuses(unit), { privileges: 'warning', data_bucket: 'passed' });
  await lab.changeRole((role) =>
    withStatement(role, { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }),
  );
  const better = await lab.register();
  t.equal(better.unit.status, 'ready');
  t.match(statuses(better.unit), { privileges: 'warning', outside_prefix: 'passed' });
});

t.test('tags of the state machine: other ones are named, and a role may not let them be seen', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeTags({ App: 'CloudMR', CMRRole: 'BackendCalculation', Mode: 'mode1' });
  const { unit } = await lab.register();
  t.equal(unit.status, 'ready');
  t.equal(
    evidence(unit, 'machine_tags'),
    'the tag CMRApp is missing instead of "MR Optimum"; the tag Mode is "mode1" instead of "mode2"',
  );
  await lab.changeRole((role) => ({
    ...role,
    policies: JSON.parse(JSON.stringify(role.policies).replace(',"states:ListTagsForResource"', '')),
  }));
  const closed = (await lab.register()).unit;
  t.equal(closed.status, 'ready');
  const found = closed.checks?.find(({ code }) => code === 'machine_tags');
  t.match(found, {
    status: 'warning',
    actor: 'unit_owner',
    evidence: /does not allow states:ListTagsForRes/,
  });
  t.same(JSON.parse(found?.policy ?? ''), {
    Effect: 'Allow',
    Action: ['states:ListTagsForResource'],
    Resource: [unit.stateMachineArn],
  });
});

t.test('a role of an older stack may not list executions: jobs run, and the remedy is said', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeRole((role) => ({
    ...role,
    policies: JSON.parse(JSON.stringify(role.policies).replace(',"states:ListExecutions"', '')),
  }));
  const { unit } = await lab.register();
  t.equal(unit.status, 'ready');
  const found = unit.checks?.find(({ code }) => code === 'execution_list');
  t.match(found, { status: 'warning', actor: 'unit_owner', remedy: /Deploy the current stack again/ });
  t.same(JSON.parse(found?.policy ?? ''), {
    Effect: 'Allow',
    Action: ['states:ListExecutions'],
    Resource: [lab.registration.stateMachineArn],
  });
});

t.test(
  'T24, R53: a role that is absent and one that refuses are the same; one principal is to be named',
  async (t) => {
    const lab = await newLab(cloud);
    const name = (role: string): string => `arn:aws:iam::${RESEARCHER}:role/${role}-CloudMRCrossAccountRole`;
    await lab.changeRole((role) => ({ ...role, trust: { Statement: [] } }));
    const denied = (await lab.register()).unit;
    const absent = (await lab.register({ crossAccountRoleArn: name('absent') })).unit;
    const plain = ({ checks }: Unit) =>
      checks?.map(({ code, status, evidence }) => ({ code, status, evidence }));
    t.same(plain(absent), plain(denied));
    t.match(denied.missing, [/^assume_role: the role does not let the broker in with this external ID/]);
    const { policy = '' } = denied.checks?.find(({ code }) => code === 'assume_role') ?? {};
    t.same(
      JSON.parse(policy),
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${HUB}:role/CloudMRBrainRole` },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'sts:ExternalId': lab.externalId } },
      },
      'R52, R53: the statement to paste names one role and the issued ID',
    );
  },
);

t.test('all failures are reported together, each with remedy and who must act', async (t) => {
  const lab = await newLab(cloud);
  await lab.changeRole((role) => ({ ...role, policies: [] }));
  const { unit } = await lab.register();
  const failed = unit.checks?.filter(({ status }) => status === 'failed') ?? [];
  t.same(
    failed.map(({ code }) => code),
    ['data_bucket', 'results_bucket', 'failed_bucket'],
  );
  for (const check of failed)
    t.match(check, { actor: 'unit_owner', remedy: /\w/, policy: /^\{"Effect":"Allow"/ });
  t.match(statuses(unit), { state_machine: 'skipped', assume_role: 'passed' });
});

t.test('the clock of the broker is compared with that of S3', async (t) => {
  const lab = await newLab(cloud);
  const { unit } = await lab.register();
  t.match(evidence(unit, 'clock'), /^the clock of the broker is \d s from that of S3$/);
});
