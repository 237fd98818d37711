/** The one way to change a stored job: read, decide, write if nobody else was faster, else again. */
import { AppError } from '../src/errors.ts';
import type { HistoryEntry, Job, JobState } from '../src/schemas/job.ts';
import { isTerminal, mayMove } from './lifecycle.ts';
import type { Clock, JobStore } from './ports.ts';

/** Longest history kept in a job; states are few, so this is only reached by endless retries. */
const MAX_HISTORY = 200;
/** Losers of a race read again; more rounds than this mean a store that does not work. */
const MAX_ROUNDS = 12;

export type Change = Partial<Omit<Job, 'jobId' | 'ownerId' | 'version' | 'history' | 'state'>> & {
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
}

/** Creates the writer of moves. */
export function createMoves({ jobs, clock }: { jobs: JobStore; clock: Clock }): Moves {
  return {
    async move(jobId, cause, decide) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const job = await jobs.get(jobId);
        if (!job) return undefined;
        const change = decide(job);
        if (!change) return job;
        const next = applyChange(job, change, cause, clock());
        if (await jobs.replace(next)) return next;
      }
      throw new AppError('unavailable', `job ${jobId} is being changed by too many at once`);
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
    updatedAt: now,
    history: moved ? [...job.history, entry].slice(-MAX_HISTORY) : job.history,
  };
  if (isTerminal(state)) {
    next.finishedAt ??= now;
    next.dueAt = undefined;
  }
  return next;
}
