/** What the store of jobs promises: idempotent submits, conditional moves, lists, due jobs; races included. */
import type { Test } from 'tap';
import type { Stores } from '../../src/aws/stores/stores.ts';
import { MAX_PAGE } from '../../src/aws/table/item-table.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { MemoryLog } from '../helpers/memory-log.ts';
import { SAMPLE_TIME, sampleJob } from '../helpers/samples.ts';

const RACERS = 50;
const DAY = 24 * 3_600_000;

let serial = 0;
/** A job of its own id. */
function newJob(over: Partial<Job> = {}): Job {
  return sampleJob({ jobId: `01JGK${String(++serial).padStart(21, '0')}`, ...over });
}

export interface StorePlace {
  readonly stores: Pick<Stores, 'jobs' | 'data'>;
  readonly log: MemoryLog;
  /** Overwrites some attributes of an item. */
  damage(pk: string, sk: string, over: Record<string, unknown>): unknown;
}

/** Runs the contract on one implementation; `log` has no entries before. */
export async function jobStoreSuite(
  t: Test,
  { stores: { jobs, data }, log, damage }: StorePlace,
): Promise<void> {
  await t.test('a job comes back exactly as it was stored', async (t) => {
    const job = newJob({
      alias: '  spaces, "quotes", 脳 and \u0000',
      task: {
        huge: 1e300,
        beyondSafe: 2 ** 60,
        negativeZero: 0,
        tiny: 5e-324,
        empty: '',
        nothing: null,
        nested: { '': [[], {}, [{ 'a.b#c': '\ud800' }]] },
        ['__proto__x']: { constructor: 'x' },
      },
    });
    t.same(await jobs.create(job), job);
    t.same(await jobs.get(job.jobId), job);
    t.equal(await jobs.get('01JGK99999999999999999NONE'), undefined);
  });

  await t.test('ids that no key can hold are simply not found', async (t) => {
    for (const id of ['', '#', 'JOB', 'a'.repeat(5_000), '\u0000', '脳'])
      t.equal(await jobs.get(id), undefined);
  });

  await t.test('a job too large for DynamoDB is refused before it is sent', async (t) => {
    await t.rejects(jobs.create(newJob({ task: { text: 'x'.repeat(400_000) } })), {
      code: 'payload_too_large',
    });
  });

  await t.test('creating the same job again gives the stored one', async (t) => {
    const job = newJob();
    await jobs.create(job);
    await jobs.replace({ ...job, version: 2, state: 'starting' });
    t.equal(((await jobs.create(job)) as Job).version, 2);
  });

  await t.test('the same key and request is the same job; another request is key_reused', async (t) => {
    const first = newJob();
    const again = newJob();
    const idempotency = { key: 'k1', requestHash: 'h1' };
    t.same(await jobs.create(first, idempotency), first);
    t.same(await jobs.create(again, idempotency), first, 'the job that exists');
    t.same(await jobs.create(first, idempotency), first, 'the very same call again');
    t.equal(await jobs.get(again.jobId), undefined, 'the second was not stored');
    t.equal(await jobs.create(newJob(), { key: 'k1', requestHash: 'h2' }), 'key_reused');
    const other = newJob({ ownerId: 'owner-2' });
    t.same(await jobs.create(other, { key: 'k1', requestHash: 'h2' }), other, 'keys of others are others');
  });

  await t.test('the same id is the same job for the same request only, whatever the key', async (t) => {
    const first = newJob({ requestHash: 'h1' });
    t.same(await jobs.create(first, { key: 'd1', requestHash: 'h1' }), first);
    t.same(await jobs.create(first, { key: 'd2', requestHash: 'h1' }), first, 'under another key');
    const other = { ...first, requestHash: 'h2', alias: 'other' };
    t.equal(await jobs.create(other, { key: 'd3', requestHash: 'h2' }), 'key_reused');
    t.equal(await jobs.create(other), 'key_reused', 'without a key');
    const tomorrow = { ...other, createdAt: SAMPLE_TIME + DAY + 1_000 };
    t.equal(await jobs.create(tomorrow, { key: 'd1', requestHash: 'h2' }), 'key_reused', 'the next day');
    t.same(await jobs.get(first.jobId), first, 'the first one stands');
    t.equal(await jobs.create({ ...first, ownerId: 'owner-2' }), 'key_reused', 'jobs of others are others');
  });

  await t.test('a job of before has no hash: the same request is told by what it shows', async (t) => {
    const first = newJob();
    await jobs.create(first);
    t.same(await jobs.create({ ...first, requestHash: 'h1' }, { key: 'e1', requestHash: 'h1' }), first);
    for (const [i, over] of [
      { alias: 'other' },
      { unitId: 'other' },
      { task: { other: 1 } },
      { output: { ...first.output, matlab: !first.output.matlab } },
    ].entries()) {
      const other = { ...first, requestHash: 'h1', ...over };
      t.equal(
        await jobs.create(other, { key: `e2 ${i}`, requestHash: 'h1' }),
        'key_reused',
        JSON.stringify(over),
      );
    }
  });

  await t.test('an idempotency key ends after a day, even if DynamoDB has not deleted it yet', async (t) => {
    const key = { key: 'k2', requestHash: 'h1' };
    const first = newJob();
    await jobs.create(first, key);
    const almost = newJob({ createdAt: SAMPLE_TIME + DAY - 1_000 });
    t.same(await jobs.create(almost, key), first);
    const after = newJob({ createdAt: SAMPLE_TIME + DAY + 1_000 });
    t.same(await jobs.create(after, { key: 'k2', requestHash: 'h2' }), after);
  });

  await t.test(`${RACERS} submits at once under one key make one job`, async (t) => {
    const ownerId = 'racer';
    const wishes = Array.from({ length: RACERS }, () => newJob({ ownerId }));
    const answers = await Promise.all(
      wishes.map((job) => jobs.create(job, { key: 'race', requestHash: 'same' })),
    );
    const ids = new Set(answers.map((answer) => (answer as Job).jobId));
    t.equal(ids.size, 1, [...ids].join(' '));
    const { items } = await jobs.listByOwner(ownerId, { limit: 100 });
    t.same(
      items.map((job) => job.jobId),
      [...ids],
    );
  });

  await t.test(`${RACERS} moves at once from one version: one is written`, async (t) => {
    const job = newJob();
    await jobs.create(job);
    const moves = Array.from({ length: RACERS }, (_, i) =>
      // All alike but for one field; two of them are alike in every byte.
      jobs.replace({ ...job, version: 2, state: 'starting', alias: `alias ${i >> 1}` }),
    );
    const written = (await Promise.all(moves)).map((won, i) => ({ won, i })).filter(({ won }) => won);
    t.equal(written.length, 1);
    t.equal((await jobs.get(job.jobId))?.alias, `alias ${written[0].i >> 1}`);
  });

  await t.test('a move is written only on the version before it', async (t) => {
    const job = newJob();
    t.equal(await jobs.replace({ ...job, version: 2 }), false, 'a job that does not exist');
    await jobs.create(job);
    t.equal(await jobs.replace({ ...job, version: 3 }), false);
    t.equal(await jobs.replace({ ...job, version: 1 }), false);
    t.equal(await jobs.replace({ ...job, version: 2, alias: 'moved' }), true);
    t.equal(await jobs.replace({ ...job, version: 2, alias: 'late' }), false);
    t.equal((await jobs.get(job.jobId))?.alias, 'moved');
  });

  await t.test('lists are per owner, newest first, in pages that meet without gap or overlap', async (t) => {
    const ownerId = 'lister';
    const made: Job[] = [];
    for (let i = 0; i < 25; i++) made.push(newJob({ ownerId, createdAt: SAMPLE_TIME + Math.floor(i / 2) }));
    await Promise.all(made.map((job) => jobs.create(job)));
    const wanted = made.reverse().map((job) => job.jobId);

    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await jobs.listByOwner(ownerId, { limit: 5, cursor });
      t.equal(page.items.length, 5);
      seen.push(...page.items.map((job) => job.jobId));
      cursor = page.cursor;
      pages++;
    } while (cursor !== undefined);
    t.equal(pages, 5, 'the last page says that it is the last');
    t.same(seen, wanted);
    t.same((await jobs.listByOwner('nobody', { limit: 5 })).items, []);
    for (const limit of [0, -1, 0.5]) t.equal((await jobs.listByOwner(ownerId, { limit })).items.length, 1);
    t.equal((await jobs.listByOwner(ownerId, { limit: 1e9 })).items.length, 25, `at most ${MAX_PAGE}`);
  });

  await t.test('a cursor of one owner is refused for another, and changed ones for all', async (t) => {
    await Promise.all([1, 2, 3].map(() => jobs.create(newJob({ ownerId: 'victim' }))));
    const { cursor } = await jobs.listByOwner('victim', { limit: 1 });
    t.ok(cursor);
    await t.rejects(jobs.listByOwner('thief', { limit: 1, cursor }), { code: 'invalid_request' });
    await t.rejects(jobs.listByOwner('victim', { limit: 1, cursor: `${cursor}AAAA` }), {
      code: 'invalid_request',
    });
    const record = await data.listByOwner('victim', { limit: 1 });
    t.equal(record.cursor, undefined);
    await t.rejects(data.listByOwner('victim', { limit: 1, cursor }), { code: 'invalid_request' });
  });

  await t.test('due jobs come oldest first, from all shards, and only while they are open', async (t) => {
    const early = SAMPLE_TIME - 1_000_000;
    const made = Array.from({ length: 40 }, (_, i) => newJob({ dueAt: early + i, ownerId: 'due' }));
    await Promise.all(made.map((job) => jobs.create(job)));
    const ids = made.map((job) => job.jobId);

    t.same(await jobs.due(early - 1, 50), [], 'nothing before its time');
    t.same(await jobs.due(early, 50), [ids[0]], 'due now is due');
    t.same(await jobs.due(early + 39, 50), ids);
    t.same(await jobs.due(early + 39, 3), ids.slice(0, 3));
    t.same(await jobs.due(early + 39, 1), ids.slice(0, 1));

    await jobs.replace({ ...made[0], version: 2, dueAt: early + 100 });
    await jobs.replace({ ...made[1], version: 2, state: 'failed', dueAt: undefined });
    await jobs.replace({ ...made[2], version: 2, state: 'succeeded' });
    t.same(await jobs.due(early + 99, 50), ids.slice(3), 'moved, ended, and ended with a forgotten due time');
    t.same(await jobs.due(early + 100, 50), [...ids.slice(3), ids[0]]);
  });

  await t.test('an unreadable item is left out of lists and named when it is asked for', async (t) => {
    const ownerId = 'unlucky';
    const [good, bad, future] = [newJob({ ownerId }), newJob({ ownerId }), newJob({ ownerId })];
    for (const job of [good, bad, future]) await jobs.create(job);
    await damage(`JOB#${bad.jobId}`, 'JOB', { body: JSON.stringify({ ...bad, state: 'dreaming' }) });
    await damage(`JOB#${future.jobId}`, 'JOB', { schema: 2 });

    const { items } = await jobs.listByOwner(ownerId, { limit: 10 });
    t.same(
      items.map((job) => job.jobId),
      [good.jobId],
    );
    t.same(
      log.entries.map(({ level, fields }) => [level, fields['pk']]),
      [
        ['error', `JOB#${future.jobId}`],
        ['error', `JOB#${bad.jobId}`],
      ],
    );
    await t.rejects(jobs.get(bad.jobId), { code: 'internal', message: /a stored job cannot be read.*state/ });
    await t.rejects(jobs.get(future.jobId), { code: 'unavailable', message: /written by a newer broker/ });
  });

  await t.test('fields that a newer broker has added survive a move by this one', async (t) => {
    const job = newJob();
    await jobs.create(job);
    await damage(`JOB#${job.jobId}`, 'JOB', { body: JSON.stringify({ ...job, costCents: 12 }) });
    const read = (await jobs.get(job.jobId)) as Job;
    t.ok(await jobs.replace({ ...read, version: 2 }));
    t.equal(((await jobs.get(job.jobId)) as Job & { costCents: number }).costCents, 12);
  });
}
