/** Ordered faults of STS, Step Functions and S3: what the services of the broker see of them. */
import t from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { createSessions } from '../../src/aws/sessions.ts';
import { createUnitCloud } from '../../src/aws/unit-cloud.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { mode2: unit, clock, baseCredentials } = cloud;
const control = cloud.control(HUB);
const clients = cloud.newClients({ timeouts: { connectMs: 500, answerMs: 150 } });
const sessions = createSessions({ sts: clients.sts, baseCredentials, brokerAccountId: HUB, clock });
const unitCloud = createUnitCloud({ clients, sessions, clock });

const RESULT = { bucket: unit.resultsBucket, key: 'mroptimum/u1/j/0/result.zip' };
const DOCUMENT = { bucket: unit.dataBucket, key: 'mroptimum/u1/j/0/job.json' };
const INPUT = { jobId: 'j', attempt: 0, ...DOCUMENT };
let serial = 0;
const start = (name = `fault-${++serial}`): Promise<string> => unitCloud.startExecution(unit, name, INPUT);
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
      under({ ...START, kind }, () => start(`silent-${kind}`)),
      { name: 'CloudError', problem: 'unavailable', operation: 'StartExecution' },
      kind,
    );
  }
  const arn = await start('silent-timeout_after');
  t.match(await unitCloud.describeExecution(unit, arn), { status: 'RUNNING' }, 'adopted by its name');
});

t.test('an answer that is lost once is asked for again, with one effect', async (t) => {
  const arn = await under({ ...START, kind: 'timeout_after', times: 1 }, () => start('lost-once'));
  t.match(await unitCloud.describeExecution(unit, arn), { status: 'RUNNING' });
});

t.test('an answer that comes too late is no answer', async (t) => {
  await t.rejects(
    under({ ...START, kind: 'late', delayMs: 400 }, () => start()),
    { name: 'CloudError', problem: 'unavailable', awsCode: 'ETIMEDOUT' },
  );
  await t.resolves(under({ ...START, kind: 'late', delayMs: 400, times: 1 }, () => start()));
});

t.test('an ended session is replaced silently, for calls with a body of errors and without', async (t) => {
  await start();
  await t.rejects(unitCloud.headObject(unit, RESULT), { name: 'CloudError', problem: 'not_found' });
  // The cloud's clock runs ahead of the broker's: sessions that look alive have ended.
  const behind = createSessions({
    sts: clients.sts,
    baseCredentials,
    brokerAccountId: HUB,
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

t.test('a cloud that is away is `unavailable`', async (t) => {
  const session = await sessions.get(unit, { kind: 'observe' });
  const away = createUnitCloud({
    clients: (await import('../../src/aws/clients.ts')).createAwsClients({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: baseCredentials,
    }),
    sessions: { ...sessions, get: async () => session },
    clock,
  });
  await t.rejects(away.headObject(unit, RESULT), {
    name: 'CloudError',
    problem: 'unavailable',
    awsCode: 'ECONNREFUSED',
  });
});
