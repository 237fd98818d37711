/** Many reads and submits at once share calls to DynamoDB; each still has its own answer, its own conditions. */
import t from 'tap';
import { createStores } from '../../src/aws/stores/stores.ts';
import type { Job } from '../../src/schemas/job.ts';
import { HUB, startTestCloud } from '../helpers/cloud.ts';
import { sampleJob } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const { clock, log } = cloud;
const control = cloud.control(HUB);
const { documents } = cloud.newClients({ timeouts: { connectMs: 500, answerMs: 1_000 } });
const { jobs } = createStores({ documents, tableName: 'cloudmr', cursorSecret: 's', clock, log });

let serial = 0;
const newJob = (over: Partial<Job> = {}): Job =>
  sampleJob({ jobId: `01JGK${String(++serial).padStart(21, '0')}`, ...over });
const newJobs = (count: number): Job[] => Array.from({ length: count }, () => newJob());
const keyOf = ({ jobId }: Job) => ({ key: `key of ${jobId}`, requestHash: jobId });

/** Calls of the table that `work` makes, by operation. */
async function calls(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await control.clearCalls();
  await work();
  const rows = (await control.calls()).filter(({ service }) => service === 'dynamodb');
  return Object.fromEntries(rows.map(({ operation, count }) => [operation, count]));
}

t.test('a hundred submits at once are a few transactions; every job is there, under its key', async (t) => {
  const wanted = newJobs(100);
  const made = await calls(async () => {
    const stored = await Promise.all(wanted.map((job) => jobs.create(job, keyOf(job))));
    t.same(stored, wanted);
  });
  t.ok(made['TransactWriteItems'] <= 6, `${made['TransactWriteItems']} transactions`);
  for (const job of wanted) t.same(await jobs.ofKey(job.ownerId, keyOf(job), job.createdAt), job);
});

t.test('reads at once are few calls, and each gets what it asked for', async (t) => {
  const [one, two, three] = newJobs(3);
  await Promise.all([jobs.create(one), jobs.create(two)]);
  const wanted = Array.from({ length: 30 }, () => [one, two, three]).flat();
  const made = await calls(async () => {
    const found = await Promise.all(wanted.map(({ jobId }) => jobs.get(jobId)));
    t.same(
      found,
      wanted.map((job) => (job === three ? undefined : job)),
    );
  });
  t.same(made, { GetItem: 1, BatchGetItem: 1 });
});

t.test('a read begins after it was asked for: it sees what was written before', async (t) => {
  const job = newJob();
  await jobs.create(job);
  const before = Array.from({ length: 5 }, () => jobs.get(job.jobId));
  await jobs.replace({ ...job, version: 2, state: 'running' });
  const after = await Promise.all(Array.from({ length: 5 }, () => jobs.get(job.jobId)));
  t.same(
    after.map((found) => found?.version),
    [2, 2, 2, 2, 2],
  );
  t.equal((await Promise.all(before)).length, 5);
});

t.test('a condition that fails is told to its own submit only; the others are stored', async (t) => {
  const [taken, ...others] = newJobs(20);
  await jobs.create(taken, keyOf(taken));
  const repeated = { ...newJob(), alias: 'again' };
  const reused = newJob();
  const [again, other, first, ...rest] = await Promise.all([
    jobs.create(repeated, keyOf(taken)),
    jobs.create(reused, { ...keyOf(taken), requestHash: 'another request' }),
    ...others.map((job) => jobs.create(job, keyOf(job))),
  ]);
  t.same(again, taken, 'the same key is the same job');
  t.equal(other, 'key_reused');
  t.same([first, ...rest], others);
  t.equal(await jobs.get(repeated.jobId), undefined);
  t.equal(await jobs.get(reused.jobId), undefined);
});

t.test('submits under one key at once are one job, though they share calls', async (t) => {
  const rivals = newJobs(12);
  const stored = await Promise.all(
    rivals.map((job) => jobs.create(job, { key: 'one key', requestHash: 'h' })),
  );
  t.equal(new Set(stored.map((job) => (job as Job).jobId)).size, 1);
  const there = await Promise.all(rivals.map(({ jobId }) => jobs.get(jobId)));
  t.equal(there.filter((job) => job !== undefined).length, 1);
});

t.test('a store that throttles or does not answer leaves each whole, or not there', async (t) => {
  for (const kind of ['throttle', 'timeout_before', 'timeout_after'] as const) {
    const wanted = newJobs(10);
    await control.addFault({ service: 'dynamodb', operation: 'TransactWriteItems', kind });
    const told = await Promise.allSettled(wanted.map((job) => jobs.create(job, keyOf(job))));
    await control.clearFaults();
    const found = await Promise.all(wanted.map(({ jobId }) => jobs.get(jobId)));
    if (kind === 'timeout_after') {
      t.same(found, wanted);
      t.ok(told.every(({ status }) => status === 'fulfilled'));
      continue;
    }
    t.ok(
      found.every((job) => job === undefined),
      kind,
    );
    for (const each of told) t.match(each, { status: 'rejected', reason: { code: 'unavailable' } });
  }
});

t.test('a call that is slow holds up nobody: what comes meanwhile goes without it', async (t) => {
  const [slow, ...quick] = newJobs(12);
  const order: string[] = [];
  const late = { service: 'dynamodb', kind: 'late', delayMs: 800, times: 1 } as const;
  await control.addFault({ ...late, operation: 'TransactWriteItems' });
  const submits = [slow, ...quick].map((job) =>
    jobs.create(job, keyOf(job)).then(() => order.push(job.jobId)),
  );
  await Promise.all(submits);
  t.equal(order.at(-1), slow.jobId, 'submits');

  await control.addFault({ ...late, operation: 'GetItem' });
  const reads = [slow, ...quick].map((job) =>
    jobs.get(job.jobId).then((found) => order.push(`${found?.jobId}`)),
  );
  await Promise.all(reads);
  t.same([order.length, order.at(-1)], [24, slow.jobId], 'reads');
  await control.clearFaults();
});

t.test('reads that are refused together are `unavailable` together, and the next ones work', async (t) => {
  const job = newJob();
  await jobs.create(job);
  const look = () =>
    Promise.allSettled(Array.from({ length: 5 }, (_, i) => jobs.get(i ? newJob().jobId : job.jobId)));
  await control.addFault({ service: 'dynamodb', operation: 'BatchGetItem', kind: 'throttle' });
  const told = await look();
  await control.clearFaults();
  t.match(told[0], { status: 'fulfilled', value: job });
  for (const each of told.slice(1)) t.match(each, { status: 'rejected', reason: { code: 'unavailable' } });
  t.ok((await look()).every(({ status }) => status === 'fulfilled'));
});

t.test('a stack of before, whose broker may not gather reads, is read one by one', async (t) => {
  const wanted = newJobs(5);
  for (const job of wanted) await jobs.create(job);
  await control.addFault({ service: 'dynamodb', operation: 'BatchGetItem', kind: 'deny' });
  for (let round = 0; round < 2; round++) {
    t.same(await Promise.all(wanted.map(({ jobId }) => jobs.get(jobId))), wanted);
  }
  t.equal((await control.faults())[0].struck, 1, 'it is asked for once');
  await control.clearFaults();
});
