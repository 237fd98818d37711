/** What the broker promises when callbacks come too early, or say what is not so, by the numbers of the fault list. */
import t from 'tap';
import { D_CB_MS } from '../../services/clockwork/deadlines.ts';
import type { ReportedEnd } from '../../services/jobs/reported-ends.ts';
import { jobToken } from '../../services/jobs/token.ts';
import type { Job } from '../../src/schemas/job.ts';
import {
  BEHAVIOUR,
  type Brain,
  type Broker,
  brokerOn,
  heldStart,
  startBrain,
  TOKEN_SECRET,
} from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const END = ['succeeded', 'failed', 'canceled', 'lost'];
const CONTRADICTED = 'job.report-contradicted';

/** A machine that waits a second before it goes on as `behaviour` does. */
const slowly = ({ StartAt, States }: { StartAt: string; States: object }) => ({
  StartAt: 'Wait',
  States: { Wait: { Type: 'Wait', Seconds: 1, Next: StartAt }, ...States },
});
const preempted = {
  StartAt: 'Failed',
  States: { Failed: { Type: 'Fail', Error: 'preempted', Cause: 'stopped by the platform' } },
};
const tell = (broker: Broker, { jobId, attempt }: Job, end?: ReportedEnd): Promise<Job> =>
  broker.callbacks.ended(jobId, jobToken(TOKEN_SECRET, jobId, attempt), end);
const stored = async (brain: Brain, { jobId }: Job): Promise<Job> => (await brain.jobs.get(jobId)) as Job;

/** What the trail of the owner says of contradictions of a job. */
async function entriesOf(brain: Brain, { jobId }: Job) {
  const { items } = await cloud.stores.audit.listByOwner(brain.owner.userId, { limit: 200 });
  return items.filter(({ action, subject }) => action === CONTRADICTED && subject === jobId);
}

t.test(
  'F12: callbacks before StartExecution returned are accepted; the end comes as it is confirmed',
  async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(slowly(BEHAVIOUR.succeeds));
    const job = await brain.queue();
    const held = heldStart(cloud.unitCloud, job.executionName);
    const start = brokerOn({ ...cloud, unitCloud: held.cloud }).ticker.tick();
    await held.begun;
    const token = jobToken(TOKEN_SECRET, job.jobId, 0);
    const begun = { attempt: 0, step: 'start', fraction: 0, message: 'Started', platform: 'lambda' } as const;
    t.match(await brain.callbacks.progress(job.jobId, token, begun), {
      state: 'running',
      platform: 'lambda',
    });
    t.equal((await tell(brain, job, 'succeeded')).state, 'running', 'accepted, and not yet confirmed');
    await brain.writeResult(job);
    held.release();
    await start;
    t.match(await stored(brain, job), {
      state: 'running',
      executionArn: new RegExp(`${job.executionName}$`),
    });
    await brain.executionEnds(job.jobId);
    const over = cloud.clock();
    const ended = await brain.until(job.jobId, END);
    t.match(ended, { state: 'succeeded', dueAt: undefined });
    t.match(ended.history.at(-1), { by: 'step-functions', note: undefined });
    t.ok((ended.history.at(-1)?.at ?? Infinity) - over <= D_CB_MS, 'in time');
    t.equal(await brain.started(), 1);
  },
);

t.test('F12: a run that has ended before StartExecution returned is settled by its callback', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const job = await brain.queue();
  await brain.writeResult(job);
  const held = heldStart(cloud.unitCloud, job.executionName);
  const start = brokerOn({ ...cloud, unitCloud: held.cloud }).ticker.tick();
  await held.begun;
  let told = await tell(brain, job, 'succeeded');
  for (let round = 0; round < 100 && told.state !== 'succeeded'; round++)
    told = await tell(brain, job, 'succeeded');
  t.equal(told.state, 'succeeded', 'Step Functions has confirmed it');
  held.release();
  await start;
  const after = await stored(brain, job);
  t.equal(after.version, told.version, 'and the answer of StartExecution changes nothing more');
  t.equal(after.state, 'succeeded');
  t.equal(await brain.started(), 1);
});

t.test(
  'F14, T13: a callback says ok, Step Functions says FAILED: that counts, noted and audited once',
  async (t) => {
    const brain = await startBrain(t, cloud);
    await brain.behave(BEHAVIOUR.fails);
    const job = await brain.queue();
    await brain.writeResult(job);
    await brain.ticker.tick();
    await brain.executionEnds(job.jobId);
    const other = brain.another();
    const [ended] = await Promise.all([tell(brain, job, 'succeeded'), tell(other, job, 'succeeded')]);
    t.match(ended.failure, { code: 'unsupported_sequence', message: 'an EPI scan', remedy: 'measure a GRE' });
    t.match(ended.history.at(-1), {
      state: 'failed',
      by: 'step-functions',
      note: 'unsupported_sequence, report_contradicted',
    });
    await tell(brain, job, 'succeeded');
    t.match(await entriesOf(brain, job), [
      {
        actor: 'broker',
        outcome: 'failed',
        details: { reported: 'succeeded', attempt: '0', execution: job.executionName },
      },
    ]);
  },
);

t.test('F14: what was reported while it ran is remembered, also by another broker, to its end', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(slowly(BEHAVIOUR.fails));
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  const running = await stored(brain, job);
  const told = await tell(brain, job, 'succeeded');
  t.equal(told.version, running.version, 'a report that is a moment too early, as all are, costs no write');
  cloud.clock.advance(1_500);
  await brain.ticker.tick();
  t.match(await stored(brain, job), { state: 'running', reportedEnds: ['succeeded'] });
  await brain.executionEnds(job.jobId);
  const other = brain.another();
  cloud.clock.advance(D_CB_MS);
  await other.ticker.tick();
  const ended = await stored(brain, job);
  t.match(ended.history.at(-1), { state: 'failed', note: 'unsupported_sequence, report_contradicted' });
  t.match(await entriesOf(brain, job), [{ outcome: 'failed', details: { reported: 'succeeded' } }]);
});

t.test('F14: the other way round: failed was said, and it has succeeded', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(slowly(BEHAVIOUR.succeeds));
  const job = await brain.queue();
  await brain.writeResult(job);
  await brain.until(job.jobId, ['running']);
  t.equal((await tell(brain, job, 'failed')).state, 'running');
  await brain.executionEnds(job.jobId);
  const ended = await brain.until(job.jobId, END);
  t.match(ended.history.at(-1), { state: 'succeeded', note: 'report_contradicted' });
  t.match(await entriesOf(brain, job), [{ outcome: 'succeeded', details: { reported: 'failed' } }]);
});

t.test('F14: what is said too late changes nothing, and is audited; what was true is not', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.fails);
  const job = await brain.queue();
  const ended = await brain.until(job.jobId, END);
  await tell(brain, job, 'failed');
  await tell(brain, job);
  t.same(await entriesOf(brain, job), []);
  await tell(brain, job, 'succeeded');
  await tell(brain.another(), job, 'succeeded');
  t.same(await stored(brain, job), ended);
  t.match(await entriesOf(brain, job), [{ outcome: 'failed', details: { reported: 'succeeded' } }]);
  await brain.behave(BEHAVIOUR.succeeds);
  const empty = await brain.until((await brain.queue()).jobId, END);
  t.equal(empty.failure?.code, 'result_missing');
  await tell(brain, empty, 'succeeded');
  t.same(await entriesOf(brain, empty), [], 'Step Functions says the same: it is its result that is missing');
});

t.test('F14: a contradiction is noted although the failure leads to another attempt', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(preempted);
  const job = await brain.queue();
  await brain.ticker.tick();
  await brain.executionEnds(job.jobId);
  const again = await tell(brain, job, 'succeeded');
  t.match(again, { state: 'queued', attempt: 1, reportedEnds: undefined });
  t.match(again.history.at(-1)?.note, /^attempt 1 by itself, preempted: .*, report_contradicted$/);
  await brain.behave(BEHAVIOUR.succeeds);
  await brain.writeResult(again);
  const ended = await brain.until(job.jobId, END, 60);
  t.match(ended.history.at(-1), { state: 'succeeded', note: undefined }, 'of the first attempt only');
  t.match(await entriesOf(brain, job), [{ outcome: 'failed', details: { attempt: '0' } }]);
});

t.test('F14: a run that its person has stopped may have said anything', async (t) => {
  const brain = await startBrain(t, cloud);
  const job = await brain.queue();
  await brain.until(job.jobId, ['running']);
  await tell(brain, job, 'succeeded');
  await brain.users.cancel(brain.owner, job.jobId);
  const ended = await brain.until(job.jobId, END, 60);
  t.match(ended.history.at(-1), { state: 'canceled', note: 'canceled' });
  await tell(brain, job, 'succeeded');
  t.same(await entriesOf(brain, job), []);
});
