/** Deleting a job on the embedded cloud: what goes, in which order, and what happens if it stops half-way. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import t from 'tap';
import { createEndedJobs } from '../../services/jobs/ended-jobs.ts';
import { WORKER_LIMIT_MS } from '../../services/jobs/left-runs.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { executionArn, jobLocations } from '../../services/jobs/naming.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, startBrain } from '../helpers/brain.ts';
import { REGION, RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { memoryCloud } from '../helpers/memory-cloud.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';
import { SAMPLE_TIME, sampleJob, sampleUnit } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** Keys below the prefix of a job in all buckets of the unit. */
async function keysOf(jobId: string): Promise<string[]> {
  const { clients, credentials } = cloud.rootClients(RESEARCHER);
  const s3 = clients.s3(await credentials(), REGION);
  const lists = ['researcher-data', 'researcher-results', 'researcher-failed'].map((Bucket) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: `mroptimum/owner-1/${jobId}/` })),
  );
  return (await Promise.all(lists)).flatMap(({ Contents = [] }) => Contents.map(({ Key }) => String(Key)));
}

t.test('document and result are gone from the buckets, then the job from the table', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, END);
  t.equal((await keysOf(job.jobId)).length, 2);
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), true);
  t.same(await keysOf(job.jobId), []);
  t.equal(await brain.jobs.get(job.jobId), undefined);
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), false);
});

t.test('a delete that stops half-way is finished by the next one', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.users.cancel(brain.owner, job.jobId);
  await brain.writeResult(job);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 's3', operation: 'DeleteObject', kind: 'deny', times: 1 });
  await t.rejects(brain.endedJobs.remove(brain.owner, job.jobId), { code: 'cloud_refused' });
  t.ok(await brain.jobs.get(job.jobId), 'the job is there as long as something of it may be');
  t.equal(await brain.endedJobs.remove(brain.owner, job.jobId), true);
  t.same(await keysOf(job.jobId), []);
});

t.test('deleted by two at once: both are told that it is gone', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.users.cancel(brain.owner, job.jobId);
  const both = [brain, brain.another()].map(({ endedJobs }) => endedJobs.remove(brain.owner, job.jobId));
  t.same(await Promise.all(both), [true, true]);
});

t.test('a job that begins anew while it is deleted stays', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  const canceled = await brain.users.cancel(brain.owner, job.jobId);
  await brain.retry(brain.owner, job.jobId);
  t.equal(await brain.jobs.remove(canceled), false);
  await t.rejects(brain.endedJobs.remove(brain.owner, job.jobId), { code: 'conflict', remedy: /Cancel/ });
  t.equal((await brain.jobs.get(job.jobId))?.attempt, 1);
});

t.test('a lost job whose execution runs: it is stopped, and the delete waits for its worker', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  await brain.until(jobId, ['running']);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 'states', operation: 'DescribeExecution', kind: 'deny' });
  await brain.moves.move(jobId, { by: 'test' }, () => ({ deadlineAt: brain.cloud.clock() - 1 }));
  const lost = await brain.until(jobId, ['lost']);
  await control.clearFaults();
  const remove = () => brain.endedJobs.remove(brain.owner, jobId);

  await control.addFault({ service: 'states', operation: 'StopExecution', kind: 'deny' });
  await t.rejects(remove(), { code: 'cloud_refused' }, 'never deleted while it runs on');
  await control.clearFaults();
  await t.rejects(remove(), { code: 'conflict', message: /its worker may write until/ });
  const execution = () => brain.cloud.unitCloud.describeExecution(brain.unit, String(lost.executionArn));
  t.match(await execution(), { status: 'ABORTED', cause: 'its job was deleted' });
  t.match(
    await brain.jobs.get(jobId),
    { state: 'lost' },
    'the job is there as long as something of it may be',
  );
  t.not((await keysOf(jobId)).length, 0);

  await brain.writeResult(lost);
  brain.cloud.clock.advance(WORKER_LIMIT_MS);
  t.equal(await remove(), true);
  t.same(await keysOf(jobId), [], 'also what its worker has written since');
});

t.test('a lost job whose worker has left its bundle goes at once', async (t) => {
  const { job, ended, cloud } = await endedJob({ state: 'lost' });
  const { bucket, key } = job.failureBundle;
  cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 1, etag: '', metadata: {} });
  t.equal(await ended.remove(OWNER, job.jobId), true);
  t.match([...cloud.executions.values()], [{ status: 'ABORTED' }]);
});

t.test('a lost job whose execution is unknown, or has ended by itself, goes at once', async (t) => {
  const unknown = await endedJob({ state: 'lost' });
  unknown.cloud.executions.clear();
  t.equal(await unknown.ended.remove(OWNER, unknown.job.jobId), true);
  const over = await endedJob({ state: 'lost' });
  for (const [arn, execution] of over.cloud.executions)
    over.cloud.executions.set(arn, { ...execution, status: 'FAILED', stoppedAt: SAMPLE_TIME });
  t.equal(await over.ended.remove(OWNER, over.job.jobId), true);
});

t.test(
  'an earlier attempt that was lost is stopped too: nobody knows whether its retry has done so',
  async (t) => {
    const { job, unit, ended, stores, cloud } = await endedJob({ state: 'lost' });
    const { attempt, version, state, executionArn, document, result, failureBundle } = job;
    const earlier = [{ attempt, version, state, executionArn, document, result, failureBundle }];
    const names = jobLocations(unit, job.ownerId, job.jobId, 1);
    await stores.jobs.replace({
      ...{ ...job, ...names, earlier, attempt: 1, executionArn: undefined },
      ...{ state: 'failed', version: version + 1 },
    });
    await t.rejects(ended.remove(OWNER, job.jobId), { code: 'conflict', message: /its worker may write/ });
    t.match([...cloud.executions.values()], [{ status: 'ABORTED' }]);
  },
);

t.test('a canceled job waits for a worker that has not been seen to end, and for no other', async (t) => {
  const at = SAMPLE_TIME + 300_000;
  const canceling = { state: 'canceling', at: SAMPLE_TIME + 100_000, by: 'user:owner-1' } as const;
  const history = [canceling, { state: 'canceled', at, by: 'step-functions' } as const];
  const signs = (ago: number) => ({ progress: { step: 's', fraction: 0.5, message: 'm', at: at - ago } });
  for (const [what, more, waits] of [
    ['it still reported', signs(10_000), true],
    ['it fell silent', signs(60_000), false],
    ['it ran for long, and nobody has heard of it', {}, true],
    ['it was canceled before workers report', { startedAt: SAMPLE_TIME + 90_000 }, false],
    ['it was canceled before it was started', { executionArn: undefined }, false],
  ] as const) {
    const found = await endedJob({ state: 'canceled', finishedAt: at, history: [...history], ...more });
    for (const [arn, execution] of found.cloud.executions)
      found.cloud.executions.set(arn, { ...execution, status: 'ABORTED', stoppedAt: canceling.at });
    const removed = found.ended.remove(OWNER, found.job.jobId);
    if (!waits) t.equal(await removed, true, what);
    else await t.rejects(removed, { code: 'conflict', remedy: /Delete the job after that time/ }, what);
    found.pass(WORKER_LIMIT_MS);
    if (waits) t.equal(await found.ended.remove(OWNER, found.job.jobId), true, `${what}: later`);
  }
});

const OWNER = { userId: 'owner-1', role: 'user' } as const;

/** A job that has ended, and its execution, which runs. */
async function endedJob(more: Partial<Job>) {
  let now = SAMPLE_TIME + 310_000;
  const clock = (): number => now;
  const log = createMemoryLog();
  const stores = storesOn(createMemoryTable(log), clock);
  const unit = sampleUnit();
  await stores.units.put(unit);
  const first = sampleJob({ ownerId: OWNER.userId, unitId: unit.unitId, startedAt: SAMPLE_TIME });
  const arn = executionArn(unit.stateMachineArn, first.executionName);
  const job = { ...first, executionArn: arn, ...more };
  await stores.jobs.create(job);
  const cloud = memoryCloud(clock);
  const nothing = { output: undefined, error: undefined, cause: undefined, stoppedAt: undefined };
  cloud.executions.set(arn, { arn, status: 'RUNNING', startedAt: SAMPLE_TIME, input: '{}', ...nothing });
  const moves = createMoves({ jobs: stores.jobs, clock });
  const ended = createEndedJobs({ ...stores, cloud, moves, clock, log });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { job, unit, ended, stores, cloud, pass };
}
