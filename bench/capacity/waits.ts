/** What is counted per second: who comes first goes first, as soon as there are tokens; nobody is refused for good. */
import type { Quota } from './quotas.ts';

/** A queue before token buckets. Large numbers go in groups of jobs, which changes little. */
export function createBuckets(quotas: readonly Quota[]) {
  const buckets = quotas.map((quota) => ({ ...quota, tokens: quota.burst }));
  return {
    /** A second goes by. */
    refill(): void {
      for (const bucket of buckets) bucket.tokens = Math.min(bucket.burst, bucket.tokens + bucket.limit);
    },
    /** Jobs for which there are tokens, at most so many. */
    take(jobs: number): number {
      const room = Math.min(jobs, ...buckets.map(({ tokens, perJob }) => tokens / perJob));
      if (room < Math.min(1, jobs)) return 0;
      for (const bucket of buckets) bucket.tokens -= room * bucket.perJob;
      return room;
    },
    /** Whether there are tokens for all of them; then they are taken. */
    takeAll(jobs: number): boolean {
      if (buckets.some(({ tokens, perJob }) => tokens < jobs * perJob)) return false;
      for (const bucket of buckets) bucket.tokens -= jobs * bucket.perJob;
      return true;
    },
  };
}

/** Waits of those that come in an hour; and how many are left when it is over. */
export function waitHour(
  quotas: readonly Quota[],
  perSecond: readonly number[],
): { readonly waitP99: number; readonly waiting: number } {
  const buckets = createBuckets(quotas);
  const queue: { at: number; jobs: number }[] = [];
  const waits: Waited[] = [];
  perSecond.forEach((jobs, second) => {
    buckets.refill();
    if (jobs > 0) queue.push({ at: second, jobs });
    while (queue.length > 0) {
      const room = buckets.take(queue[0].jobs);
      if (room > 0) waits.push({ seconds: second - queue[0].at, jobs: room });
      queue[0].jobs -= room;
      if (queue[0].jobs > 1e-9) break;
      queue.shift();
    }
  });
  return { waitP99: p99Of(waits), waiting: Math.round(queue.reduce((sum, { jobs }) => sum + jobs, 0)) };
}

export interface Waited {
  readonly seconds: number;
  readonly jobs: number;
}

/** What 99 of 100 waited at most. */
export function p99Of(waits: readonly Waited[]): number {
  const sorted = [...waits].sort((a, b) => a.seconds - b.seconds);
  const all = sorted.reduce((sum, { jobs }) => sum + jobs, 0);
  let below = 0;
  for (const { seconds, jobs } of sorted) {
    below += jobs;
    if (below >= 0.99 * all) return seconds;
  }
  return 0;
}
