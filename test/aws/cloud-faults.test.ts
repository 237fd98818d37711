/** Ordered faults of STS, Step Functions and S3: what the services of the broker see of them. */
import t from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { BROKER_ROLE_NAME } from '../../infra/local/stacks/hub.ts';
import { createSessions } from '../../src/aws/accounts/sessions.ts';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createBaseCredentials } from '../../src/aws/credentials.ts';
import { HUB, REGION, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { mode2: unit, clock, baseCredentials } = cloud;
const control = cloud.control(HUB);
const clients = cloud.newClients({ timeouts: { connectMs: 500, answerMs: 500 } });
const sessions = createSessions({ sts: clients.sts, baseCredentials, platform: cloud.platform, clock });
const unitCloud = createUnitCloud({ clients, sessions, clock });

const RESULT = { bucket: unit.resultsBucket, key: 'mroptimum/u1/j/0/result.zip' };
const DOCUMENT = { bucket: unit.dataBucket, key: 'mroptimum/u1/j/0/job.json' };
const INPUT = { jobId: 'j', attempt: 0, ...DOCUMENT };
let serial = 0;
const start = (name = `job-fault-${++serial}`): Promise<string> =>
  unitCloud.startExecution(unit, name, INPUT);
// Sessions first, so that the faults meet the calls themselves.
await start();
await t.rejects(unitCloud.headObject(unit, RESULT), { name: 'CloudError', problem: 'not_found' });

/** Runs `work` while a fault is ordered. */
async function under<T>(fault: FaultInput, work: () => Promise<T>): Promise<T> {
  await control.addFault(fault);
  try {
    return await work();
  } finally {
    await control.clearFaults();
  }
}

const START = { service: 'states', operation: 'StartExecution' } as const;
const HEAD = { service: 's3', operation: 'HeadObject' } as const;

t.test('throttling that passes is not seen; throttling that lasts is `throttled`', async (t) => {
  await t.resolves(under({ ...START, kind: 'throttle', times: 2 }, () => start()));
  await t.rejects(
    under({ ...START, kind: 'throttle' }, () => start()),
    { name: 'CloudError', problem: 'throttled', operation: 'StartExecution', awsCode: 'ThrottlingException' },
  );
  await control.clearCalls();
  await t.rejects(
    under({ ...START, kind: 'throttle' }, () => start()),
    { name: 'CloudError', problem: 'throttled' },
  );
  t.equal(await cloud.calls('states', 'StartExecution'), 3, 'tries are bounded');
});

t.test('a refusal is `denied` and not repeated', async (t) => {
  await control.clearCalls();
  await t.rejects(
    under({ ...START, kind: 'deny' }, () => start()),
    { name: 'CloudError', problem: 'denied', operation: 'StartExecution' },
  );
  await t.rejects(
    under({ ...HEAD, kind: 'deny' }, () => unitCloud.headObject(unit, RESULT)),
    { name: 'CloudError', problem: 'denied', operation: 'HeadObject' },
  );
  t.equal(await cloud.calls('states', 'StartExecution'), 1);
});

t.test('a refused AssumeRole is `trust_denied`', async (t) => {
  sessions.forget(unit.unitId);
  await t.rejects(
    under({ service: 'sts', operation: 'AssumeRole', kind: 'deny' }, () => start()),
    { name: 'CloudError', problem: 'trust_denied', operation: 'AssumeRole' },
  );
});

t.test('no answer is `unavailable`: nobody knows whether it had an effect', async (t) => {
  await start();
  for (const kind of ['timeout_before', 'timeout_after'] as const) {
    await t.rejects(
      under({ ...START, kind }, () => start(`job-silent-${kind}`)),
      { name: 'CloudError', problem: 'unavailable', operation: 'StartExecution' },
      kind,
    );
  }
  const arn = await start('job-silent-timeout_after');
  t.match(await unitCloud.describeExecution(unit, arn), { status: 'RUNNING' }, 'adopted by its name');
});

t.test('an answer that is lost once is asked for again, with one effect', async (t) => {
  const arn = await under({ ...START, kind: 'timeout_after', times: 1 }, () => start('job-lost-once'));
  t.match(await unitCloud.describeExecution(unit, arn), { status: 'RUNNING' });
});

t.test('an answer that comes too late is no answer', async (t) => {
  await t.rejects(
    under({ ...START, kind: 'late', delayMs: 1_500 }, () => start()),
    { name: 'CloudError', problem: 'unavailable', awsCode: 'ETIMEDOUT' },
  );
  await t.resolves(under({ ...START, kind: 'late', delayMs: 1_500, times: 1 }, () => start()));
});

t.test('an ended session is replaced silently, for calls with a body of errors and without', async (t) => {
  await start();
  await t.rejects(unitCloud.headObject(unit, RESULT), { name: 'CloudError', problem: 'not_found' });
  // The cloud's clock runs ahead of the broker's: sessions that look alive have ended.
  const behind = createSessions({
    sts: clients.sts,
    baseCredentials,
    platform: cloud.platform,
    clock: () => clock() - 50 * 60_000,
  });
  const slow = createUnitCloud({ clients, sessions: behind, clock: () => clock() - 50 * 60_000 });
  await slow.startExecution(unit, 'before', INPUT);
  await t.rejects(slow.headObject(unit, RESULT), { name: 'CloudError', problem: 'not_found' });
  clock.advance(61 * 60_000);
  await control.clearCalls();
  await t.resolves(slow.startExecution(unit, 'after', INPUT));
  await t.rejects(slow.headObject(unit, RESULT), { name: 'CloudError', problem: 'not_found' });
  t.equal(await cloud.calls('sts', 'AssumeRole'), 2, 'one for start, one for observe');
});

t.test('the broker’s own credentials are renewed when AWS says that they have ended', async (t) => {
  // A clock that stands still: to the broker its credentials are as fresh as ever.
  const then = clock();
  const { uri, token } = cloud.cloud.credentialsUri(HUB, BROKER_ROLE_NAME);
  const stale = createBaseCredentials({ kind: 'container', uri, token }, () => then);
  const own = createAwsClients({ region: REGION, endpoint: cloud.endpoint, credentials: stale });
  t.teardown(() => own.close());
  const started = createSessions({
    sts: own.sts,
    baseCredentials: stale,
    platform: cloud.platform,
    clock: () => then,
  });
  const stuck = createUnitCloud({ clients: own, sessions: started, clock: () => then });
  const location = { bucket: cloud.mode1.resultsBucket, key: 'mroptimum/u1/x' };
  await t.rejects(stuck.headObject(cloud.mode1, location), { name: 'CloudError', problem: 'not_found' });
  clock.advance(61 * 60_000);
  await t.rejects(
    stuck.headObject(cloud.mode1, location),
    { name: 'CloudError', problem: 'not_found' },
    'Mode 1 works with them itself',
  );
  clock.advance(61 * 60_000);
  await t.resolves(stuck.startExecution(unit, 'own-renewed', INPUT), 'Mode 2 asks STS with them');
});

t.test('a cloud that is away is `unavailable`', async (t) => {
  await sessions.get(unit, { kind: 'observe' });
  const endpoint = 'http://127.0.0.1:1';
  const nowhere = createAwsClients({ region: REGION, endpoint, credentials: baseCredentials });
  const away = createUnitCloud({ clients: nowhere, sessions, clock });
  await t.rejects(away.headObject(unit, RESULT), {
    name: 'CloudError',
    problem: 'unavailable',
    awsCode: 'ECONNREFUSED',
  });
});
