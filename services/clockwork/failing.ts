/**
 * What one process has failed to do in ways that nobody expected: an item that cannot be read, a defect. It is tried
 * again less and less often, and whoever asks an index for what is due asks for so many more: so failures are no
 * hindrance to what comes behind them. What is only unavailable or throttled is over by itself, and does not count.
 */
import { AppError } from '../../src/errors.ts';
import { type Clock, CloudError } from '../ports.ts';
import { backoffMs } from './backoff.ts';

/** Of more, the oldest is forgotten and counts anew. */
const MAX_REMEMBERED = 1_000;

export interface Failing {
  /** False while what has failed waits for its next try. */
  mayTry(id: string): boolean;
  /** How many have failed and did not succeed since. */
  waiting(): number;
  cleared(id: string): void;
  /** Returns the failures in a row; 0: this is none. */
  failed(id: string, error: unknown): number;
}

/** Creates the memory of one process. `random` in [0, 1) spreads the tries. */
export function createFailing(clock: Clock, random: () => number = () => 0.5): Failing {
  const failing = new Map<string, { failures: number; notBefore: number }>();
  return {
    mayTry: (id) => (failing.get(id)?.notBefore ?? 0) <= clock(),
    waiting: () => failing.size,
    cleared: (id) => void failing.delete(id),
    failed(id, error) {
      if (passes(error)) return 0;
      const failures = (failing.get(id)?.failures ?? 0) + 1;
      const [oldest] = failing.keys();
      if (failing.size >= MAX_REMEMBERED && !failing.has(id)) failing.delete(oldest);
      failing.set(id, { failures, notBefore: clock() + backoffMs('unexpected', failures, random()) });
      return failures;
    },
  };
}

/** True for what is over by itself. */
export function passes(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'unavailable';
  return error instanceof CloudError && (error.problem === 'unavailable' || error.problem === 'throttled');
}
