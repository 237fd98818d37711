/** An answer of StartExecution that comes when its job is another one: what became of the execution decides. */
import t from 'tap';
import { executionArn, executionName } from '../../services/jobs/naming.ts';
import { CloudError } from '../../services/ports.ts';
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

t.test('where the name is taken and nobody may look, a cancel is proven before it is said', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  const { unitCloud } = cloud;
  const throttled = new CloudError('throttled', 'DescribeExecution', 'ThrottlingException', 'too fast');
  const broker = brokerOn({
    ...cloud,
    unitCloud: {
      ...unitCloud,
      async startExecution(...asked) {
        const arn = await unitCloud.startExecution(...asked);
        throw new CloudError('already_exists', 'StartExecution', 'ExecutionAlreadyExists', arn);
      },
      describeExecution: () => Promise.reject(throttled),
    },
  });
  await broker.ticker.tick();
  t.equal(
    (await brain.jobs.get(jobId))?.history.at(-1)?.note,
    'DescribeExecution: ThrottlingException, trying again',
  );
  t.equal((await broker.users.cancel(brain.owner, jobId)).state, 'canceling');
  t.equal((await brain.until(jobId, ['canceled'])).executionArn, undefined);
  const arn = executionArn(brain.unit.stateMachineArn, executionName(jobId, 0));
  t.equal((await unitCloud.describeExecution(brain.unit, arn)).status, 'ABORTED');
});

/** A broker whose starts are refused as too fast, after what happens meanwhile. */
function refusing(meanwhile: () => Promise<unknown>) {
  const unitCloud = {
    ...cloud.unitCloud,
    async startExecution(): Promise<never> {
      await meanwhile();
      throw new CloudError('throttled', 'StartExecution', 'ThrottlingException', 'too fast');
    },
  };
  return brokerOn({ ...cloud, unitCloud });
}

t.test('a cancel that comes while a start is refused as too fast ends the job at once', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  const broker = refusing(async () => {
    const { state } = await brain.users.cancel(brain.owner, jobId);
    t.equal(state, 'canceling');
  });
  await broker.ticker.tick();
  t.match(await brain.jobs.get(jobId), {
    state: 'canceled',
    failure: { code: 'canceled', message: 'Canceled before it started.' },
  });
  t.equal(await brain.started(), 0);
});

t.test('where somebody else has claimed the job since, such a cancel is proven first', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await brain.queue();
  const broker = refusing(async () => {
    await brain.moves.move(jobId, { by: 'test' }, () => ({ state: 'starting', dueAt: cloud.clock() }));
    await brain.users.cancel(brain.owner, jobId);
  });
  await broker.ticker.tick();
  t.match(await brain.jobs.get(jobId), { state: 'canceling' });
});
