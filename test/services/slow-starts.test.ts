/** An answer of StartExecution that comes when its job is another one: what became of the execution decides. */
import t from 'tap';
import { brokerOn, heldStart, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

t.test(
  'an execution that was taken up as that of a lost job is not stopped by whoever started it',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { jobId, executionName } = await brain.queue();
    const held = heldStart(cloud.unitCloud, executionName);
    const slow = brokerOn({ ...cloud, unitCloud: held.cloud });
    const tick = slow.ticker.tick();
    await held.begun;
    slow.timers.fire(250);
    await tick;
    await brain.moves.move(jobId, { by: 'test' }, () => ({ state: 'lost' }));
    cloud.clock.advance(61_000);
    await brain.lateRepair.tick();
    const taken = await brain.jobs.get(jobId);
    t.match(taken, { state: 'running', attempt: 1, adoptedAttempt: 0 });
    held.release();
    await slow.ticker.stop();
    const { status } = await cloud.unitCloud.describeExecution(brain.unit, String(taken?.executionArn));
    t.equal(status, 'RUNNING');
    t.equal(await brain.started(), 1);
  },
);
