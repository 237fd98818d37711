/** How often which code was answered or stored, over the last minutes, hour and day. Codes come from fixed lists. */
import type { WindowCounts } from '../../src/schemas/figures.ts';
import type { Clock } from '../ports.ts';

const BUCKET_MS = 5 * 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More than there are codes. */
const MAX_NAMES = 300;

export interface ErrorWindow {
  /** `job`: a job has failed, or is lost; `request`: a request was refused. */
  count(kind: 'job' | 'request', code: string): void;
  /** By kind and code; only what happened within a day. */
  counts(): Record<string, WindowCounts>;
}

/** Creates the counts of one broker process, all zero. */
export function createErrorWindow(clock: Clock): ErrorWindow {
  /** Of each name the counts of five minutes, by their beginning. */
  const buckets = new Map<string, Map<number, number>>();

  return {
    count(kind, code) {
      const name = `${kind} ${code}`;
      let ofName = buckets.get(name);
      if (!ofName) {
        if (buckets.size >= MAX_NAMES) return;
        buckets.set(name, (ofName = new Map()));
      }
      const start = Math.floor(clock() / BUCKET_MS) * BUCKET_MS;
      ofName.set(start, (ofName.get(start) ?? 0) + 1);
    },

    counts() {
      const now = clock();
      const found: Record<string, WindowCounts> = {};
      for (const [name, ofName] of buckets) {
        const sums: WindowCounts = [0, 0, 0];
        for (const [start, times] of ofName) {
          // A bucket counts while its end lies within the time.
          const age = now - (start + BUCKET_MS);
          if (age >= DAY_MS) {
            ofName.delete(start);
            continue;
          }
          sums[2] += times;
          if (age < HOUR_MS) sums[1] += times;
          if (age < BUCKET_MS) sums[0] += times;
        }
        if (ofName.size === 0) buckets.delete(name);
        else found[name] = sums;
      }
      return found;
    },
  };
}
