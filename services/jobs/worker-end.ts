/**
 * When the worker of a canceled job has ended. An aborted execution has its Fargate task stopped by Step Functions, as
 * well as that goes; a Lambda runs on, and learns of the cancel by the answers to its reports. Reports may be lost: a
 * worker that nobody has heard of may have begun all the same.
 */
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { CURVES } from '../clockwork/backoff.ts';
import { D_CANCEL_MS } from '../clockwork/deadlines.ts';
import { type Clock, CloudError, type ExecutionState, type Log, type UnitCloud } from '../ports.ts';

/** A worker reports every few seconds; one that was silent for so long has ended. */
const QUIET_MS = 30_000;
/** A worker's first report comes as it begins: after the choice of the platform, and a cold start or the pull of its image. */
const START_MS = 90_000;
/** Pauses between looks: at first, and after a minute. */
const SOON_MS = 2_000;
const LATER_MS = 10_000;
/** A job is not kept `canceling` longer than this: what may still run is said then, one look before its deadline. */
const STUBBORN_MS = D_CANCEL_MS - 15_000;
/** Where a fault kept the stop back, it came one longest pause after the end of that: so much less is left. */
const STUBBORN_AFTER_STOP_MS = STUBBORN_MS - CURVES.refused.capMs;

const BUNDLE = 'Its worker has stopped and left a bundle.';
const SILENT = `The execution was stopped, and its worker has not been heard of for ${QUIET_MS / 1000} seconds.`;
const STUBBORN =
  'Its worker still reports: stop the task in the account, or it runs on until its time limit.';
const UNKNOWN =
  'The execution was stopped. No worker has ever reported: one that had begun may run on until its time limit.';

/**
 * What is known of the worker of a canceled job whose execution was aborted, in words; undefined while it may work
 * and the deadline of the cancel is not over. Throws nothing that AWS says.
 */
export type WorkerEnd = (unit: Unit, job: Job, aborted: ExecutionState) => Promise<string | undefined>;

/** Creates the look at a worker that was told to stop. */
export function createWorkerEnd(deps: {
  cloud: Pick<UnitCloud, 'headObject'>;
  clock: Clock;
  log: Log;
}): WorkerEnd {
  const { cloud, clock, log } = deps;

  async function leftBundle(unit: Unit, job: Job): Promise<boolean> {
    try {
      await cloud.headObject(unit, job.failureBundle);
      return true;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const { problem, awsCode } = error;
      // A bundle is the quick proof; without one the cancel still keeps its deadline.
      if (problem !== 'not_found') log.warn({ jobId: job.jobId, problem, awsCode }, 'no bundle can be seen');
      return false;
    }
  }

  return async function workerEnd(unit, job, { startedAt = job.startedAt, stoppedAt = 0 }) {
    const now = clock();
    const told = Math.max(canceledAt(job), stoppedAt);
    const lastSign = job.progress?.at;
    // Of one that ran for long somebody would have heard, unless its reports are lost: then silence says nothing.
    const silenceTells = lastSign !== undefined || told - (startedAt ?? told) < START_MS;
    if (silenceTells && now - Math.max(lastSign ?? told, told) > QUIET_MS)
      return lastSign === undefined ? UNKNOWN : SILENT;
    if (await leftBundle(unit, job)) return BUNDLE;
    if (now <= Math.max(canceledAt(job) + STUBBORN_MS, stoppedAt + STUBBORN_AFTER_STOP_MS)) return undefined;
    return lastSign === undefined ? UNKNOWN : STUBBORN;
  };
}

/**
 * Whether a canceled job has ended without a sign that its worker has: one that still reported, or one that has run for
 * long and of which nobody has heard. A bundle that it has left says otherwise.
 */
export function mayRunOn(job: Job): boolean {
  const { state, executionArn, history, startedAt, finishedAt = 0, progress } = job;
  if (state !== 'canceled' || executionArn === undefined) return false;
  if (progress) return finishedAt - progress.at <= QUIET_MS;
  const told = history.at(-2)?.state === 'canceling' ? canceledAt(job) : finishedAt;
  return told - (startedAt ?? told) >= START_MS;
}

/** When the job was canceled: the first entry of its last cancel, whatever was noted since. */
export function canceledAt({ history, createdAt }: Pick<Job, 'history' | 'createdAt'>): number {
  const last = history.findLastIndex(({ state }) => state === 'canceling');
  const before = history.slice(0, last + 1).findLastIndex(({ state }) => state !== 'canceling');
  return last < 0 ? createdAt : history[before + 1].at;
}

/** Until the next look at a job whose execution was told to stop: each one is a write. */
export function pauseMs(job: Job, now: number): number {
  return job.state === 'canceling' && now - canceledAt(job) > 60_000 ? LATER_MS : SOON_MS;
}
