/** The one way to change a stored job: read, decide, write if nobody else was faster, else again. */
import { AppError } from '../../src/errors.ts';
import type { HistoryEntry, Job, JobState } from '../../src/schemas/job.ts';
import type { Usage } from '../../src/schemas/limits.ts';
import type { Clock, JobStore } from '../ports.ts';
import { earlierRuns } from './earlier-runs.ts';
import { isTerminal, mayMove, timeOfRest } from './lifecycle.ts';
import { type ChosenAttempt, LOOK_AGAIN_MS, newAttempt, withEntry } from './new-attempts.ts';

/** Losers of a race read again; more rounds than this mean a store that does not work. */
const MAX_ROUNDS = 12;

/** What a move may change. Who and which attempt a job is never changes by a move. */
export type Change = Partial<
  Omit<Job, 'jobId' | 'ownerId' | 'version' | 'attempt' | 'earlier' | 'history' | 'state'>
> & {
  state?: JobState;
};

export interface Cause {
  /** Who caused the move: `broker`, `step-functions`, `worker`, `user:<id>`. */
  readonly by: string;
  readonly note?: string;
}

export interface Moves {
  /**
   * Applies `decide` to the newest stored job until the write succeeds. `decide` returns undefined to leave
   * the job as it is. Returns the job as stored at the end, or undefined if there is no such job.
   * A move the lifecycle does not list is a programming error and throws.
   */
  move(jobId: string, cause: Cause, decide: (job: Job) => Change | undefined): Promise<Job | undefined>;
  /**
   * The same loop for a new attempt; `decide` gives its names. Throws if the attempt before has not ended. With
   * `usages`, which are written with it, there is one round: `usage_changed` if somebody else was faster.
   */
  retry(
    jobId: string,
    cause: Cause,
    decide: (job: Job) => ChosenAttempt | undefined,
    usages: readonly Usage[],
  ): Promise<Job | undefined | 'usage_changed'>;
  /** The same loop for attempts that the broker begins by itself; `next` is one of new-attempts.ts. */
  attempt(jobId: string, next: (job: Job, now: number) => Job | undefined): Promise<Job | undefined>;
  /** The same loop for when a job that has ended is looked at again (late-repair.ts); undefined: never. */
  lookAgain(jobId: string, from: number, lookAgainAt: number | undefined): Promise<Job | undefined>;
  /** The same loop for the alias of a job that has ended: no state changes, so it is no move. */
  rename(jobId: string, decide: (job: Job) => string | undefined): Promise<Job | undefined>;
}

/** Creates the writer of moves. */
export function createMoves({ jobs, clock }: { jobs: JobStore; clock: Clock }): Moves {
  async function rewrite(
    jobId: string,
    next: (job: Job, now: number) => Job | undefined,
  ): Promise<Job | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const job = await jobs.get(jobId);
      const changed = job && next(job, clock());
      if (!changed) return job;
      if (await jobs.replace(changed)) return changed;
    }
    throw new AppError('unavailable', `job ${jobId} is being changed by too many at once`);
  }

  return {
    move(jobId, cause, decide) {
      return rewrite(jobId, (job, now) => {
        const change = decide(job);
        return change && applyChange(job, change, cause, now);
      });
    },
    async retry(jobId, cause, decide, usages) {
      const next = (job: Job, now: number): Job | undefined => {
        const names = decide(job);
        return names && newAttempt(job, names, cause, now);
      };
      if (usages.length === 0) return rewrite(jobId, next);
      const job = await jobs.get(jobId);
      const changed = job && next(job, clock());
      if (!changed) return job;
      return (await jobs.replace(changed, usages)) ? changed : 'usage_changed';
    },
    attempt: rewrite,
    lookAgain(jobId, from, lookAgainAt) {
      return rewrite(jobId, (job, now) =>
        job.version === from && isTerminal(job.state)
          ? { ...job, lookAgainAt, version: job.version + 1, updatedAt: timeOfRest(job, now) }
          : undefined,
      );
    },
    rename(jobId, decide) {
      return rewrite(jobId, (job, now) => {
        const alias = decide(job);
        if (alias === undefined) return undefined;
        return { ...job, alias, version: job.version + 1, updatedAt: timeOfRest(job, now) };
      });
    },
  };
}

/** The job after a change: version + 1, history extended when the state changes or a note says something. */
export function applyChange(job: Job, change: Change, cause: Cause, now: number): Job {
  const state = change.state ?? job.state;
  if (!mayMove(job.state, state))
    throw new Error(`illegal move ${job.state} -> ${state} of job ${job.jobId}`);
  const entry: HistoryEntry = { state, at: now, by: cause.by, ...(cause.note ? { note: cause.note } : {}) };
  const moved = state !== job.state || cause.note !== undefined;
  const next: Job = {
    ...job,
    ...change,
    state,
    version: job.version + 1,
    updatedAt: moved ? now : timeOfRest(job, now),
    history: moved ? withEntry(job.history, entry) : job.history,
  };
  if (isTerminal(state)) {
    next.finishedAt ??= now;
    next.dueAt = undefined;
    if (state === 'lost' || earlierRuns(next, now).length > 0) next.lookAgainAt = now + LOOK_AGAIN_MS[0];
  }
  return next;
}
