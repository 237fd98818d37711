/** T35: a computing unit that was removed is not usable any more, and jobs under way there come to their end. */
import t from 'tap';
import { BEHAVIOUR, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

t.test('T35: a removed unit starts nothing and signs nothing, at once', async (t) => {
  const b = await startBrain(t, cloud);
  await b.behave(BEHAVIOUR.succeeds);
  const done = await b.queue();
  await b.writeResult(done);
  await b.until(done.jobId, ['succeeded']);
  t.ok((await b.users.download(b.owner, done.jobId)).url, 'control');

  const queued = await b.queue();
  const started = await b.started();
  t.equal(await b.units.remove(b.owner, { unitId: b.unit.unitId }), true);
  await t.rejects(b.users.download(b.owner, done.jobId), { code: 'not_found', status: 404 });
  await t.rejects(b.units.get(b.owner, b.unit.unitId), { code: 'not_found' });
  await t.rejects(b.queue(), { code: 'not_found' });
  const failed = await b.until(queued.jobId, ['failed']);
  t.equal(failed.failure?.code, 'unit_not_found');
  t.equal(await b.started(), started, 'nothing was started');
});

t.test('T35: a job under way when its unit is removed ends as it ends there', async (t) => {
  const b = await startBrain(t, cloud);
  const job = await b.queue();
  const running = await b.until(job.jobId, ['starting', 'running']);
  t.ok(running.executionArn);
  await b.units.remove(b.owner, { unitId: b.unit.unitId });
  await b.ticker.tick();
  t.notOk(['lost', 'failed'].includes((await b.jobs.get(job.jobId))?.state ?? ''), 'still followed');
  await b.users.cancel(b.owner, job.jobId);
  const ended = await b.until(job.jobId, ['canceled']);
  t.equal(ended.history.at(-1)?.by, 'step-functions', 'because Step Functions says ABORTED');
});
