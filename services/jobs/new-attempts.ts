/**
 * The job at the start of its next attempt. What the last one was is kept; nothing of it stays in force. Each is one
 * conditional write: nobody sees a job between two attempts.
 */
import type { HistoryEntry, Job } from '../../src/schemas/job.ts';
import type { AttemptNames } from './attempts.ts';
import type { AutomaticRetry } from './automatic-retries.ts';
import { mayRetry } from './lifecycle.ts';
import type { Cause } from './moves.ts';

/** Longest history kept in a job; states are few, so this is only reached by endless retries. */
const MAX_HISTORY = 200;
/** Characters kept of the failure of an earlier attempt; the cause of an execution may be 32,768 long. */
const MAX_KEPT_MESSAGE = 500;
/** Bounds what a job remembers of its attempts. */
export const MAX_ATTEMPTS = 20;
/** Pauses between looks for the execution of a lost job; the last one repeats until REPAIR_MS are over. */
export const LOOK_AGAIN_MS = [60_000, 300_000, 1_200_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000] as const;

/** An attempt that a person wants: its names, and where it has to run. */
export type ChosenAttempt = AttemptNames & Pick<Job, 'forcedPlatform'>;

/** A history with one more entry. */
export function withEntry(history: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  return [...history, entry].slice(-MAX_HISTORY);
}

/** After an attempt that has ended, because a person wants it. Throws if it has not ended, or has a result. */
export function newAttempt(job: Job, chosen: ChosenAttempt, cause: Cause, now: number): Job {
  const where = chosen.forcedPlatform ? ` on ${chosen.forcedPlatform}` : '';
  const note = `attempt ${job.attempt + 1}${where}`;
  const entry: HistoryEntry = { state: 'queued', at: now, by: cause.by, note };
  return { ...following(job, entry, now), ...chosen, state: 'queued', dueAt: now, tries: 0 };
}

/** After an attempt that ends with `failure` in this very write: the job itself never is `failed`. */
export function automaticAttempt(
  job: Job,
  failure: NonNullable<Job['failure']>,
  { waitMs, platform, note }: AutomaticRetry,
  names: AttemptNames,
  now: number,
): Job {
  const failed: Job = { ...job, state: 'failed', failure, finishedAt: now };
  const text = `attempt ${job.attempt + 1} by itself, ${note}`;
  const next = following(failed, { state: 'queued', at: now, by: 'broker', note: text }, now);
  const automatic = { attempt: next.attempt, code: failure.code, at: now };
  return {
    ...next,
    ...names,
    state: 'queued',
    dueAt: now + waitMs,
    tries: 0,
    forcedPlatform: platform,
    automaticRetries: [...(job.automaticRetries ?? []), automatic],
  };
}

/**
 * After a lost attempt whose execution has turned up: starts nothing, but takes up that execution with its names and
 * its token. It runs, or has ended: the next look says which.
 */
export function adoptingAttempt(job: Job, executionArn: string, now: number): Job {
  const note = `attempt ${job.attempt + 1} takes up the execution of attempt ${job.attempt}, which has turned up`;
  return {
    ...following(job, { state: 'running', at: now, by: 'step-functions', note }, now),
    state: 'running',
    dueAt: now,
    tries: 0,
    executionArn,
    place: job.place,
    platform: job.platform,
    startedAt: job.startedAt ?? now,
    reportedEnds: job.reportedEnds,
    adoptedAttempt: job.adoptedAttempt ?? job.attempt,
  };
}

function following(job: Job, entry: HistoryEntry, now: number): Job {
  if (!mayRetry(job.state)) throw new Error(`no new attempt of job ${job.jobId} while it is ${job.state}`);
  const { attempt, version, state, finishedAt, executionArn, place, document, result, failureBundle } = job;
  const failure = job.failure && { ...job.failure, message: job.failure.message.slice(0, MAX_KEPT_MESSAGE) };
  const names = { executionArn, place, document, result, failureBundle };
  return {
    ...job,
    attempt: attempt + 1,
    version: version + 1,
    updatedAt: now,
    executionArn: undefined,
    place: undefined,
    platform: undefined,
    progress: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    runResult: undefined,
    failure: undefined,
    reportedEnds: undefined,
    notFound: undefined,
    automaticRetries: undefined,
    forcedPlatform: undefined,
    lookAgainAt: undefined,
    adoptedAttempt: undefined,
    history: withEntry(job.history, entry),
    earlier: [...(job.earlier ?? []), { attempt, version, state, finishedAt, ...names, failure }],
  };
}
