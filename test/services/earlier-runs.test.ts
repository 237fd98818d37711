/** Lost attempts that were retried: what still runs of them is stopped, wherever it runs and whenever it turns up. */
import t from 'tap';
import { startBrain } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const control = cloud.control(RESEARCHER);
const HOUR = 3_600_000;

/** A job whose lost attempt still runs where its unit was then: nothing could be stopped when it was retried. */
async function retriedElsewhere() {
  const [brain, elsewhere] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const { jobId } = await brain.queue();
  const { executionArn } = await brain.until(jobId, ['running']);
  await brain.moves.move(jobId, { by: 'test' }, () => ({ state: 'lost' }));
  const { stateMachineArn } = elsewhere.unit;
  await cloud.stores.units.put({ ...brain.unit, stateMachineArn, version: brain.unit.version + 1 });
  await control.addFault({ service: 'states', operation: 'StopExecution', kind: 'deny' });
  await brain.retry(brain.owner, jobId);
  await control.clearFaults();
  await brain.until(jobId, ['running']);
  const runs = async () => (await cloud.unitCloud.describeExecution(brain.unit, String(executionArn))).status;
  t.equal(await runs(), 'RUNNING');
  await brain.users.cancel(brain.owner, jobId);
  await brain.until(jobId, ['canceled']);
  return { brain, jobId, runs };
}

t.test(
  'the run of a lost attempt in a place that its unit has left is stopped after the next one',
  async (t) => {
    const { brain, jobId, runs } = await retriedElsewhere();
    cloud.clock.advance(61_000);
    await brain.lateRepair.tick();
    t.equal(await runs(), 'ABORTED');
    t.match(await brain.jobs.get(jobId), { state: 'canceled', attempt: 1, lookAgainAt: undefined });
    t.notOk((await cloud.stores.jobs.lostDue(cloud.clock() + HOUR, 100)).includes(jobId));
  },
);

t.test('it is tried again while it cannot be stopped, as long as it may run', async (t) => {
  const { brain, jobId, runs } = await retriedElsewhere();
  await control.addFault({ service: 'states', operation: 'StopExecution', kind: 'deny' });
  cloud.clock.advance(61_000);
  await brain.lateRepair.tick();
  const { lookAgainAt = 0 } = (await brain.jobs.get(jobId)) ?? {};
  t.ok(lookAgainAt > cloud.clock());
  await control.clearFaults();
  cloud.clock.advance(lookAgainAt - cloud.clock());
  await brain.lateRepair.tick();
  t.equal(await runs(), 'ABORTED');
});

t.test('longer than a state machine lets it run, nobody looks for it', async (t) => {
  const { brain, jobId } = await retriedElsewhere();
  cloud.clock.advance(7 * HOUR);
  await control.clearCalls();
  await brain.lateRepair.tick();
  t.equal(await cloud.calls('states', 'StopExecution'), 0);
  t.match(await brain.jobs.get(jobId), { state: 'canceled', lookAgainAt: undefined });
});
