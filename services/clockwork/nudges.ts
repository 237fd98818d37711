/** Jobs that are to be looked at soon, in one process. Whatever is lost here comes when its stored time is due. */
import type { Clock } from '../ports.ts';

/**
 * A nudged job that has not ended is looked at again after these pauses; then its stored due time counts. Each look is
 * a DescribeExecution, of which AWS allows few: so the pauses grow as fast as what is waited for.
 */
const PAUSES_MS = [300, 900, 2_700];
/** Nudges remembered; what does not fit comes when it is due. */
const MAX_NUDGED = 10_000;

export interface Nudges {
  /** To be looked at after `afterMs`, and again a few times. */
  add(jobId: string, afterMs: number): void;
  /** Nothing is to be seen there for now. */
  forget(jobId: string): void;
  /** At most `limit` of those whose time has come; each counts as looked at. `busy`: not now. */
  ready(limit: number, busy: (jobId: string) => boolean): string[];
  /** When the next one's time comes; undefined if there is none that is not `busy`. */
  nextAt(busy: (jobId: string) => boolean): number | undefined;
}

/** Creates the nudges of one process. */
export function createNudges(clock: Clock): Nudges {
  const nudged = new Map<string, { at: number; round: number }>();

  return {
    add(jobId, afterMs) {
      if (nudged.size < MAX_NUDGED) nudged.set(jobId, { at: clock() + afterMs, round: 0 });
    },
    forget: (jobId) => void nudged.delete(jobId),
    ready(limit, busy) {
      const now = clock();
      const ready: string[] = [];
      for (const [jobId, { at, round }] of nudged) {
        if (ready.length >= limit) break;
        if (at > now || busy(jobId)) continue;
        ready.push(jobId);
        const pause = PAUSES_MS[round];
        if (pause === undefined) nudged.delete(jobId);
        else nudged.set(jobId, { at: now + pause, round: round + 1 });
      }
      return ready;
    },
    nextAt(busy) {
      let next: number | undefined;
      for (const [jobId, { at }] of nudged) if (!busy(jobId)) next = Math.min(next ?? at, at);
      return next;
    },
  };
}
