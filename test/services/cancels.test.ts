/** Cancels whose stop is refused or has no effect: what is true of the execution and of its worker decides. */
import t from 'tap';
import { D_CB_MS } from '../../services/clockwork/deadlines.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { executionArn } from '../../services/jobs/naming.ts';
import { createObserve } from '../../services/jobs/observe.ts';
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
  const deps = { units: stores.units, moves, clock, ids: createIds(clock), log, tokenSecret: 'secret' };
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
