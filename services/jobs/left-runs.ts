/**
 * What may still run of a job that is about to be deleted. A lost attempt was given up without a look at its execution;
 * the worker of a canceled one may not have been seen to end. What such a worker writes after the delete would stay in
 * the account for good: the execution is stopped first, and the delete waits until its worker has certainly ended.
 */
import { AppError } from '../../src/errors.ts';
import type { EarlierAttempt, Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type UnitCloud } from '../ports.ts';
import { executionOfAttempt } from './earlier-runs.ts';
import { mayRunOn } from './worker-end.ts';

/** Lambda ends a function after so long, whoever has stopped its execution; Fargate stops a task much sooner. */
export const WORKER_LIMIT_MS = 15 * 60_000;

export interface LeftRunsDeps {
  cloud: Pick<UnitCloud, 'stopExecution' | 'describeExecution' | 'headObject'>;
  clock: Clock;
}

/**
 * Ends what may still run of an attempt; `there` is where it was started. Throws AppError `conflict` while its worker
 * may write, and CloudError.
 */
export type EndRun = (there: Unit, job: Job, attempt: Job | EarlierAttempt) => Promise<void>;

/** Creates the look at what a job has left running. */
export function createEndRun({ cloud, clock }: LeftRunsDeps): EndRun {
  async function writesUntil(there: Unit, arn: string, attempt: Job | EarlierAttempt): Promise<number> {
    if (attempt.state === 'lost') await cloud.stopExecution(there, arn, 'its job was deleted');
    const { status, stoppedAt = clock() } = await cloud.describeExecution(there, arn);
    // Such ends follow that of the worker.
    if (status === 'SUCCEEDED' || status === 'FAILED') return 0;
    const until = stoppedAt + WORKER_LIMIT_MS;
    // The bundle is the last thing that a worker writes.
    return until > clock() && !(await isThere(() => cloud.headObject(there, attempt.failureBundle)))
      ? until
      : 0;
  }

  return async function endRun(there, job, attempt) {
    const isOpen = attempt.state === 'lost' || (attempt === job && mayRunOn(job));
    const arn = executionOfAttempt(job.jobId, attempt);
    if (!isOpen || arn === undefined) return;
    let until = 0;
    await isThere(async () => {
      until = await writesUntil(there, arn, attempt);
    });
    if (until === 0) return;
    const time = new Date(until).toISOString();
    throw new AppError('conflict', `the job was stopped, but its worker may write until ${time}`, {
      remedy: 'Delete the job after that time: then everything that it has left goes with it.',
    });
  };
}

/** False if what is asked for does not exist. */
async function isThere(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof CloudError && error.problem === 'not_found') return false;
    throw error;
  }
}
