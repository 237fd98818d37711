/** What the broker promises when platforms, regions and clocks misbehave, by the numbers of the fault list. */
import t from 'tap';
import { classifyFailure } from '../../compute/classify.ts';
import { CURVES } from '../../services/clockwork/backoff.ts';
import { budgetedCloud } from '../../services/clockwork/budgeted-cloud.ts';
import { createBudgets } from '../../services/clockwork/budgets.ts';
import { jobToken } from '../../services/jobs/token.ts';
import type { UnitCloud } from '../../services/ports.ts';
import type { Job } from '../../src/schemas/job.ts';
import { QUOTAS } from '../../src/schemas/quotas.ts';
import { BEHAVIOUR, type Brain, brokerOn, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';
import { createHandTimers } from '../helpers/hand-timers.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];
const MINUTE = 60_000;

/** A machine that ends as the real one does when ECS says this: its Catch reports what classify.ts makes of it. */
function refused(error: string, cause: string): object {
  const failure = classifyFailure({ Error: error, Cause: cause });
  return {
    StartAt: 'Failed',
    States: { Failed: { Type: 'Fail', Error: failure.code, Cause: JSON.stringify(failure) } },
  };
}
const NO_ROOM = refused(
  'ECS.AmazonECSException',
  "You've reached the limit on the number of vCPUs you can run concurrently",
);
const KILLED = refused(
  'States.TaskFailed',
  JSON.stringify({ StopCode: 'TerminationNotice', StoppedReason: 'Task stopped by the platform' }),
);

async function attempts(brain: Brain, jobId: string, wanted: number, stepMs = 20_000): Promise<Job> {
  for (let round = 0; round < 100; round++) {
    await brain.ticker.tick();
    const job = await brain.jobs.get(jobId);
    if (job && job.attempt >= wanted) return job;
    cloud.clock.advance(stepMs);
  }
  throw new Error(`no attempt ${wanted}`);
}

t.test('F19: Fargate has no room: waited for with growing pauses, and run when there is room', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(NO_ROOM);
  const { jobId } = await brain.queue();
  const second = await attempts(brain, jobId, 2);
  t.match(second, { state: 'queued', forcedPlatform: 'fargate' });
  const pauses = second.history.filter(({ note }) => /by itself/.test(note ?? '')).map(({ at }) => at);
  const [first, next] = pauses;
  t.ok(next - first >= CURVES.capacity.baseMs / 2, 'not at once');
  t.ok((second.dueAt ?? 0) - next >= CURVES.capacity.baseMs, 'and later every time');
  await brain.behave(BEHAVIOUR.succeeds);
  await brain.writeResult(second);
  t.match(await brain.until(jobId, END, 200), { state: 'succeeded', attempt: 2 });
  t.equal(await brain.started(), 3, 'each attempt once');
});

t.test('F19: without room to the end it fails with the quota, and the link that raises it', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(NO_ROOM);
  const { jobId } = await brain.queue();
  const last = await attempts(brain, jobId, 6, 4 * MINUTE);
  t.equal(last.automaticRetries?.length, 6);
  cloud.clock.advance(20 * MINUTE);
  t.match(await brain.until(jobId, END, 60), {
    state: 'failed',
    attempt: 6,
    failure: {
      code: 'quota_fargate_vcpu',
      actor: 'unit_owner',
      remedy: /https:\/\/console\.aws\.amazon\.com\/servicequotas/,
    },
  });
});

t.test('F21: a task that the platform killed runs once more, then the job says preempted', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(KILLED);
  const once = await brain.queue();
  const again = await attempts(brain, once.jobId, 1);
  await brain.behave(BEHAVIOUR.succeeds);
  await brain.writeResult(again);
  t.match(await brain.until(once.jobId, END, 60), { state: 'succeeded', attempt: 1 });
  await brain.behave(KILLED);
  t.match(await brain.until((await brain.queue()).jobId, END, 60), {
    state: 'failed',
    attempt: 1,
    failure: { code: 'preempted' },
  });
  t.equal(await brain.started(), 4);
});

t.test(
  'F24: a worker that nothing stops is named with its job, and told to stop by every answer',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { jobId } = await brain.queue();
    await brain.until(jobId, ['running']);
    const token = jobToken(TOKEN_SECRET, jobId, 0);
    const alive = () =>
      brain.callbacks.progress(jobId, token, {
        attempt: 0,
        step: 'read',
        fraction: 0.2,
        message: 'still here',
      });
    await alive();
    await brain.users.cancel(brain.owner, jobId);
    const since = cloud.clock();
    let job = await alive();
    while (job.state === 'canceling' && cloud.clock() - since < 10 * MINUTE) {
      await brain.ticker.tick();
      cloud.clock.advance(20_000);
      const now = await brain.jobs.get(jobId);
      job = now?.state === 'canceling' ? await alive() : (now as Job);
    }
    t.ok(cloud.clock() - since > 5 * MINUTE, 'not declared canceled as long as that may still become true');
    t.match(job, { state: 'canceled', failure: { message: /still reports: stop the task in the account/ } });
  },
);

t.test('F28: after a day without a broker the oldest come first, no faster than the quota', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave({
    StartAt: 'Wait',
    States: { Wait: { Type: 'Wait', Seconds: 3, Next: 'Done' }, ...BEHAVIOUR.succeeds.States },
  });
  const jobs: Job[] = [];
  for (let i = 0; i < 8; i++) {
    jobs.push(await brain.queue());
    await brain.writeResult(jobs[i]);
  }
  await brain.ticker.tick();
  // While no broker looks.
  for (const { jobId } of jobs) await brain.executionEnds(jobId);
  cloud.clock.advance(24 * 60 * MINUTE);
  const mine = new Set(jobs.map(({ jobId }) => jobId));
  const due = (await brain.jobs.due(cloud.clock(), 100)).filter((jobId) => mine.has(jobId));
  const dueAt = await Promise.all(due.map(async (jobId) => (await brain.jobs.get(jobId))?.dueAt ?? 0));
  t.equal(due.length, 8);
  t.same(
    dueAt,
    [...dueAt].sort((a, b) => a - b),
    'the oldest first',
  );
  // Each is asked for by itself.
  await cloud.control(RESEARCHER).addFault({ service: 'states', operation: 'ListExecutions', kind: 'deny' });
  const asked: string[] = [];
  const watched: UnitCloud = {
    ...cloud.unitCloud,
    describeExecution(unit, arn) {
      asked.push(arn.slice(arn.lastIndexOf(':') + 1));
      return cloud.unitCloud.describeExecution(unit, arn);
    },
  };
  const budgets = createBudgets({
    quotas: { ...QUOTAS, DescribeExecution: { bucket: 3, perSecond: 0.1 } },
    live: () => 1,
    clock: cloud.clock,
    timers: createHandTimers(),
  });
  const back = brokerOn({ ...cloud, unitCloud: budgetedCloud(watched, budgets) });
  await back.ticker.tick();
  const stateOf = async ({ jobId }: Job) => (await brain.jobs.get(jobId))?.state;
  const ended = async () =>
    (await Promise.all(jobs.map(stateOf))).filter((state) => state === 'succeeded').length;
  t.equal(asked.length, 3, 'no more than the quota');
  t.equal(budgets.refused(), 5);
  t.equal(await ended(), 3);
  for (let round = 0; round < 40 && (await ended()) < 8; round++) {
    for (const job of jobs)
      t.match(await stateOf(job), /starting|running|succeeded/, 'whoever waits is late, not lost');
    cloud.clock.advance(30_000);
    await back.ticker.tick();
  }
  t.equal(await ended(), 8, 'all as they ended, although their deadline is long past');
});
