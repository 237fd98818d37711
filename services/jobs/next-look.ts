/** When a job is looked at again. Pure. */
import type { Job } from '../../src/schemas/job.ts';

/** First look at Step Functions after the start if no callback came earlier. */
export const SWEEP_MS = 20_000;
/** Longest pause between two looks at a job that runs. */
const MAX_SWEEP_MS = 2 * 60_000;
/** What was told to stop has stopped by then. */
const STOPPING_MS = 1_000;

/** After a pause: but right after its deadline at the latest, which else would be missed by the pause. */
export function nextLook({ deadlineAt }: Job, now: number, pauseMs: number): number {
  return now > deadlineAt ? now + pauseMs : Math.min(now + pauseMs, deadlineAt + 1);
}

/**
 * Until the next look at a job that runs: long runs are looked at less often, each look is a write. Far below the
 * deadline for an end that nobody reports.
 */
export function sweepMs({ state, startedAt }: Job, now: number): number {
  if (state === 'canceling') return STOPPING_MS;
  return Math.round(Math.min(MAX_SWEEP_MS, Math.max(SWEEP_MS, (now - (startedAt ?? now)) / 4)));
}
