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

t.test(
  'F36: a waiting job that nobody can read keeps nobody from looking at its unit, nor others from going on',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { unitId } = brain.unit;
    const bad = await brain.queue();
    await unreadable(bad);
    const until = cloud.clock() + 1e9;
    for (let i = 0; i < MANY; i++)
      await cloud.stores.waiters.put({ unitId, jobId: `${bad.jobId.slice(0, -3)}${100 + i}`, until });
    const ended = await brain.queue();
    await brain.users.cancel(brain.owner, ended.jobId);
    await cloud.stores.waiters.put({ unitId, jobId: ended.jobId, until });
    const unit = await cloud.stores.units.get(unitId);
    if (!unit) throw new Error('there is no unit');
    const nextCheckAt = cloud.clock() - 1;
    await cloud.stores.units.put({ ...unit, nextCheckAt, version: unit.version + 1 });
    await brain.watch.tick();
    t.ok(Number((await cloud.stores.units.get(unitId))?.nextCheckAt) > cloud.clock(), 'it was looked at');
    const left = (await cloud.stores.waiters.list(unitId, 100)).map(({ jobId }) => jobId);
    t.notOk(left.includes(ended.jobId), 'what could be read was dealt with');
  },
);
