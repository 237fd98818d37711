/** F36: a job whose steps throw what nobody expected: tried a few times, set aside, let go by an operator. */
import t from 'tap';
import { auditedRelease } from '../../services/audit/audited.ts';
import { createPoison, MAX_FAILURES } from '../../services/clockwork/poison.ts';
import { CloudError } from '../../services/ports.ts';
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, type Brain, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';

const cloud = await startTestCloud(t);

/** A job that no broker can read. */
async function poisoned(brain: Brain): Promise<Job> {
  const job = await brain.queue();
  await cloud.damage(`JOB#${job.jobId}`, 'JOB', { body: '{"not": "a job"}' });
  return job;
}
async function rounds(brain: Brain, count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    await brain.ticker.tick();
    cloud.clock.advance(31_000);
  }
}

t.test('F36: a job that crashes its steps is set aside, and the others proceed', async (t) => {
  const brain = await startBrain(t, cloud);
  const bad = await poisoned(brain);
  const good = [await brain.queue(), await brain.queue()];
  await rounds(brain, MAX_FAILURES);
  for (const { jobId } of good) t.equal((await brain.jobs.get(jobId))?.state, 'running');
  t.match(await brain.poison.list(10), [{ jobId: bad.jobId, failures: MAX_FAILURES, error: String }]);
  t.equal(brain.poison.count(), 1);
  const { failedSteps } = brain.ticker.stats();
  await rounds(brain, 3);
  t.equal(brain.ticker.stats().failedSteps, failedSteps, 'it costs nothing any more');
  t.notOk((await brain.jobs.due(cloud.clock() + 1e9, 100)).includes(bad.jobId));
});

t.test('its owner reads that it was set aside, and that it was let go; then it runs', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  for (let i = 0; i < MAX_FAILURES; i++) await brain.poison.failed(job.jobId, new TypeError('a defect'));
  const aside = await brain.jobs.get(job.jobId);
  t.match(aside?.history.at(-1)?.note, /set aside/);
  await rounds(brain, 20);
  t.equal((await brain.jobs.get(job.jobId))?.version, aside?.version, 'left alone');
  await brain.behave(BEHAVIOUR.succeeds);
  const audited: object[] = [];
  const release = auditedRelease(brain.poison, { record: async (entry) => void audited.push(entry) });
  const operator = { userId: 'operator', role: 'admin' } as const;
  t.match(await release(operator, job.jobId), { jobId: job.jobId, error: 'TypeError: a defect' });
  t.match(audited, [{ ownerId: 'operator', action: 'job.release', subject: job.jobId }]);
  await t.rejects(release(operator, job.jobId), { code: 'not_found' }, 'once is enough');
  t.same(await brain.poison.list(10).then((list) => list.filter(({ jobId }) => jobId === job.jobId)), []);
  t.match((await brain.jobs.get(job.jobId))?.history.at(-1)?.note, /operator/);
  await brain.ticker.tick();
  t.not((await brain.jobs.get(job.jobId))?.version, aside?.version, 'and looked at again');
  t.equal(brain.poison.releases(), 1);
});

t.test('a job that nobody can read is tried again after its release, and set aside again', async (t) => {
  const brain = await startBrain(t, cloud);
  const bad = await poisoned(brain);
  await rounds(brain, MAX_FAILURES);
  const other = brain.another();
  await other.poison.release(bad.jobId);
  t.ok((await brain.jobs.due(cloud.clock(), 100)).includes(bad.jobId), 'due at once, in another process too');
  await rounds(brain, MAX_FAILURES);
  t.equal(brain.poison.count(), 2);
  t.ok((await brain.poison.list(10)).some(({ jobId }) => jobId === bad.jobId));
});

t.test('a job that has ended meanwhile is only taken off the list', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  for (let i = 0; i < MAX_FAILURES; i++) await brain.poison.failed(job.jobId, new Error('a defect'));
  await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state: 'canceled' }));
  await brain.poison.release(job.jobId);
  t.match(await brain.jobs.get(job.jobId), { state: 'canceled' });
  t.notOk((await brain.jobs.due(cloud.clock() + 1e9, 100)).includes(job.jobId));
});

t.test(
  'a release while the store is away leaves the job on the list, and is done when it is back',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { jobId } = await brain.queue();
    for (let i = 0; i < MAX_FAILURES; i++) await brain.poison.failed(jobId, new Error('a defect'));
    let away = true;
    const poison = createPoison({
      ...{ aside: cloud.stores.aside, jobs: brain.jobs, clock: cloud.clock, log: createMemoryLog() },
      ids: { random: () => 0.5 },
      pardon: async () => 0,
      moves: {
        // For one call: what comes behind it would work.
        async move(...wish) {
          if (away) throw new AppError('unavailable', 'the store is away');
          return brain.moves.move(...wish);
        },
      },
    });
    await t.rejects(poison.release(jobId), { code: 'unavailable' });
    away = false;
    t.ok((await brain.poison.list(10)).some((entry) => entry.jobId === jobId));
    t.equal((await brain.jobs.get(jobId))?.dueAt, undefined);
    await brain.poison.release(jobId);
    t.type((await brain.jobs.get(jobId))?.dueAt, 'number');
  },
);

t.test('what is only away is no poison, however often', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  for (const problem of ['unavailable', 'throttled'] as const)
    for (let i = 0; i < 3 * MAX_FAILURES; i++)
      await brain.poison.failed(job.jobId, new CloudError(problem, 'StartExecution', 'x', 'x'));
  t.equal(brain.poison.count(), 0);
  t.ok(brain.poison.mayTry(job.jobId));
});

t.test('between its failures it waits ever longer, and one good step forgives', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  for (let i = 0; i < MAX_FAILURES - 1; i++) {
    await brain.poison.failed(job.jobId, new Error('a defect'));
    t.notOk(brain.poison.mayTry(job.jobId));
    cloud.clock.advance(30_000);
    t.ok(brain.poison.mayTry(job.jobId));
  }
  brain.poison.cleared(job.jobId);
  await brain.poison.failed(job.jobId, new Error('a defect'));
  t.equal(brain.poison.count(), 0, 'counted anew');
});
