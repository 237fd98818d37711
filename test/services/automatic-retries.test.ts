/** Attempts that the broker begins by itself: for which failures, how often, where, and how they are told. */
import t from 'tap';
import { AUTOMATIC, automaticRetry } from '../../services/jobs/automatic-retries.ts';
import type { FailureCode } from '../../src/schemas/failures.ts';
import { type Brain, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { sampleJob } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** A state machine that fails with a code of the worker. */
const failing = (code: string) => ({
  StartAt: 'Failed',
  States: {
    Failed: {
      Type: 'Fail',
      Error: code,
      Cause: JSON.stringify({ code, message: 'said by the test', remedy: 'none' }),
    },
  },
});

/** How a job ends whose every execution fails with `code`. */
async function endOf(brain: Brain, code: string) {
  await brain.behave(failing(code));
  return brain.until((await brain.queue()).jobId, END, 600);
}

t.test('F21: a platform kill gets one free attempt, then the job fails', async (t) => {
  const brain = await startBrain(t, cloud);
  const ended = await endOf(brain, 'preempted');
  t.match(ended, { state: 'failed', attempt: 1, failure: { code: 'preempted' } });
  t.equal(await brain.started(), 2, 'each attempt was started once');
  t.match(ended.automaticRetries, [{ attempt: 1, code: 'preempted' }]);
  t.match(ended.earlier, [{ attempt: 0, state: 'failed', failure: { code: 'preempted' } }]);
  t.ok(
    ended.history.some(({ note }) => /^attempt 1 by itself, preempted: one free attempt/.test(note ?? '')),
  );
  t.equal(ended.history.filter(({ state }) => END.includes(state)).length, 1, 'one terminal state');
});

t.test('F21: the attempt after a platform kill may succeed, under its own names', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(failing('preempted'));
  const { jobId } = await brain.queue();
  await brain.ticker.tick();
  for (let round = 0; round < 40 && (await brain.jobs.get(jobId))?.attempt === 0; round++) {
    brain.cloud.clock.advance(5_000);
    await brain.ticker.tick();
  }
  const waiting = await brain.jobs.get(jobId);
  t.match(waiting, { state: 'queued', attempt: 1, executionName: `job-${jobId}-1`, executionArn: undefined });
  t.equal((await brain.jobs.listByOwner(brain.owner.userId, { limit: 1 })).items[0].state, 'queued');
});

t.test(
  'F19: no room is waited for with longer and longer pauses, then it fails with the quota',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const ended = await endOf(brain, 'quota_fargate_vcpu');
    t.equal(ended.attempt, 6);
    t.match(ended.failure, { code: 'quota_fargate_vcpu', actor: 'unit_owner' });
    t.match((await brain.jobs.get(ended.jobId))?.forcedPlatform, 'fargate');
    const [first, , third, , , sixth] = [1, 2, 3, 4, 5, 6].map(
      (attempt) =>
        automaticRetry(
          sampleJob({
            automaticRetries: Array.from({ length: attempt - 1 }, () => ({
              attempt: 1,
              code: 'no_capacity',
              at: 0,
            })),
          }),
          'no_capacity',
          0,
        )?.waitMs,
    );
    t.same([first, third, sixth], [30_000, 120_000, 450_000]);
  },
);

t.test('what is the fault of the run, of the person or of the unit is not tried again', async (t) => {
  const tried = Object.keys(AUTOMATIC).sort();
  t.same(tried, [
    'image_pull',
    'no_capacity',
    'no_network',
    'preempted',
    'quota_fargate_vcpu',
    'worker_oom',
    'worker_timeout',
  ]);
  for (const code of ['worker_error', 'bad_options', 'result_missing', 'unit_trust_broken'] as FailureCode[])
    t.equal(automaticRetry(sampleJob({ platform: 'lambda' }), code, 0), undefined, code);
  t.equal(automaticRetry(sampleJob({ ownerId: 'preflight' }), 'preempted', 0), undefined, 'a test job');
  t.equal(automaticRetry(sampleJob({ state: 'canceling' }), 'preempted', 0), undefined, 'nobody wants it');
});

t.test('a person who tries again begins to count anew', async (t) => {
  const brain = await startBrain(t, cloud);
  const ended = await endOf(brain, 'preempted');
  const again = await brain.retry(brain.owner, ended.jobId);
  t.match(again, { attempt: 2, automaticRetries: undefined, forcedPlatform: undefined });
  const last = await brain.until(ended.jobId, END, 600);
  t.equal(last.attempt, 3, 'and gets one free attempt again');
});
