/** F18: what the broker promises when a Lambda was too small: Fargate by itself, and by a click where that has failed. */
import t from 'tap';
import { classifyFailure } from '../../compute/classify.ts';
import { automaticRetry } from '../../services/jobs/automatic-retries.ts';
import { jobToken } from '../../services/jobs/token.ts';
import type { PlatformName } from '../../src/schemas/execution.ts';
import { toJobView } from '../../src/schemas/http/jobs.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, type Brain, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { sampleJob } from '../helpers/samples.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** A machine that cannot fall over, and ends as the real one does when Lambda says this. */
function ends(error: string, cause: object) {
  const failure = classifyFailure({ Error: error, Cause: JSON.stringify(cause) });
  return {
    StartAt: 'Wait',
    States: {
      Wait: { Type: 'Wait', Seconds: 1, Next: 'Failed' },
      Failed: { Type: 'Fail', Error: failure.code, Cause: JSON.stringify(failure) },
    },
  };
}
const TIMED_OUT = ends('Sandbox.Timedout', { errorMessage: 'Task timed out after 900.00 seconds' });
const OUT_OF_MEMORY = ends('Runtime.OutOfMemory', { errorType: 'Runtime.OutOfMemory' });
/** As workers of earlier releases called it. */
const FORMERLY = {
  ...BEHAVIOUR.breaks,
  States: { Failed: { Type: 'Fail', Error: 'out_of_memory', Cause: '' } },
};

const report = (brain: Brain, { jobId, attempt }: Job, platform: PlatformName): Promise<Job> =>
  brain.callbacks.progress(jobId, jobToken(TOKEN_SECRET, jobId, attempt), {
    attempt,
    step: 'start',
    fraction: 0,
    message: 'Started',
    platform,
  });

/** The job when its attempt of that number waits to be started. */
async function waits(brain: Brain, jobId: string, attempt: number): Promise<Job> {
  for (let round = 0; round < 200; round++) {
    await brain.ticker.tick();
    const job = await brain.jobs.get(jobId);
    if (job?.attempt === attempt) return job;
    if (job?.executionArn) await brain.executionEnds(jobId);
    cloud.clock.advance(5_000);
  }
  throw new Error(`no attempt ${attempt}`);
}

for (const [code, machine] of [
  ['worker_timeout', TIMED_OUT],
  ['worker_oom', OUT_OF_MEMORY],
  ['worker_oom', FORMERLY],
] as const) {
  t.test(`F18: a Lambda that ends with ${code} before it reports is followed by Fargate`, async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(machine);
    const job = await brain.queue();
    t.equal(job.estimate?.platform, 'lambda', 'where it was sent');
    const again = await waits(brain, job.jobId, 1);
    t.match(again, {
      state: 'queued',
      platform: undefined,
      forcedPlatform: 'fargate',
      automaticRetries: [{ attempt: 1, code }],
      earlier: [{ attempt: 0, state: 'failed', failure: { code } }],
    });
    t.match(again.history.at(-1)?.note, /on Fargate, because Lambda was too small \(1 of 1\)/);
    await brain.behave(BEHAVIOUR.succeeds);
    await brain.writeResult(again);
    t.match(await brain.until(job.jobId, END, 60), { state: 'succeeded', attempt: 1 });
    t.match(
      await brain.document(again),
      { task: { options: { platform: 'fargate' } } },
      'the worker is told',
    );
  });
}

t.test(
  'F18: it fails with worker_oom where that runs on Lambda again, and Fargate is one click',
  async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(OUT_OF_MEMORY);
    const { jobId } = await brain.queue();
    await waits(brain, jobId, 1);
    cloud.clock.advance(60_000);
    // A stack of an earlier release, whose rule knows nothing of what the document asks for.
    await report(brain, await brain.until(jobId, ['running']), 'lambda');
    await brain.executionEnds(jobId);
    const ended = await brain.until(jobId, END, 60);
    t.match(ended, { state: 'failed', attempt: 1, failure: { code: 'worker_oom', actor: 'user' } });
    t.match(toJobView(ended).failure, { retryOn: 'fargate', remedy: /Retry the job on Fargate/ });
    await brain.behave(BEHAVIOUR.succeeds);
    const again = await brain.retry(brain.owner, jobId, ended.version, 'fargate');
    t.match(again, { attempt: 2, state: 'queued', forcedPlatform: 'fargate' });
    t.equal(again.history.at(-1)?.note, 'attempt 2 on fargate');
    t.equal(
      (await brain.retry(brain.owner, jobId, ended.version, 'fargate')).version,
      again.version,
      'one click',
    );
    await brain.writeResult(again);
    t.match(await brain.until(jobId, END, 60), { state: 'succeeded', attempt: 2 });
    t.match(await brain.document(again), { task: { options: { platform: 'fargate' } } });
  },
);

t.test('F18: an execution past its limit fails with worker_timeout, and Fargate is one click', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.late);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running', 'failed']);
  await brain.executionEnds(job.jobId);
  const ended = await brain.until(job.jobId, END);
  t.match(ended, { state: 'failed', attempt: 0, failure: { code: 'worker_timeout' } });
  t.match(toJobView(ended).failure, { retryOn: 'fargate' });
  const plain = await brain.retry(brain.owner, job.jobId);
  t.match(plain, { attempt: 1, forcedPlatform: undefined }, 'only if it is asked for');
});

t.test('F18: what was too small on Fargate is not tried there again, nor offered', async (t) => {
  for (const code of ['worker_timeout', 'worker_oom'] as const) {
    t.match(automaticRetry(sampleJob({ platform: 'lambda' }), code, 0), { platform: 'fargate' });
    t.equal(
      automaticRetry(sampleJob({ platform: 'fargate' }), code, 0),
      undefined,
      'that was the larger one',
    );
    t.equal(automaticRetry(sampleJob({ forcedPlatform: 'fargate' }), code, 0), undefined, 'sent there');
    t.equal(automaticRetry(sampleJob(), code, 0), undefined, 'nobody knows where it ran');
    const failure = { code, message: 'm', remedy: 'r', actor: 'user' as const };
    const failed = sampleJob({ state: 'failed', platform: 'fargate', failure });
    t.equal(toJobView(failed).failure?.retryOn, undefined);
  }
});
