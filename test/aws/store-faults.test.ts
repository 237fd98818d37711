/** Ordered faults of DynamoDB: nothing is half written, and what is unknown is found out or said. */
import t from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import { createCursors } from '../../src/aws/table/cursor.ts';
import { createItemTable } from '../../src/aws/table/item-table.ts';
import type { Job } from '../../src/schemas/job.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';
import { sampleJob, sampleUnit, sampleUser } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { clock, log } = cloud;
const control = cloud.control(HUB);
const { documents } = cloud.newClients({ timeouts: { connectMs: 500, answerMs: 150 } });
const { jobs, units, users, tokens } = createStores({
  documents,
  tableName: 'cloudmr',
  cursorSecret: 's',
  clock,
  log,
});

let serial = 0;
function newJob(over: Partial<Job> = {}): Job {
  return sampleJob({ jobId: `01JGK${String(++serial).padStart(21, '0')}`, ...over });
}

async function under<T>(fault: Omit<FaultInput, 'service'>, work: () => Promise<T>): Promise<T> {
  await control.addFault({ service: 'dynamodb', ...fault });
  try {
    return await work();
  } finally {
    await control.clearFaults();
  }
}

t.test('throttling that passes is not seen; throttling that lasts is `unavailable`', async (t) => {
  const job = newJob();
  const create = () => jobs.create(job, { key: 'a', requestHash: 'h' });
  t.same(await under({ operation: 'TransactWriteItems', kind: 'throttle', times: 1 }, create), job);
  await t.rejects(
    under({ operation: '*', kind: 'throttle' }, () => jobs.get(job.jobId)),
    { code: 'unavailable', status: 503, message: /ProvisionedThroughputExceededException/ },
  );
});

t.test('a store that does not answer is `unavailable`, whatever was asked', async (t) => {
  const job = newJob();
  await jobs.create(job);
  const works: Record<string, () => Promise<unknown>> = {
    read: () => jobs.get(job.jobId),
    create: () => jobs.create(newJob()),
    'create under a key': () => jobs.create(newJob(), { key: 'b', requestHash: 'h' }),
    move: () => jobs.replace({ ...job, version: 2 }),
    list: () => jobs.listByOwner(job.ownerId, { limit: 1 }),
    due: () => jobs.due(clock(), 10),
    'put a unit': () => units.put(sampleUnit()),
    'create a user': () => users.create(sampleUser()),
    'remove a token': () => tokens.remove('x'),
  };
  for (const [name, work] of Object.entries(works)) {
    const silent = under({ operation: '*', kind: 'timeout_before' }, work);
    await t.rejects(silent, { code: 'unavailable', status: 503 }, name);
  }
  t.equal((await jobs.get(job.jobId))?.version, 1, 'nothing was written');
  t.equal(await users.findByEmail(sampleUser().email), undefined);
});

t.test('a submit whose answer is lost is stored once', async (t) => {
  for (const idempotency of [undefined, { key: 'lost', requestHash: 'h' }]) {
    const job = newJob();
    const operation = idempotency ? 'TransactWriteItems' : 'PutItem';
    const stored = await under({ operation, kind: 'timeout_after' }, () => jobs.create(job, idempotency));
    t.same(stored, job, `${operation}: every answer lost, found by looking`);
    const again = newJob();
    t.same(await under({ operation, kind: 'timeout_after', times: 1 }, () => jobs.create(again)), again);
  }
  t.equal(((await jobs.create(newJob(), { key: 'lost', requestHash: 'h' })) as Job).jobId.length, 26);
});

t.test('a submit that never arrived is `unavailable`, and the key is free', async (t) => {
  const job = newJob();
  const key = { key: 'never', requestHash: 'h' };
  await t.rejects(
    under({ operation: 'TransactWriteItems', kind: 'timeout_before' }, () => jobs.create(job, key)),
    { code: 'unavailable' },
  );
  t.equal(await jobs.get(job.jobId), undefined);
  const later = newJob();
  t.same(await jobs.create(later, key), later);
});

t.test('a move whose answer is lost is known to be this writer’s', async (t) => {
  const job = newJob();
  await jobs.create(job);
  t.equal(
    await under({ operation: 'PutItem', kind: 'timeout_after', times: 1 }, () =>
      jobs.replace({ ...job, version: 2 }),
    ),
    true,
  );
  t.equal(
    await under({ operation: 'PutItem', kind: 'timeout_after' }, () => jobs.replace({ ...job, version: 3 })),
    true,
  );
  t.equal((await jobs.get(job.jobId))?.version, 3);
  t.equal(await jobs.replace({ ...job, version: 3 }), false);
});

t.test('a registration whose answer is lost is stored once, with its claims', async (t) => {
  const unit = sampleUnit({ unitId: 'lost' });
  t.equal(
    await under({ operation: 'TransactWriteItems', kind: 'timeout_after' }, () => units.put(unit)),
    'stored',
  );
  t.same(await units.findSame(unit), unit);
  t.equal(await units.put({ ...unit, unitId: 'x', ownerId: 'thief' }), 'role_taken');
});

t.test('a table that is gone or refused is `unavailable`: that is not the caller’s doing', async (t) => {
  const { jobs: nowhere } = createStores({ documents, tableName: 'gone', cursorSecret: 's', clock, log });
  await t.rejects(nowhere.get('x'), { code: 'unavailable', message: /ResourceNotFound|AccessDenied/ });
  await t.rejects(nowhere.create(newJob(), { key: 'k', requestHash: 'h' }), { code: 'unavailable' });
  const refused = { deny: /AccessDeniedException/, expired: /ExpiredTokenException/ };
  for (const kind of ['deny', 'expired'] as const) {
    const [job, later] = [newJob(), newJob()];
    await jobs.create(job);
    await under({ operation: '*', kind }, async () => {
      const what = { code: 'unavailable', status: 503, message: refused[kind] };
      await t.rejects(jobs.get(job.jobId), what, `${kind}: read`);
      await t.rejects(jobs.create(later), what, `${kind}: create`);
      await t.rejects(jobs.replace({ ...job, version: 2 }), what, `${kind}: move`);
      await t.rejects(jobs.listByOwner(job.ownerId, { limit: 1 }), what, `${kind}: list`);
    });
    t.equal(await jobs.get(later.jobId), undefined);
    t.ok(await jobs.replace({ ...job, version: 2 }), 'nothing was half written');
  }
});

t.test('errors that will not pass are not called `unavailable`', async (t) => {
  const table = createItemTable({ documents, tableName: 'cloudmr', cursors: createCursors('s'), log });
  const twice = { remove: { pk: 'a', sk: 'a' } };
  await t.rejects(table.transact([twice, twice]), { name: 'ValidationException' }, 'the broker is wrong');
});
