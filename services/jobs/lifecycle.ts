/**
 * The life of a job as data. Every stored move is one conditional write on the version that was read;
 * a move that this table does not list is never written.
 *
 * Terminal states are sinks, per attempt: no move leads out of them, so nothing that an attempt still has
 * under way (a late callback, a slow start, another broker) can bring it back. A person may begin a new
 * attempt of a job. That is no move of this table but a write of its own (`newAttempt` in moves.ts): it
 * changes attempt, execution name, object keys and callback token together, and every step that was begun for
 * an earlier attempt compares the attempt (or the version) before it writes.
 */
import type { HistoryEntry, Job, JobState } from '../../src/schemas/job.ts';

export const MOVES: Record<JobState, readonly JobState[]> = {
  queued: ['starting', 'running', 'failed', 'canceled', 'lost'],
  starting: ['queued', 'running', 'canceling', 'succeeded', 'failed', 'canceled', 'lost'],
  running: ['canceling', 'succeeded', 'failed', 'canceled', 'lost'],
  canceling: ['succeeded', 'failed', 'canceled', 'lost'],
  succeeded: [],
  failed: [],
  canceled: [],
  lost: [],
};

/** True if nothing can happen to a job in this state any more. */
export function isTerminal(state: JobState): boolean {
  return MOVES[state].length === 0;
}

/** True if no execution of it is known yet. */
export function isUnstarted({ state, executionArn }: Pick<Job, 'state' | 'executionArn'>): boolean {
  return state === 'queued' || (state === 'starting' && !executionArn);
}

/** States from which a person may begin a new attempt. A job that succeeded keeps its result. */
const ENDED_WITHOUT_RESULT: readonly JobState[] = ['failed', 'canceled', 'lost'];

/** True if a new attempt may begin after an attempt that ended in this state. */
export function mayRetry(state: JobState): boolean {
  return ENDED_WITHOUT_RESULT.includes(state);
}

/** True if a job may move from one state to the other; staying is always allowed while not terminal. */
export function mayMove(from: JobState, to: JobState): boolean {
  return from === to ? !isTerminal(from) : MOVES[from].includes(to);
}

/**
 * The move that made this version of a job: a job that has just been written is in another state than before. Undefined
 * for a version that a note, a new name or another look has made. Every version is announced and counted by this.
 */
export function moveOf({ state, history, updatedAt }: Job): HistoryEntry | undefined {
  const [last, before] = history.slice(-2).reverse();
  return last?.at === updatedAt && last.state === state && before?.state !== state ? last : undefined;
}

/** The time of a write that moves nothing: never that of the last move, or it would be taken for the move again. */
export function timeOfRest({ history }: Job, now: number): number {
  return Math.max(now, (history.at(-1)?.at ?? 0) + 1);
}
