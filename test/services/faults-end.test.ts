/** How jobs end when a part of AWS has failed, by the numbers of the fault list. */
import t from 'tap';
import { classifyFailure } from '../../compute/classify.ts';
import { jobToken } from '../../services/jobs/token.ts';
import type { Job } from '../../src/schemas/job.ts';
import { BEHAVIOUR, type Brain, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];
const DAY = 24 * 3_600_000;

/** A machine that ends as the real one does when ECS says this: its Catch reports what classify.ts makes of it. */
function stopped(StoppedReason: string): object {
  const failure = classifyFailure({ Error: 'States.TaskFailed', Cause: JSON.stringify({ StoppedReason }) });
  return {
    StartAt: 'Failed',
    States: { Failed: { Type: 'Fail', Error: failure.code, Cause: JSON.stringify(failure) } },
  };
}

t.test('F16: a failed execution fails its job, although there is a result', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.fails);
  const job = await brain.queue();
  await brain.writeResult(job);
  const ended = await brain.until(job.jobId, END);
  t.match(ended, { state: 'failed', failure: { code: 'unsupported_sequence' } });
  t.equal(ended.runResult, undefined, 'what lies there counts for nothing');
});

t.test('F20: an image that cannot be pulled is image_pull, and says where to look', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(stopped('CannotPullContainerError: pull image manifest has been retried 1 time(s)'));
  const ended = await brain.until((await brain.queue()).jobId, END, 120);
  t.match(ended, { state: 'failed', attempt: 1, failure: { code: 'image_pull', actor: 'unit_owner' } });
  t.match(ended.failure?.message, /registry \(ECR\): CannotPullContainerError: pull image manifest/);
  t.match(ended.failure?.remedy, /ECR|registry|image/i);
  await brain.behave(
    stopped('ResourceInitializationError: unable to pull registry auth: dial tcp: i/o timeout'),
  );
  const cutOff = await brain.until((await brain.queue()).jobId, END, 120);
  t.equal(cutOff.failure?.code, 'no_network');
  t.match(cutOff.failure?.message, /image could not be pulled: the subnets .* registry \(ECR\)/);
  t.match(cutOff.failure?.remedy, /subnet/i);
});

t.test(
  'F24: a task that survives the stop keeps its job canceling, until it has fallen silent',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const job = await brain.queue();
    await brain.until(job.jobId, ['running']);
    const token = jobToken(TOKEN_SECRET, job.jobId, 0);
    const alive = (): Promise<Job> =>
      brain.callbacks.progress(job.jobId, token, {
        attempt: 0,
        step: 'read',
        fraction: 0.2,
        message: 'still here',
      });
    await alive();
    await brain.users.cancel(brain.owner, job.jobId);
    for (let round = 0; round < 4; round++) {
      await brain.ticker.tick();
      brain.cloud.clock.advance(10_000);
      t.equal((await alive()).state, 'canceling', 'Step Functions says ABORTED, the worker says otherwise');
    }
    const ended = await brain.until(job.jobId, END);
    t.equal(ended.state, 'canceled');
    t.match(ended.failure?.message, /has not been heard of/);
  },
);

t.test('F28: after a day without any broker all ends as it was, oldest first', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const started: Job[] = [];
  for (let i = 0; i < 6; i++) started.push(await brain.queue());
  for (const job of started) await brain.writeResult(job);
  await brain.ticker.tick();
  cloud.clock.advance(DAY);
  const order = await brain.jobs.due(cloud.clock(), 50);
  t.same(
    order.filter((jobId) => started.some((job) => job.jobId === jobId)).sort(),
    started.map(({ jobId }) => jobId).sort(),
  );
  const after = brain.another();
  for (let round = 0; round < 10; round++) {
    await after.ticker.tick();
    cloud.clock.advance(2_000);
  }
  for (const { jobId } of started) {
    const job = await brain.jobs.get(jobId);
    t.equal(job?.state, 'succeeded', 'although its deadline has passed: it had ended in time');
  }
  t.equal(await brain.started(), started.length);
});

t.test('F29: history that AWS has forgotten changes nothing of a job that has ended', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  const ended = await brain.until(job.jobId, END);
  t.equal(ended.state, 'succeeded');
  await forget(brain);
  cloud.clock.advance(91 * DAY);
  brain.ticker.nudge(job.jobId);
  await brain.ticker.tick();
  await brain.callbacks.ended(job.jobId, jobToken(TOKEN_SECRET, job.jobId, 0));
  await brain.observe(ended);
  t.same(await brain.jobs.get(job.jobId), ended);
});

async function forget(brain: Brain): Promise<void> {
  const [, name] = /stateMachine:(brain-\d+)-/.exec(brain.unit.stateMachineArn) ?? [];
  await brain.cloud.control(RESEARCHER).removeStack(String(name));
}

t.test('F32: a link says how long it really lives', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, END);
  const early = await brain.users.download(brain.owner, job.jobId, 3_600);
  t.ok(early.expiresAt - cloud.clock() <= 3_600_000);
  // Four minutes before the session ends.
  cloud.clock.advance(56 * 60_000);
  const late = await brain.users.download(brain.owner, job.jobId, 3_600);
  const life = late.expiresAt - cloud.clock();
  t.ok(life > 15 * 60_000 && life <= 3_600_000, `a new session was opened: ${life} ms`);
  const signed = new URL(late.url).searchParams;
  t.ok(Number(signed.get('X-Amz-Expires')) * 1000 <= life + 2_000, 'and the link itself says the same');
});
