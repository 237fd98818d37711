/** A unit whose owner moves it to another machine and other buckets: what runs and lies where it was is not lost. */
import t from 'tap';
import { BEHAVIOUR, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

/** The unit after a PATCH with a proof: the same account, all else new. */
async function move({ unit, cloud }: Awaited<ReturnType<typeof startBrain>>): Promise<void> {
  const stored = await cloud.stores.units.get(unit.unitId);
  if (!stored) throw new Error('the unit is not there');
  const moved = {
    ...stored,
    stateMachineArn: `${stored.stateMachineArn}-v2`,
    dataBucket: 'researcher-data-v2',
    resultsBucket: 'researcher-results-v2',
    failedBucket: 'researcher-failed-v2',
    version: stored.version + 1,
  };
  if ((await cloud.stores.units.put(moved)) !== 'stored') throw new Error('the unit was not moved');
}

t.test('a job that ran when its unit was moved succeeds, and its result can be fetched', async (t) => {
  const b = await startBrain(t, cloud);
  await b.behave(BEHAVIOUR.succeeds);
  const job = await b.queue();
  await b.writeResult(job);
  await b.ticker.tick();
  t.match(await b.jobs.get(job.jobId), { state: 'starting', executionArn: String });
  await move(b);
  const ended = await b.until(job.jobId, ['succeeded', 'failed', 'lost']);
  t.equal(ended.state, 'succeeded');
  const { url } = await b.users.download(b.owner, job.jobId);
  const answer = await fetch(url);
  t.equal(answer.status, 200);
  t.equal(await answer.text(), 'zip!');
});

t.test('a job that ran when its unit was moved is canceled where it runs', async (t) => {
  const b = await startBrain(t, cloud);
  const job = await b.queue();
  const running = await b.until(job.jobId, ['running']);
  await move(b);
  await b.users.cancel(b.owner, job.jobId);
  const ended = await b.until(job.jobId, ['canceled', 'failed', 'lost']);
  t.equal(ended.state, 'canceled');
  t.equal(ended.history.at(-1)?.by, 'step-functions', 'because Step Functions says ABORTED');
  t.equal(ended.executionArn, running.executionArn);
});
