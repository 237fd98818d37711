/** Many jobs of one unit are looked at by one list; what nobody waits for is stopped; roles that may not list. */
import t from 'tap';
import { MAX_FAILURES } from '../../services/clockwork/poison.ts';
import { createSweep } from '../../services/clockwork/sweep.ts';
import type { Job } from '../../src/schemas/job.ts';
import { type Brain, startBrain } from '../helpers/brain.ts';
import { RESEARCHER, startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const control = cloud.control(RESEARCHER);
const MINUTE = 60_000;
const calls = async () => ({
  lists: await cloud.calls('states', 'ListExecutions'),
  describes: await cloud.calls('states', 'DescribeExecution'),
});

async function running(brain: Brain, count: number): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let i = 0; i < count; i++) jobs.push(await brain.queue());
  await brain.ticker.tick();
  return Promise.all(jobs.map(async ({ jobId }) => (await brain.jobs.get(jobId)) as Job));
}
/** One look at these jobs, as the ticker does it with those that are due. */
async function sweep(brain: Brain, jobs: readonly Job[]): Promise<void> {
  cloud.clock.advance(3 * MINUTE);
  await control.clearCalls();
  const stored = await Promise.all(jobs.map(({ jobId }) => brain.jobs.get(jobId)));
  const open = stored.filter((job): job is Job => job?.dueAt !== undefined);
  const rest = await brain.sweep.sift(open, (job, seen) => brain.observe(job, seen));
  for (const job of rest) await brain.observe(job);
}

t.test('jobs that run are seen by one list; only what it does not show is described', async (t) => {
  const brain = await startBrain(t, cloud);
  const jobs = await running(brain, 6);
  await sweep(brain, jobs);
  t.same(await calls(), { lists: 1, describes: 0 });
  for (const { jobId } of jobs) t.equal((await brain.jobs.get(jobId))?.state, 'running');
  await cloud.unitCloud.stopExecution(brain.unit, String(jobs[2].executionArn), 'by hand in the console');
  await sweep(brain, jobs);
  t.same(await calls(), { lists: 1, describes: 1 });
  const states = await Promise.all(jobs.map(async ({ jobId }) => (await brain.jobs.get(jobId))?.state));
  t.same(states, ['running', 'running', 'canceled', 'running', 'running', 'running']);
});

t.test('one or two jobs of a unit are asked for by themselves', async (t) => {
  const brain = await startBrain(t, cloud);
  const jobs = await running(brain, 2);
  await sweep(brain, jobs);
  t.same(await calls(), { lists: 0, describes: 2 });
});

t.test(
  'a role that may not list: each job is described, and the list is not tried again for an hour',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const jobs = await running(brain, 4);
    await control.addFault({ service: 'states', operation: 'ListExecutions', kind: 'deny' });
    await sweep(brain, jobs);
    const first = await calls();
    t.ok(first.lists >= 1, 'the SDK may repeat a refusal once, when the clock of this test has jumped');
    t.equal(first.describes, 4);
    for (const { jobId } of jobs) t.equal((await brain.jobs.get(jobId))?.state, 'running');
    await sweep(brain, jobs);
    t.same(await calls(), { lists: 0, describes: 4 });
    t.ok(JSON.stringify(cloud.log.entries).includes('cannot be listed'));
    await control.clearFaults();
    cloud.clock.advance(61 * MINUTE);
    await sweep(brain, jobs);
    t.same(await calls(), { lists: 1, describes: 0 });
  },
);

t.test('a list that is throttled or gets no answer costs nobody anything but time', async (t) => {
  for (const kind of ['throttle', 'timeout_before'] as const) {
    const brain = await startBrain(t, cloud);
    const jobs = await running(brain, 3);
    await control.addFault({ service: 'states', operation: 'ListExecutions', kind });
    await sweep(brain, jobs);
    // Who has just given no answer is not asked for each job; their next look comes soon.
    t.equal((await calls()).describes, kind === 'throttle' ? 3 : 0, kind);
    for (const { jobId } of jobs)
      t.equal((await brain.jobs.get(jobId))?.state, kind === 'throttle' ? 'running' : 'starting');
    await control.clearFaults();
    await sweep(brain, jobs);
    t.same(await calls(), { lists: 1, describes: 0 }, `${kind} is over`);
  }
});

t.test(
  'F24: orphans: what runs under the name of a job that does not wait for it is stopped; all else is left',
  async (t) => {
    const brain = await startBrain(t, cloud);
    const [waiting] = await running(brain, 3);
    const other = await brain.queue();
    const start = (name: string) =>
      cloud.unitCloud.startExecution(brain.unit, name, {
        jobId: 'x',
        attempt: 0,
        bucket: 'researcher-data',
        key: 'x',
      });
    // An attempt that was given up, an execution of nobody's job, and one of the owner's own.
    const orphan = await start(`job-${waiting.jobId}-7`);
    const unknown = await start('job-01JGK0000000000000000NOJOB-0');
    const own = await start('my-own-run');
    await brain.moves.move(other.jobId, { by: 'test' }, () => ({ state: 'failed' }));
    const ended = await start(other.executionName);
    const status = async (arn: string) => (await cloud.unitCloud.describeExecution(brain.unit, arn)).status;
    await brain.sweep.visit(brain.unit);
    t.equal(await status(orphan), 'RUNNING', 'too young: its start may be about to be noted');
    cloud.clock.advance(11 * MINUTE);
    await brain.sweep.visit(brain.unit);
    t.equal(await status(orphan), 'ABORTED');
    t.equal(await status(ended), 'ABORTED');
    t.equal(await status(unknown), 'RUNNING', 'another broker may wait for it');
    const named = () =>
      cloud.log.entries.filter(({ message }) => message === 'an execution of an unknown job runs');
    t.match(named(), [{ fields: { unitId: brain.unit.unitId, executionArn: unknown } }], 'a person is told');
    t.equal(await status(own).catch(() => 'RUNNING'), 'RUNNING');
    t.equal(await status(String(waiting.executionArn)), 'RUNNING');
    t.equal(brain.sweep.stats().orphansStopped, 2);
    await control.clearCalls();
    await brain.sweep.visit(brain.unit);
    t.equal((await calls()).lists, 0, 'not again within ten minutes');
    cloud.clock.advance(11 * MINUTE);
    await brain.sweep.visit(brain.unit);
    t.equal(named().length, 1, 'and told once');
  },
);

t.test('an orphan of a lost job is not stopped: the job takes it up again', async (t) => {
  const brain = await startBrain(t, cloud);
  const [job] = await running(brain, 3);
  await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state: 'lost' }));
  cloud.clock.advance(11 * MINUTE);
  await brain.sweep.visit(brain.unit);
  t.match(await brain.jobs.get(job.jobId), {
    state: 'running',
    adoptedAttempt: 0,
    executionArn: job.executionArn,
  });
});

t.test('F24: an orphan behind fifty older executions is found all the same', async (t) => {
  const brain = await startBrain(t, cloud);
  const [first, ...others] = await running(brain, 3);
  const name = `job-${first.jobId}-7`;
  const startedAt = cloud.clock() - 60 * MINUTE;
  const listed = (name: string, i: number) => ({ name, arn: `arn:of:${name}`, startedAt: startedAt + i });
  // The owner's own, then jobs that are waited for, then the orphan; a list shows the newest first.
  const executions = [
    ...Array.from({ length: 60 }, (_, i) => listed(`my-own-run-${i}`, i)),
    ...Array.from({ length: 60 }, (_, i) => listed(others[i % 2].executionName, 100)).map((one, i) => ({
      ...one,
      arn: `${one.arn}:${String(i).padStart(2, '0')}`,
    })),
    listed(name, 200),
  ].reverse();
  const stopped: string[] = [];
  const sweep = createSweep({
    jobs: brain.jobs,
    units: cloud.stores.units,
    cloud: {
      runningExecutions: async () => ({ executions, complete: true }),
      stopExecution: async (_unit, arn) => void stopped.push(arn),
    },
    lookForLost: async () => {},
    clock: cloud.clock,
    log: cloud.log,
  });
  await sweep.visit(brain.unit);
  t.same(stopped, [], 'fifty jobs at one visit');
  cloud.clock.advance(MINUTE);
  await sweep.visit(brain.unit);
  t.same(stopped, [`arn:of:${name}`], 'the next one goes on behind them, a minute later');
  cloud.clock.advance(MINUTE);
  await sweep.visit(brain.unit);
  t.equal(sweep.stats().lists, 2, 'then all have been looked at, and it is ten minutes again');
});

t.test('F36: a unit that cannot be read stops nobody else; its own jobs are set aside', async (t) => {
  const [bad, good] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const jobs = [...(await running(bad, 3)), ...(await running(good, 3))];
  const { body } = { ...(await cloud.rawItem(`UNIT#${bad.unit.unitId}`, 'UNIT')) };
  await cloud.damage(`UNIT#${bad.unit.unitId}`, 'UNIT', { body: '{}' });
  t.teardown(() => cloud.damage(`UNIT#${bad.unit.unitId}`, 'UNIT', { body }));
  await cloud.unitCloud.stopExecution(good.unit, String(jobs[4].executionArn), 'by hand in the console');
  for (let round = 0; round < MAX_FAILURES; round++) {
    cloud.clock.advance(3 * MINUTE);
    await good.ticker.tick();
  }
  t.equal((await good.jobs.get(jobs[4].jobId))?.state, 'canceled');
  t.ok(Number((await good.jobs.get(jobs[3].jobId))?.dueAt) > cloud.clock() - MINUTE, 'the others were seen');
  const aside = (await good.poison.list(100)).map(({ jobId }) => jobId);
  t.same(
    aside.sort(),
    jobs
      .slice(0, 3)
      .map(({ jobId }) => jobId)
      .sort(),
  );
});

t.test('a job that cannot be read does not keep the orphans behind it', async (t) => {
  const brain = await startBrain(t, cloud);
  const [broken, job] = await running(brain, 2);
  await brain.moves.move(job.jobId, { by: 'test' }, () => ({ state: 'canceled' }));
  await cloud.damage(`JOB#${broken.jobId}`, 'JOB', { body: '{"not": "a job"}' });
  cloud.clock.advance(11 * MINUTE);
  await brain.sweep.visit(brain.unit);
  t.equal(brain.sweep.stats().orphansStopped, 1);
});

t.test('the list of one unit says nothing of another one', async (t) => {
  const [one, two] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const jobs = [...(await running(one, 3)), ...(await running(two, 3))];
  await sweep(one, jobs);
  t.same(await calls(), { lists: 2, describes: 0 });
  for (const { jobId } of jobs) t.equal((await one.jobs.get(jobId))?.state, 'running');
});
