/** How AWS answers is seen from the calls that are made anyway; /ready says it, and asks nothing. */
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import t from 'tap';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createDependencyHealth } from '../../src/aws/dependency-health.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { createCursors } from '../../src/aws/table/cursor.ts';
import { createItemTable } from '../../src/aws/table/item-table.ts';
import { createReadiness } from '../../src/readiness.ts';
import type { DependencyName } from '../../src/schemas/dependencies.ts';
import { toReadyAnswer } from '../../src/schemas/http/health.ts';
import { HUB, REGION, startTestCloud } from '../helpers/cloud.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 22, 9, 30);

function health() {
  let now = START;
  const seen = createDependencyHealth({ clock: () => now });
  const call = (service: string, error?: Error, region = REGION, ms = 20) =>
    seen.observed({ service, region, ms, error });
  const of = (name: DependencyName) => seen.list().find((each) => each.name === name);
  return { ...seen, call, of, pass: (ms: number) => (now += ms) };
}
const named = (name: string, httpStatusCode?: number): Error =>
  Object.assign(new Error(name), { name, ...(httpStatusCode ? { $metadata: { httpStatusCode } } : {}) });

t.test('two bad answers in a row begin a trouble, one good answer ends it', async (t) => {
  const h = health();
  t.same(
    h.list().map(({ name, state }) => [name, state]),
    [
      ['store', 'unknown'],
      ['sts', 'unknown'],
      ['step_functions', 'unknown'],
      ['s3', 'unknown'],
    ],
  );
  h.call('STS', named('TimeoutError'));
  t.equal(h.of('sts')?.state, 'ok', 'one may be chance');
  h.pass(MINUTE);
  h.call('STS', named('InternalFailure', 500));
  t.match(h.of('sts'), { state: 'down', since: START, regions: [{ region: REGION, state: 'down' }] });
  h.call('STS', named('AccessDenied', 403));
  t.match(h.of('sts'), { state: 'ok', since: undefined, regions: [] }, 'a refusal is an answer');
  for (let i = 0; i < 2; i++) h.call('STS', named('TimeoutError', 200));
  t.equal(h.of('sts')?.state, 'down', 'a yes whose body stops in the midst is no answer');
  h.call('STS');
  h.call('SFN', named('ThrottlingException', 400));
  h.call('SFN', named('ThrottlingException', 400));
  t.equal(h.of('step_functions')?.state, 'throttled');
  h.call('S3', named('SlowDown', 503));
  h.call('S3', named('SlowDown', 503));
  t.equal(h.of('s3')?.state, 'throttled', 'although it says so with 503');
  h.call('DynamoDB', undefined, REGION, 1_500);
  h.call('DynamoDB', undefined, REGION, 2_500);
  t.equal(h.of('store')?.state, 'slow');
});

t.test('the table and the credentials are the broker’s own: a refusal there is a trouble', async (t) => {
  for (const name of [
    'AccessDeniedException',
    'ResourceNotFoundException',
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'KMSInvalidStateException',
  ]) {
    const h = health();
    h.call('DynamoDB');
    h.pass(MINUTE);
    for (let i = 0; i < 2; i++) h.call('DynamoDB', named(name, 400));
    t.match(h.of('store'), { state: 'down', since: START + MINUTE }, name);
    t.equal(h.storeAnsweredAt(), START, `${name} is no answer`);
    h.call('DynamoDB', named('ConditionalCheckFailedException', 400));
    t.match(h.of('store'), { state: 'ok', since: undefined }, 'a condition that does not hold is one');
    t.equal(h.storeAnsweredAt(), START + MINUTE);
  }
  const h = health();
  for (let i = 0; i < 2; i++) h.call('STS', named('ExpiredToken', 403));
  t.equal(h.of('sts')?.state, 'down', 'the credentials of the broker have ended');
  for (let i = 0; i < 2; i++) h.call('S3', named('ExpiredToken', 400));
  t.equal(h.of('s3')?.state, 'ok', 'those of a session are renewed');
  for (let i = 0; i < 2; i++) h.call('DynamoDB', named('ProvisionedThroughputExceededException', 400));
  t.equal(h.of('store')?.state, 'throttled');
  t.equal(h.storeAnsweredAt(), undefined, 'nobody gets anything from it');
});

t.test('F33: while a service answers in one region, the regions say where it does not', async (t) => {
  const h = health();
  h.call('S3');
  for (let i = 0; i < 3; i++) h.call('S3', named('TimeoutError'), 'eu-west-1');
  t.match(h.of('s3'), { state: 'ok', regions: [{ region: 'eu-west-1', state: 'down', since: START }] });
  const answer = toReadyAnswer({ checks: { store: true, tick: true }, dependencies: h.list() });
  t.equal(answer.status, 'degraded');
  t.equal(answer.dependencies[3].regions[0].since, new Date(START).toISOString());
  h.pass(11 * MINUTE);
  t.match(h.of('s3'), { state: 'down' }, 'what nobody has asked for long is no comfort');
  for (let i = 0; i < 500; i++) h.call('S3', named('TimeoutError'), `region-${i}`);
  t.ok((h.of('s3')?.regions.length ?? 0) <= 100, 'users name regions: they are bounded');
});

t.test('/ready names what is down, throttled or slow, since when, and costs no calls', async (t) => {
  const cloud = await startTestCloud(t);
  const seen = createDependencyHealth({ clock: cloud.clock });
  const clients = createAwsClients({
    region: REGION,
    endpoint: cloud.endpoint,
    credentials: cloud.baseCredentials,
    observed: seen.observed,
  });
  t.teardown(() => clients.close());
  const table = createItemTable({
    documents: clients.documents,
    tableName: 'cloudmr',
    cursors: createCursors('cursor secret'),
    log: cloud.log,
  });
  const { users } = storesOn(table, cloud.clock);
  const ready = createReadiness({ users, loop: { healthy: () => true }, health: seen, clock: cloud.clock });
  const control = cloud.control(HUB);

  t.match(await ready(), { checks: { store: true } }, 'asked once, because nothing is known');
  await control.clearCalls();
  for (let i = 0; i < 20; i++) t.equal((await ready()).checks.store, true);
  t.same(await control.calls(), [], '20 probes, no call');

  for (const [kind, state] of [
    ['timeout_before', 'down'],
    ['throttle', 'throttled'],
    ['deny', 'down'],
    ['expired', 'down'],
  ] as const) {
    // A refusal by anybody else's account is an answer.
    const troubled = state === 'down' && kind !== 'timeout_before' ? ['store'] : ['store', 'sts', 's3'];
    for (const service of ['dynamodb', 'sts', 's3'] as const)
      await control.addFault({ service, operation: '*', kind });
    const s3 = clients.s3(await cloud.baseCredentials(), REGION);
    for (let i = 0; i < 2; i++) {
      await Promise.allSettled([
        users.get('anybody'),
        clients.sts.send(new GetCallerIdentityCommand()),
        s3.send(new ListBucketsCommand({})),
      ]);
    }
    cloud.clock.advance(11_000);
    const found = await ready();
    t.equal(found.checks.store, false, kind);
    for (const name of troubled)
      t.match(
        found.dependencies.find((each) => each.name === name),
        { state, since: Number },
        `${name} ${kind}`,
      );
    await control.clearFaults();
    await Promise.allSettled([users.get('anybody'), clients.sts.send(new GetCallerIdentityCommand())]);
    await s3.send(new ListBucketsCommand({})).catch(() => undefined);
    const after = toReadyAnswer(await ready());
    t.match(after, { status: 'ready', checks: { store: true } }, `${kind} is over`);
  }

  const gone = storesOn(
    createItemTable({
      documents: clients.documents,
      tableName: 'gone',
      cursors: createCursors('cursor secret'),
      log: cloud.log,
    }),
    cloud.clock,
  );
  cloud.clock.advance(MINUTE);
  const asked = createReadiness({
    users: gone.users,
    loop: { healthy: () => true },
    health: seen,
    clock: cloud.clock,
  });
  for (let i = 0; i < 2; i++) await asked();
  t.match(
    toReadyAnswer(await asked()),
    { status: 'not_ready', checks: { store: false } },
    'a table that is gone',
  );
  t.match(seen.list()[0], { name: 'store', state: 'down' });
});
