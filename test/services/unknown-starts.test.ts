/** Starts whose answer was lost: nothing of such a job is said to have failed before it is known that nothing runs. */
import t from 'tap';
import type { FaultInput } from '../../infra/local/faults.ts';
import type { Job } from '../../src/schemas/job.ts';
import { type Brain, startBrain } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const control = cloud.control(RESEARCHER);
const END = ['succeeded', 'failed', 'canceled', 'lost'];

/** A job whose StartExecution was asked for, and gave no answer whatever the SDK tried. */
async function unanswered(brain: Brain, kind: 'timeout_before' | 'timeout_after'): Promise<Job> {
  await control.addFault({ service: 'states', operation: 'StartExecution', kind, times: 3 });
  const job = await brain.queue();
  await brain.ticker.tick();
  const waiting = await brain.jobs.get(job.jobId);
  t.match(waiting, { state: 'starting', executionArn: undefined });
  return waiting as Job;
}

/** From now on the account answers nothing but this. */
async function shut(brain: Brain, fault: Pick<FaultInput, 'service' | 'operation'>): Promise<void> {
  cloud.sessions.forget(brain.unit.unitId);
  await control.addFault({ ...fault, kind: 'deny' });
}

async function pass(brain: Brain, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 15_000) {
    cloud.clock.advance(15_000);
    await brain.ticker.tick();
  }
}

t.test('F8: a trust that is removed after a lost answer fails no job whose execution may run', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await unanswered(brain, 'timeout_after');
  await shut(brain, { service: 'sts', operation: 'AssumeRole' });
  await pass(brain, 180_000);
  const unknown = await brain.jobs.get(jobId);
  t.equal(unknown?.state, 'starting', 'it runs, and nobody can look');
  t.match(unknown?.history.at(-1)?.note, /AssumeRole/, 'which its owner can read');
  await control.clearFaults();
  const running = await brain.until(jobId, ['running', ...END], 60);
  t.match(running, { state: 'running', attempt: 0 });
  t.match(running.executionArn, unknown?.executionName, 'the execution of the lost answer');
});

t.test('what cannot be known by the deadline is lost, and is taken up once it can be seen', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId, deadlineAt } = await unanswered(brain, 'timeout_after');
  await shut(brain, { service: 'sts', operation: 'AssumeRole' });
  cloud.clock.advance(deadlineAt - cloud.clock() + 60_000);
  const lost = await brain.until(jobId, END, 60);
  t.match(lost, { state: 'lost', executionArn: undefined });
  await control.clearFaults();
  cloud.clock.advance(120_000);
  await brain.lateRepair.tick();
  t.match(await brain.jobs.get(jobId), {
    state: 'running',
    adoptedAttempt: 0,
    executionArn: new RegExp(lost.executionName),
  });
});

t.test('a start that had no effect fails with the reason, once that is proven', async (t) => {
  const brain = await startBrain(t, cloud);
  const stored = await cloud.stores.units.get(brain.unit.unitId);
  if (!stored) return t.fail('the unit is not there');
  await cloud.stores.units.put({ ...stored, lastValidatedAt: cloud.clock(), version: stored.version + 1 });
  const { jobId } = await unanswered(brain, 'timeout_before');
  await shut(brain, { service: 'states', operation: 'StartExecution' });
  await pass(brain, 30_000);
  t.equal((await brain.jobs.get(jobId))?.state, 'starting', 'Step Functions may not show it yet');
  await pass(brain, 60_000);
  t.match(await brain.jobs.get(jobId), { state: 'failed', failure: { code: 'unit_permission_missing' } });
});

t.test('a refusal that follows a lost answer within one call of the SDK proves nothing', async (t) => {
  const brain = await startBrain(t, cloud);
  const start = { service: 'states', operation: 'StartExecution', times: 1 } as const;
  await control.addFault({ ...start, kind: 'timeout_after' });
  await control.addFault({ ...start, kind: 'deny' });
  const job = await brain.queue();
  await brain.ticker.tick();
  t.match(await brain.jobs.get(job.jobId), { state: 'starting', executionArn: undefined });
  t.equal((await brain.until(job.jobId, ['running', ...END])).state, 'running');
  // Throttling means "not begun" only if every try was answered with it.
  await control.addFault({ ...start, kind: 'timeout_after' });
  await control.addFault({ ...start, kind: 'throttle', times: 2 });
  const second = await brain.queue();
  await brain.ticker.tick();
  t.equal((await brain.jobs.get(second.jobId))?.state, 'starting', 'no cancel may end it without looking');
  await brain.users.cancel(brain.owner, second.jobId);
  t.equal((await brain.until(second.jobId, END)).state, 'canceled');
  const execution = `${brain.unit.stateMachineArn.replace(':stateMachine:', ':execution:')}:${second.executionName}`;
  t.equal((await cloud.unitCloud.describeExecution(brain.unit, execution)).status, 'ABORTED');
});

t.test('a unit that stays closed for a day leaves such a job lost, not failed', async (t) => {
  const brain = await startBrain(t, cloud);
  const { jobId } = await unanswered(brain, 'timeout_after');
  const stored = await cloud.stores.units.get(brain.unit.unitId);
  const paused = { at: cloud.clock(), by: 'owner' as const };
  if (!stored) return t.fail('the unit is not there');
  await cloud.stores.units.put({ ...stored, paused, version: stored.version + 1 });
  for (let round = 0; round < 8; round++) {
    cloud.clock.advance(4 * 3_600_000);
    await brain.ticker.tick();
  }
  t.match(await brain.jobs.get(jobId), { state: 'lost' });
});
