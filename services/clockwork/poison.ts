/**
 * Jobs whose steps fail in ways that nobody expected. Each is tried a few times, less and less often; then it is set
 * aside, where it costs nothing and holds up nobody, until an operator lets it go. What is only unavailable or
 * throttled is no poison: that is waited for.
 */
import { AppError } from '../../src/errors.ts';
import { isTerminal } from '../jobs/lifecycle.ts';
import type { Change, Moves } from '../jobs/moves.ts';
import {
  type AsideJob,
  type AsideStore,
  type Clock,
  CloudError,
  type Ids,
  type JobStore,
  type Log,
} from '../ports.ts';
import { backoffMs } from './backoff.ts';

/** Failures in a row, in one process, after which a job is set aside. */
export const MAX_FAILURES = 5;
/** Jobs with failures that one process remembers; of more, the oldest is forgotten and counts anew. */
const MAX_REMEMBERED = 1_000;
const MAX_ERROR = 300;

export interface Poison {
  /** False while a job that has failed waits for its next try. */
  mayTry(jobId: string): boolean;
  /** How many have failed and were not tried again, or not with success. */
  waiting(): number;
  /** A step of the job went well. */
  cleared(jobId: string): void;
  /** A step of the job has thrown. Never throws. */
  failed(jobId: string, error: unknown): Promise<void>;
  /** Jobs that this process has set aside. */
  count(): number;
  /** Jobs that this process has let go. */
  releases(): number;
  list(limit: number): Promise<AsideJob[]>;
  /** Lets a job go: its next step comes soon, if it is open. Throws AppError not_found. */
  release(jobId: string): Promise<AsideJob>;
}

export interface PoisonDeps {
  aside: AsideStore;
  jobs: Pick<JobStore, 'get'>;
  moves: Pick<Moves, 'move'>;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
  log: Log;
}

/** Creates the watch over failing jobs of one broker process. */
export function createPoison({ aside, jobs, moves, clock, ids, log }: PoisonDeps): Poison {
  const failing = new Map<string, { failures: number; notBefore: number }>();
  let count = 0;
  let releases = 0;

  async function setAside(jobId: string, failures: number, error: unknown): Promise<void> {
    await noted(jobId, 'set aside after unexpected failures: an operator has to look at it');
    await aside.put({ jobId, at: clock(), error: textOf(error), failures });
    failing.delete(jobId);
    count++;
    log.error({ jobId, failures, err: error }, 'a job was set aside: its steps fail');
  }

  /** Tells its owner, if the job can be written at all. */
  async function noted(jobId: string, note: string, change: Change = {}): Promise<void> {
    try {
      await moves.move(jobId, { by: 'broker', note }, (job) => (isTerminal(job.state) ? undefined : change));
    } catch (error) {
      log.warn({ jobId, err: error, note }, 'the owner of a job could not be told');
    }
  }

  return {
    mayTry: (jobId) => (failing.get(jobId)?.notBefore ?? 0) <= clock(),
    waiting: () => failing.size,
    cleared: (jobId) => void failing.delete(jobId),
    count: () => count,
    releases: () => releases,
    list: (limit) => aside.list(limit),

    async failed(jobId, error) {
      if (passes(error)) return;
      const failures = (failing.get(jobId)?.failures ?? 0) + 1;
      try {
        if (failures >= MAX_FAILURES) return await setAside(jobId, failures, error);
      } catch (problem) {
        log.error({ jobId, err: problem }, 'a failing job could not be set aside');
      }
      const [oldest] = failing.keys();
      if (failing.size >= MAX_REMEMBERED) failing.delete(oldest);
      failing.set(jobId, { failures, notBefore: clock() + backoffMs('unexpected', failures, ids.random()) });
    },

    async release(jobId) {
      const entry = await aside.release(jobId, (await isOpen(jobId)) ? clock() : undefined);
      if (!entry) throw new AppError('not_found', `job ${jobId} is not set aside`);
      failing.delete(jobId);
      releases++;
      log.warn({ jobId }, 'an operator let a job go that was set aside');
      await noted(jobId, 'tried again: an operator has looked at it', { dueAt: clock() });
      return entry;
    },
  };

  /** An unreadable job is tried again: this may be the release that can read it. */
  async function isOpen(jobId: string): Promise<boolean> {
    try {
      const job = await jobs.get(jobId);
      return job !== undefined && !isTerminal(job.state);
    } catch (error) {
      if (passes(error)) throw error;
      return true;
    }
  }
}

/** True for what is over by itself. */
function passes(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'unavailable';
  return error instanceof CloudError && (error.problem === 'unavailable' || error.problem === 'throttled');
}

function textOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, MAX_ERROR);
}
