/**
 * Jobs whose steps fail in ways that nobody expected. Each is tried a few times, less and less often; then it is set
 * aside, where it costs nothing and holds up nobody, until an operator lets it go. What is only unavailable or
 * throttled is no poison: that is waited for.
 */
import { AppError } from '../../src/errors.ts';
import { isTerminal } from '../jobs/lifecycle.ts';
import type { Moves } from '../jobs/moves.ts';
import type { AsideJob, AsideStore, Clock, Ids, JobStore, Log } from '../ports.ts';
import { createFailing, passes } from './failing.ts';

/** Failures in a row, in one process, after which a job is set aside. */
export const MAX_FAILURES = 5;
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
  /** Sets a job aside. Throws as the store does. */
  setAside(jobId: string, error: unknown, failures: number): Promise<void>;
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
  /** Told of a release: returns after how many milliseconds the job may be due again. */
  pardon: (jobId: string) => Promise<number>;
}

/** Creates the watch over failing jobs of one broker process. */
export function createPoison({ aside, jobs, moves, clock, ids, log, pardon }: PoisonDeps): Poison {
  const failing = createFailing(clock, ids.random);
  let count = 0;
  let releases = 0;

  async function setAside(jobId: string, error: unknown, failures: number): Promise<void> {
    // Listed first: whatever is left alone, an operator sees.
    await aside.put({ jobId, at: clock(), error: textOf(error), failures });
    await noted(jobId, 'set aside after unexpected failures: an operator has to look at it', undefined);
    failing.cleared(jobId);
    count++;
    log.error({ jobId, failures, err: error }, 'a job was set aside: its steps fail');
  }

  /** Tells its owner, if the job can be written at all. Who is set aside has no due time, and is not looked at. */
  async function noted(
    jobId: string,
    note: string,
    dueAt: number | undefined,
    from?: 'aside',
  ): Promise<void> {
    try {
      await moves.move(jobId, { by: 'broker', note }, (job) => {
        const other = job.dueAt === dueAt || (from === 'aside' && job.dueAt !== undefined);
        return isTerminal(job.state) || other ? undefined : { dueAt };
      });
    } catch (error) {
      // A store that is away says nothing of the job: it would be left without a due time, and on no list.
      if (from === 'aside' && passes(error)) throw error;
      log.warn({ jobId, err: error, note }, 'the owner of a job could not be told');
    }
  }

  return {
    mayTry: failing.mayTry,
    waiting: failing.waiting,
    cleared: failing.cleared,
    setAside,
    count: () => count,
    releases: () => releases,
    list: (limit) => aside.list(limit),

    async failed(jobId, error) {
      const failures = failing.failed(jobId, error);
      try {
        if (failures >= MAX_FAILURES) return await setAside(jobId, error, failures);
      } catch (problem) {
        log.error({ jobId, err: problem }, 'a failing job could not be set aside');
      }
    },

    async release(jobId) {
      const dueAt = clock() + (await pardon(jobId));
      const note = 'tried again: an operator has looked at it';
      // Due first: if this process dies in between, it is listed and can be let go again.
      await noted(jobId, note, dueAt, 'aside');
      const entry = await aside.release(jobId, (await isOpen(jobId)) ? dueAt : undefined);
      if (!entry) {
        const remedy =
          'Check the id: the status lists the jobs that are set aside. All others go on by themselves.';
        throw new AppError('not_found', `job ${jobId} is not set aside`, { remedy });
      }
      failing.cleared(jobId);
      releases++;
      log.warn({ jobId }, 'an operator let a job go that was set aside');
      // One that an older release has set aside still has the due time of that moment.
      await noted(jobId, note, dueAt);
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

function textOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, MAX_ERROR);
}
