/** F33: an account that gives no answer holds up its own jobs, and nobody else's. */
import t from 'tap';
import { createFairLanes } from '../../services/clockwork/fair-lanes.ts';
import { CloudError, type UnitCloud } from '../../services/ports.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Brain, brokerOn, startBrain } from '../helpers/brain.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { createHandTimers } from '../helpers/hand-timers.ts';

const cloud = await startTestCloud(t);
const MINUTE = 60_000;
const pause = (ms: number) => new Promise<'late'>((resolve) => setTimeout(resolve, ms, 'late'));

/** A broker for which Step Functions of one unit gives no answer until `end`, as if every call ran into its time-out. */
function hanging({ unitId }: Unit) {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const asked: string[] = [];
  const hang = <A extends unknown[], R>(operation: string, call: (unit: Unit, ...rest: A) => Promise<R>) => {
    return async (unit: Unit, ...rest: A): Promise<R> => {
      if (unit.unitId !== unitId) return call(unit, ...rest);
      asked.push(operation);
      await ended;
      throw new CloudError('unavailable', operation, 'TimeoutError', 'no answer');
    };
  };
  const { unitCloud } = cloud;
  const hung: UnitCloud = {
    ...unitCloud,
    startExecution: hang('StartExecution', unitCloud.startExecution),
    describeExecution: hang('DescribeExecution', unitCloud.describeExecution),
    runningExecutions: hang('ListExecutions', unitCloud.runningExecutions),
    stopExecution: hang('StopExecution', unitCloud.stopExecution),
  };
  return { broker: brokerOn({ ...cloud, unitCloud: hung }), asked, end };
}

async function queued(brain: Brain, count: number): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let i = 0; i < count; i++) jobs.push(await brain.queue());
  return jobs;
}

/** More of the same, all due; quicker than submits. */
async function copies(job: Job, count: number): Promise<Job[]> {
  const many = Array.from({ length: count }, (_, i) => ({
    ...job,
    jobId: `${job.jobId.slice(0, -3)}${100 + i}`,
  }));
  await Promise.all(many.map((copy) => cloud.stores.jobs.create(copy)));
  return many;
}

/** The account has hung for half a minute, and gives up; until each of these jobs waits for another try. */
async function endAfterLong(end: () => void, jobs: readonly Job[]): Promise<void> {
  cloud.clock.advance(30_000);
  const since = cloud.clock();
  end();
  const isPutOff = async ({ jobId }: Job): Promise<boolean> => {
    const job = await cloud.stores.jobs.get(jobId);
    const asked = job?.executionArn !== undefined || /trying again/.test(String(job?.history.at(-1)?.note));
    return asked && Number(job?.dueAt) > since;
  };
  for (let i = 0; i < 200 && !(await Promise.all(jobs.map(isPutOff))).every(Boolean); i++) await pause(20);
}

/** Nobody shall find them any more. */
async function dismissed(brain: Brain, jobs: readonly Job[]): Promise<void> {
  await Promise.all(
    jobs.map(({ jobId }) => brain.moves.move(jobId, { by: 'test' }, () => ({ state: 'canceled' }))),
  );
}

t.test(
  'F33: a list that is never answered is given up, and its jobs are looked at by themselves',
  async (t) => {
    const bad = await startBrain(t, cloud);
    const jobs = await queued(bad, 3);
    await bad.ticker.tick();
    cloud.clock.advance(3 * MINUTE);
    const { broker, asked, end } = hanging(bad.unit);
    const done = broker.ticker.tick();
    for (let i = 0; i < 50 && asked.length === 0; i++) await pause(20);
    broker.timers.fire(250);
    await Promise.race([done, pause(1_000)]);
    t.same(asked, ['ListExecutions']);
    broker.timers.fire(1_000);
    broker.timers.fire(3 * MINUTE);
    for (let i = 0; i < 50 && asked.length === 1; i++) await pause(20);
    t.equal(asked[1], 'DescribeExecution');
    end();
    await Promise.race([broker.ticker.stop(), pause(500)]);
    await dismissed(bad, jobs);
  },
);

t.test('F33: jobs that run in an account that hangs do not hold up the start of others', async (t) => {
  const [bad, good] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const jobs = await queued(bad, 6);
  await bad.ticker.tick();
  cloud.clock.advance(3 * MINUTE);
  const { broker, asked, end } = hanging(bad.unit);
  /** Ticks; the patience of the tick ends when `seen`. */
  const tick = async (seen: () => unknown): Promise<unknown> => {
    const done = broker.ticker.tick();
    for (let i = 0; i < 100; i++) {
      if (await seen()) broker.timers.fire(250);
      if ((await Promise.race([done, pause(20)])) !== 'late') return done;
    }
    return 'never ended';
  };
  t.equal(await tick(() => asked.length), 6, 'the tick ends though the account hangs');
  const job = await good.queue();
  broker.ticker.nudge(job.jobId);
  const started = async () => (await good.jobs.get(job.jobId))?.executionArn;
  t.equal(await tick(started), 1, 'what hangs is not begun again');
  t.ok(await started(), 'started by the next tick');
  t.same(asked, ['ListExecutions']);
  await endAfterLong(end, jobs);
  t.same(asked, ['ListExecutions'], 'no job of the account is asked for by itself after that');
  for (const { jobId } of jobs) {
    const put = await bad.jobs.get(jobId);
    t.match(put, { executionArn: String, tries: 0 }, 'nobody was asked: it does not count as a look');
    t.ok(
      Number(put?.dueAt) > cloud.clock() && Number(put?.dueAt) < cloud.clock() + MINUTE,
      'it comes back soon',
    );
  }
  cloud.clock.advance(MINUTE);
  await bad.another().ticker.tick();
  const seen = await Promise.all(jobs.map(({ jobId }) => bad.jobs.get(jobId)));
  t.ok(
    seen.every((one) => one?.state === 'running' && Number(one.dueAt) > cloud.clock()),
    'and goes on',
  );
});

t.test('F33: starts in an account that hangs leave room for others, also where no nudge came', async (t) => {
  const [bad, good] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const [one] = await queued(bad, 1);
  const jobs = [one, ...(await copies(one, 59))];
  const { broker, asked, end } = hanging(bad.unit);
  cloud.clock.advance(2_000);
  const first = broker.ticker.tick();
  for (let i = 0; i < 200 && asked.length < 8; i++) await pause(20);
  broker.timers.fire(250);
  await first;
  t.equal(asked.length, 8, 'not all lanes');
  const job = await good.queue();
  cloud.clock.advance(2_000);
  // Sixty older jobs are due and fifty are held; it is found behind them.
  const second = broker.ticker.tick();
  for (let i = 0; i < 200 && !(await good.jobs.get(job.jobId))?.executionArn; i++) await pause(20);
  broker.timers.fire(250);
  await second;
  await endAfterLong(end, jobs);
  t.equal(asked.length, 8, 'the others were put off without asking');
  const found = await Promise.all(jobs.map(({ jobId }) => bad.jobs.get(jobId)));
  t.ok(found.every((one) => one?.executionArn === undefined));
  const states = found.map((one) => one?.state);
  t.equal(states.filter((state) => state === 'starting').length, 8, 'these may have begun');
  t.equal(states.filter((state) => state === 'queued').length, 52, 'these certainly have not');
  await dismissed(bad, jobs);
});

t.test('F33: with many more waiting than one unit may hold, others are found behind them', async (t) => {
  const [bad, good] = [await startBrain(t, cloud), await startBrain(t, cloud)];
  const [first] = await queued(bad, 1);
  const { broker, asked, end } = hanging(bad.unit);
  const jobs = await copies(first, 420);
  cloud.clock.advance(2_000);
  const tick = async (): Promise<void> => {
    const done = broker.ticker.tick();
    await pause(100);
    broker.timers.fire(250);
    await done;
  };
  await tick();
  for (let i = 0; i < 200 && asked.length < 8; i++) await pause(20);
  t.equal(asked.length, 8);
  broker.timers.fire(1_000);
  const job = await good.queue();
  const isStarted = async () => (await good.jobs.get(job.jobId))?.executionArn;
  for (let i = 0; i < 40 && !(await isStarted()); i++) await tick();
  t.ok(await isStarted(), 'started beside it');
  for (let i = 0; i < 5; i++) await tick();
  const putOff = (await Promise.all(jobs.map(({ jobId }) => cloud.stores.jobs.get(jobId)))).filter(
    (one) => Number(one?.dueAt) > cloud.clock() + 29_000,
  );
  t.ok(putOff.length > 150, `${putOff.length} of them do not wait here`);
  t.ok(
    putOff.every((one) => one?.state === 'queued' && one.tries === 0),
    'nothing has happened to them',
  );
  const stopped = broker.ticker.stop();
  broker.timers.fire(10_000);
  await stopped;
  const before = asked.length;
  end();
  await pause(300);
  t.equal(asked.length, before, 'a process that ends begins nothing more');
});

t.test('lanes: a group that hangs has two pieces under way, the others all the rest', async (t) => {
  const timers = createHandTimers();
  const lanes = createFairLanes({ lanes: 5, perGroup: 3, slowMs: 1_000, slowPerGroup: 2, most: 7, timers });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const run = (group: string): Promise<void> =>
    lanes.run(group, async () => {
      begun.push(group);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  const done = ['a', 'a', 'a', 'a', 'a', 'b', 'b'].map(run);
  t.same(begun, ['a', 'a', 'a', 'b', 'b'], 'one group never has all');
  t.equal(timers.fire(1_000), 5);
  t.equal(begun.length, 5, 'nothing is added to what hangs');
  done.push(...['c', 'd', 'e'].map(run));
  t.same(begun.slice(5), ['c', 'd'], 'but it gives its lanes away: seven at most');
  for (const end of ends.splice(0, 2)) end();
  await Promise.all(done.slice(0, 2));
  t.same(begun.slice(7), ['e', 'a'], 'as soon as fewer than two of a group hang, one of it is begun');
  while (ends.length > 0) {
    ends.shift()?.();
    await pause(0);
  }
  await Promise.all(done);
  t.same(timers.set(), []);
  await t.rejects(
    lanes.run('a', async () => {
      throw new Error('as the work does');
    }),
    { message: 'as the work does' },
  );
});
