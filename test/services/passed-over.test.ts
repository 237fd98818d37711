/** F36: what nobody can read is passed over, however much of it is due first. */
import t from 'tap';
import type { Job } from '../../src/schemas/job.ts';
import { startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
/** More than any batch. */
const MANY = 60;
const MINUTE = 60_000;

/** As many copies of a job that nobody can read. */
async function unreadable(job: Job): Promise<void> {
  await Promise.all(
    Array.from({ length: MANY }, async (_, i) => {
      const copy = { ...job, jobId: `${job.jobId.slice(0, -3)}${100 + i}` };
      await cloud.stores.jobs.create(copy);
      await cloud.damage(`JOB#${copy.jobId}`, 'JOB', { body: '{"not": "a job"}' });
    }),
  );
}

t.test('F36: a job behind a full batch that nobody can read is started, without a nudge', async (t) => {
  const brain = await startBrain(t, cloud);
  await unreadable(await brain.queue());
  const good = await brain.queue();
  const other = brain.another();
  cloud.clock.advance(2_000);
  for (let round = 0; round < 3; round++) await other.ticker.tick();
  t.ok((await brain.jobs.get(good.jobId))?.executionArn);
});

t.test('F36: a lost job behind a full batch that nobody can read is found again', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  await brain.until(jobId, ['running']);
  const lost = await brain.moves.move(jobId, { by: 'test' }, () => ({ state: 'lost' }));
  if (!lost) throw new Error('there is no such job');
  await unreadable({ ...lost, lookAgainAt: cloud.clock() });
  cloud.clock.advance(2 * MINUTE);
  for (let round = 0; round < 3; round++) {
    await brain.lateRepair.tick();
    cloud.clock.advance(1_000);
  }
  t.equal((await brain.jobs.get(jobId))?.state, 'running');
});
