/** Lost jobs whose execution turns up: a new attempt takes it up; nothing is started, and `lost` stays said. */
import t from 'tap';
import { REPAIR_MS } from '../../services/clockwork/deadlines.ts';
import { jobToken } from '../../services/jobs/token.ts';
import { BEHAVIOUR, type Brain, brokerOn, startBrain, TOKEN_SECRET } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);

/** A running job whose account cannot be entered until its deadline is over. */
async function lost(brain: Brain) {
  const { jobId } = await brain.queue();
  const running = await brain.until(jobId, ['running']);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 'states', operation: 'DescribeExecution', kind: 'deny' });
  await brain.moves.move(jobId, { by: 'test' }, () => ({ deadlineAt: brain.cloud.clock() - 1 }));
  const job = await brain.until(jobId, ['lost']);
  await control.clearFaults();
  return { running, job };
}

t.test('the execution of a lost job that turns up is followed to its end by a new attempt', async (t) => {
  const brain = await startBrain(t, cloud);
  const { running, job } = await lost(brain);
  t.equal(await brain.lateRepair.tick(), 0, 'not at once');
  brain.cloud.clock.advance(61_000);
  t.equal(await brain.lateRepair.tick(), 1);
  const taken = await brain.jobs.get(job.jobId);
  t.match(taken, {
    state: 'running',
    attempt: 1,
    adoptedAttempt: 0,
    executionArn: running.executionArn,
    executionName: running.executionName,
    result: running.result,
    earlier: [{ attempt: 0, state: 'lost', failure: { code: 'lost' } }],
  });
  t.equal(await brain.started(), 1, 'nothing was started');
  await brain.users.cancel(brain.owner, job.jobId);
  t.equal((await brain.until(job.jobId, ['canceled'])).attempt, 1);
});

t.test('a late result is found: size and checksum count as ever', async (t) => {
  const brain = await startBrain(t, cloud);
  await brain.behave(BEHAVIOUR.succeeds);
  const { jobId } = await brain.queue();
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 'states', operation: 'DescribeExecution', kind: 'deny' });
  await brain.ticker.tick();
  await brain.moves.move(jobId, { by: 'test' }, () => ({ deadlineAt: brain.cloud.clock() - 1 }));
  const job = await brain.until(jobId, ['lost']);
  await brain.writeResult(job);
  await control.clearFaults();
  brain.cloud.clock.advance(61_000);
  await brain.lateRepair.tick();
  t.match(await brain.until(jobId, ['succeeded']), { attempt: 1, runResult: { sizeBytes: 4 } });
});

t.test(
  'a worker that reports shows that its job is not lost, and goes on under its own number',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { job } = await lost(brain);
    const told = await brain.callbacks.progress(job.jobId, jobToken(TOKEN_SECRET, job.jobId, 0), {
      attempt: 0,
      step: 'reconstruct',
      fraction: 0.5,
      message: 'half',
    });
    t.match(told, { state: 'running', attempt: 1 });
    brain.cloud.clock.advance(2_000);
    const next = { attempt: 0, step: 'write', fraction: 0.9, message: 'nearly' } as const;
    await brain.callbacks.progress(job.jobId, jobToken(TOKEN_SECRET, job.jobId, 0), next);
    t.equal((await brain.jobs.get(job.jobId))?.progress?.step, 'write');
    t.equal(await brain.started(), 1);
  },
);

t.test('it is looked for less and less often, and after a week no more', async (t) => {
  const brain = await startBrain(t, cloud);
  const { job } = await lost(brain);
  const control = brain.cloud.control(RESEARCHER);
  await control.addFault({ service: 'states', operation: 'DescribeExecution', kind: 'deny' });
  const pauses: number[] = [];
  let looks = 0;
  for (let days = 0; days < 9 * 24; days++) {
    const before = brain.cloud.clock();
    if ((await brain.lateRepair.tick()) > 0) {
      looks++;
      const next = (await brain.jobs.get(job.jobId))?.lookAgainAt;
      if (next !== undefined) pauses.push(next - before);
    }
    brain.cloud.clock.advance(3_600_000);
  }
  t.ok(looks >= 8 && looks <= 12, `${looks} looks`);
  t.ok(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1] - 1_000));
  const given = await brain.jobs.get(job.jobId);
  t.match(given, { state: 'lost', lookAgainAt: undefined, attempt: 0 });
  t.ok(brain.cloud.clock() - (given?.finishedAt ?? 0) > REPAIR_MS);
  await control.clearFaults();
});

t.test('a person who retries a lost job is faster than the repair', async (t) => {
  const brain = await startBrain(t, cloud);
  const { job } = await lost(brain);
  const again = await brain.retry(brain.owner, job.jobId);
  t.match(again, { state: 'queued', attempt: 1, lookAgainAt: undefined });
  brain.cloud.clock.advance(61_000);
  t.equal(await brain.lateRepair.tick(), 0);
});

t.test(
  'a person who retries in the moment of the repair gets the job that runs, and stops nothing',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const { running, job } = await lost(brain);
    brain.cloud.clock.advance(61_000);
    // The retry has seen a lost job; before it writes, the repair takes the execution up.
    let repaired = 0;
    const { units } = cloud.stores;
    const get: typeof units.get = async (unitId) => {
      if (repaired++ === 0) await brain.lateRepair.tick();
      return units.get(unitId);
    };
    const other = brokerOn({ ...cloud, stores: { ...cloud.stores, units: { ...units, get } } });
    const answered = await other.retry(brain.owner, job.jobId);
    t.ok(repaired > 0);
    t.match(answered, { state: 'running', attempt: 1, adoptedAttempt: 0 });
    const { status } = await cloud.unitCloud.describeExecution(brain.unit, String(running.executionArn));
    t.equal(status, 'RUNNING');
  },
);
