/**
 * The life of a job as data. Every stored move is one conditional write on the version that was read;
 * a move that this table does not list is never written. Terminal states are sinks.
 */
import type { JobState } from '../src/schemas/job.ts';

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

/** True if a job may move from one state to the other; staying is always allowed while not terminal. */
export function mayMove(from: JobState, to: JobState): boolean {
  return from === to ? !isTerminal(from) : MOVES[from].includes(to);
}
