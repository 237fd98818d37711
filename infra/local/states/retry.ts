/** Which Retry and Catch entries take an error, and how long a retry waits. */
import type { Retrier } from './definition.ts';
import type { StateError } from './errors.ts';

/**
 * Whether `ErrorEquals` takes the error. States.ALL and States.TaskFailed take neither States.Runtime, which
 * always fails the execution, nor States.DataLimitExceeded, which must be named; States.TaskFailed does not
 * take States.Timeout.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function takesError(errorEquals: string[], error: StateError): boolean {
  const name = error.errorName;
  if (name === 'States.Runtime') return false;
  const terminal = name === 'States.DataLimitExceeded';
  return errorEquals.some(
    (entry) =>
      entry === name ||
      entry === error.alias ||
      (entry === 'States.ALL' && !terminal) ||
      (entry === 'States.TaskFailed' && !terminal && name !== 'States.Timeout'),
  );
}

const MAX_ATTEMPTS = 3;
const INTERVAL_SECONDS = 1;
const BACKOFF_RATE = 2;
/** AWS's bound of MaxDelaySeconds, one leap year; it also keeps a steep back-off finite. */
const MAX_DELAY_SECONDS = 31_622_400;

/** Whether a retrier has attempts left after `made` retries. */
export function attemptsLeft(retrier: Retrier, made: number): boolean {
  return made < (retrier.MaxAttempts ?? MAX_ATTEMPTS);
}

/** Milliseconds before the retry after `made` earlier ones. `random` (0..1) spreads it where jitter is asked for. */
export function retryDelay(retrier: Retrier, made: number, random: () => number): number {
  const seconds = Math.min(
    (retrier.IntervalSeconds ?? INTERVAL_SECONDS) * (retrier.BackoffRate ?? BACKOFF_RATE) ** made,
    retrier.MaxDelaySeconds ?? MAX_DELAY_SECONDS,
  );
  return seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random() : 1);
}
