/** Cancels whose stop is refused or has no effect, executions that are not found: what is true of the execution and of its worker decides. */
import t from 'tap';
import { createAudit } from '../../services/audit/audit.ts';
import { D_CANCEL_MS, D_CB_MS } from '../../services/clockwork/deadlines.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { executionArn } from '../../services/jobs/naming.ts';
import { createObserve } from '../../services/jobs/observe.ts';
import { canceledAt } from '../../services/jobs/worker-end.ts';
import { CloudError, type CloudProblem, type ExecutionState } from '../../services/ports.ts';
import { createIds } from '../../src/aws/ids.ts';
import { storesOn } from '../../src/aws/stores/stores.ts';
import type { Job } from '../../src/schemas/job.ts';
import { memoryCloud } from '../helpers/memory-cloud.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';
import { sampleJob, sampleUnit } from '../helpers/samples.ts';

const JOB = '01JGK0000000000000000CANCEL';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A job that ran for `ranMs` and has just been canceled. */
async function canceled(ranMs: number, more: Partial<Job> = {}) {
  let now = 1_700_000_000_000;
  const clock = (): number => now;
  const log = createMemoryLog();
  const stores = storesOn(createMemoryTable(log), clock);
  const unit = sampleUnit();
  await stores.units.put(unit);
  const startedAt = now - ranMs;
  const job = sampleJob({
    jobId: JOB,
    unitId: unit.unitId,
    state: 'canceling',
    startedAt,
    createdAt: startedAt,
  });
  const arn = executionArn(unit.stateMachineArn, job.executionName);
  const history = [{ state: 'canceling', at: now, by: 'user:1' } as const];
  const deadlineAt = startedAt + 370 * MINUTE;
  await stores.jobs.create({ ...job, executionArn: arn, history, deadlineAt, dueAt: now, ...more });
  const cloud = memoryCloud(clock);
  const execution = (change: Partial<ExecutionState>): void => {
    const nothing = {
      input: '{}',
      output: undefined,
      error: undefined,
      cause: undefined,
      stoppedAt: undefined,
    };
    cloud.executions.set(arn, { arn, status: 'RUNNING', startedAt, ...nothing, ...change });
  };
  execution({});
  const moves = createMoves({ jobs: stores.jobs, clock });
  const ids = createIds(clock);
  const audit = createAudit({ store: stores.audit, clock, ids, log });
  const deps = { units: stores.units, moves, clock, ids, log, audit, tokenSecret: 'secret' };
  const observe = createObserve({ ...deps, cloud });
  const stored = async (): Promise<Job> => (await stores.jobs.get(JOB)) as Job;
  return {
    cloud,
    execution,
    refuseStop(problem: CloudProblem): void {
      cloud.stopExecution = async () => {
        throw new CloudError(problem, 'StopExecution', 'Refused', 'ordered by the test');
      };
    },
    /** Looks whenever the job is due, until it has ended or `ms` are over; says after how long it ended. */
    async follow(ms: number, between: () => unknown = () => {}): Promise<{ job: Job; afterMs: number }> {
      const from = now;
      for (;;) {
        const job = await stored();
        if (job.dueAt === undefined) return { job, afterMs: now - from };
        if (job.dueAt > from + ms) {
          now = from + ms;
          return { job, afterMs: ms };
        }
        now = Math.max(now, job.dueAt);
        await between();
        await observe(await stored());
      }
    },
  };
}

t.test(
  'F23: a stop that is refused: an execution that has ended by itself ends the job at once',
  async (t) => {
    for (const problem of ['denied', 'throttled', 'unavailable', 'invalid'] as const) {
      const { execution, refuseStop, follow } = await canceled(MINUTE);
      execution({ status: 'FAILED', error: 'noise_missing' });
      refuseStop(problem);
      const { job, afterMs } = await follow(0);
      t.match(job, { state: 'failed', failure: { code: 'noise_missing' } }, problem);
      t.equal(afterMs, 0);
    }
  },
);

t.test('F23: a stop that stays refused: canceling while it runs, and its end is known in time', async (t) => {
  const { execution, refuseStop, follow } = await canceled(MINUTE);
  refuseStop('denied');
  t.equal((await follow(30 * MINUTE)).job.state, 'canceling', 'it runs on');
  execution({ status: 'FAILED', error: 'noise_missing' });
  const { job, afterMs } = await follow(D_CB_MS);
  t.match(job, { state: 'failed', failure: { code: 'noise_missing' } });
  t.ok(afterMs < D_CB_MS, `after ${afterMs} ms`);
});

const reported = (at: number) => ({
  progress: { step: 'read', fraction: 0.1, message: 'slice 1 of 8', at },
});

t.test(
  'F24: a worker that never reported may have begun: canceling until the deadline, then said',
  async (t) => {
    const { cloud, follow } = await canceled(2 * MINUTE);
    t.equal((await follow(4 * MINUTE)).job.state, 'canceling', 'its reports may be lost');
    t.match([...cloud.executions.values()], [{ status: 'ABORTED' }], 'it was stopped at once');
    const { job, afterMs } = await follow(MINUTE);
    t.match(job, { state: 'canceled', failure: { message: /No worker has ever reported.*may run on/ } });
    t.ok(4 * MINUTE + afterMs <= D_CANCEL_MS, 'within the deadline of a cancel');
  },
);

t.test('F24: a run that was stopped before workers report is over when none has begun to', async (t) => {
  const { follow } = await canceled(5 * SECOND);
  t.equal((await follow(29 * SECOND)).job.state, 'canceling', 'one may be about to begin');
  t.match((await follow(5 * SECOND)).job, {
    state: 'canceled',
    failure: { message: /No worker has ever reported.*may run on/ },
  });
});

t.test('F24: a worker that nobody had heard of proves its end by its bundle', async (t) => {
  const { cloud, follow } = await canceled(2 * MINUTE);
  await follow(10 * SECOND);
  const { bucket, key } = sampleJob({ jobId: JOB }).failureBundle;
  cloud.objects.set(`${bucket}/${key}`, { sizeBytes: 1, etag: '', metadata: {} });
  const { job, afterMs } = await follow(MINUTE);
  t.match(job, { state: 'canceled', failure: { message: /stopped and left a bundle/ } });
  t.ok(afterMs < 5 * SECOND);
});

t.test('F24: silence counts from the stop on: before it nobody was told anything', async (t) => {
  const { follow } = await canceled(10 * MINUTE, reported(1_700_000_000_000 - 5 * MINUTE));
  t.equal((await follow(29 * SECOND)).job.state, 'canceling');
  t.match((await follow(5 * SECOND)).job, { state: 'canceled', failure: { message: /not been heard of/ } });
});

t.test('F24: a bundle that may not be looked for keeps no job canceling past its deadline', async (t) => {
  const { cloud, follow } = await canceled(2 * MINUTE);
  cloud.headObject = async () => {
    throw new CloudError('denied', 'HeadObject', 'AccessDenied', 'ordered by the test');
  };
  const { job } = await follow(D_CANCEL_MS);
  t.match(job, { state: 'canceled', failure: { message: /may run on until its time limit/ } });
});

t.test(
  'a note during a cancel does not move the time of the cancel; another attempt has one of its own',
  async (t) => {
    const at = (state: string, at: number, note?: string) => ({ state, at, by: 'broker', note });
    const history = [
      at('running', 1),
      at('canceling', 2, 'cancel requested'),
      at('canceled', 3),
      at('queued', 4),
      at('canceling', 5, 'cancel requested'),
      at('canceling', 9, 'Step Functions does not answer'),
    ] as Job['history'];
    t.equal(canceledAt({ history, createdAt: 0 }), 5);
    t.equal(canceledAt({ history: history.slice(0, 3), createdAt: 0 }), 2);
    t.equal(canceledAt({ history: history.slice(0, 1), createdAt: 7 }), 7);
  },
);

t.test('F22, F29: one look that finds no execution proves nothing; several in a row do', async (t) => {
  const { cloud, follow } = await canceled(10 * MINUTE, { state: 'running' });
  const known = new Map(cloud.executions);
  cloud.executions.clear();
  t.match((await follow(0)).job, { state: 'running', tries: 1 });
  for (const [arn, execution] of known) cloud.executions.set(arn, execution);
  t.match((await follow(5 * SECOND)).job, { state: 'running', tries: 0 }, 'it was wrong once');
  cloud.executions.clear();
  const { job, afterMs } = await follow(D_CB_MS);
  t.match(job, { state: 'lost', failure: { code: 'lost' } });
  t.ok(afterMs > 5 * SECOND && afterMs < D_CB_MS, `after ${afterMs} ms`);
});

t.test(
  'F22: looks that got no answer are no proof: only what is not found several times in a row is lost',
  async (t) => {
    const { cloud, execution, follow } = await canceled(10 * MINUTE, { state: 'running' });
    const describe = cloud.describeExecution;
    let looks = 0;
    let says: (look: number) => CloudProblem | undefined = () => 'unavailable';
    cloud.describeExecution = async (unit, arn) => {
      const problem = says(looks++);
      if (!problem) return describe(unit, arn);
      throw new CloudError(problem, 'DescribeExecution', 'Ordered', 'ordered by the test');
    };
    t.ok((await follow(20 * MINUTE)).job.tries >= 5, 'many looks without an answer');
    for (const problem of ['throttled', 'unavailable'] as const) {
      looks = 0;
      says = (look) => (look % 6 === 0 ? problem : 'not_found');
      t.match((await follow(30 * MINUTE)).job, { state: 'running' }, `five in a row, then ${problem}`);
      t.ok(looks > 12, `${looks} looks`);
    }
    looks = 0;
    says = (look) => (look % 6 === 0 ? undefined : 'not_found');
    t.match((await follow(30 * MINUTE)).job, { state: 'running' }, 'five in a row, then it is seen to run');
    t.ok(looks > 12, `${looks} looks`);
    says = () => undefined;
    execution({ status: 'FAILED', error: 'noise_missing' });
    t.match((await follow(30 * MINUTE)).job, { state: 'failed', failure: { code: 'noise_missing' } });
  },
);
