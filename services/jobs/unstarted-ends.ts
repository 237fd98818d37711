/** How jobs end that nobody has seen start. */
import type { FailureCode } from '../../src/schemas/failures.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Log } from '../ports.ts';
import { isTerminal } from './lifecycle.ts';
import type { Change, Moves } from './moves.ts';
import { failureBody } from './start-failures.ts';

export interface UnstartedEnds {
  /** Nobody can say whether it has begun. Late repair goes on looking. */
  lose(job: Job, message: string): Promise<void>;
  /** The same, as part of another move. */
  lost(job: Job, message: string): Change;
  fail(job: Job, code: FailureCode, message: string): Promise<void>;
  /** Nobody is there to want the result any more, or to pay for it. */
  withdraw(job: Job): Promise<void>;
}

/** Creates the ends. A job that has ended meanwhile, or has begun after all, stays as it is. */
export function createUnstartedEnds({ moves, log }: { moves: Moves; log: Log }): UnstartedEnds {
  async function end(job: Job, note: string, change: () => Change): Promise<void> {
    await moves.move(job.jobId, { by: 'broker', note }, (latest) =>
      isTerminal(latest.state) || latest.attempt !== job.attempt || latest.executionArn
        ? undefined
        : change(),
    );
  }

  function lost({ jobId }: Job, message: string): Change {
    log.error({ jobId, state: 'lost', code: 'lost' }, 'job settled');
    return { state: 'lost', failure: failureBody('lost', message) };
  }

  return {
    lost,
    lose: (job, message) => end(job, 'lost', () => lost(job, message)),
    fail(job, code, message) {
      log.warn({ jobId: job.jobId, unitId: job.unitId, code }, 'job could not be started');
      return end(job, code, () => ({ state: 'failed', failure: failureBody(code, message) }));
    },
    withdraw(job) {
      log.info({ jobId: job.jobId }, 'job of a closed account not started');
      const message = 'The account of the person who submitted the job was closed.';
      return end(job, 'account closed', () => ({
        state: 'canceled',
        failure: failureBody('canceled', message),
      }));
    },
  };
}
