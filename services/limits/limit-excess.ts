/** Whether one more job fits under a cap, and if not, in the words and figures that callers read. */
import type { Limits, Usage } from '../../src/schemas/limits.ts';
import type { Mode } from '../../src/schemas/unit.ts';
import { rounded } from './prices.ts';

/** Which cap: fair use of the platform, what a unit's owner allows a member, or everybody together. */
export interface Cap {
  readonly scope: string;
  readonly kind: 'fair_use' | 'member' | 'unit';
  readonly limits: Limits;
}

export interface Excess {
  readonly message: string;
  /** `current_count` and `limit` only for the monthly count: the web client makes its message of them. */
  readonly details: Record<string, unknown> & { readonly retryAfterSeconds: number };
}

/** Jobs take minutes; nobody knows which ends first. */
const RETRY_SECONDS = 60;
const WHOSE: Record<Cap['kind'], string> = {
  fair_use: '',
  member: ' for each member of this computing unit',
  unit: ' of this computing unit',
};

/** What keeps one more job of this price from being accepted; undefined if nothing does. */
export function excessOf(
  { kind, limits }: Cap,
  used: Usage,
  usd: number,
  { mode, now }: { mode: Mode; now: number },
): Excess | undefined {
  const { jobsPerMonth, jobsAtOnce, usdPerMonth } = limits;
  const whose = WHOSE[kind];
  if (jobsPerMonth !== undefined && used.jobs >= jobsPerMonth) {
    return {
      message: `Monthly limit of ${jobsPerMonth} ${mode} calculations reached${whose}.`,
      details: {
        limited: 'jobs_per_month',
        current_count: used.jobs,
        limit: jobsPerMonth,
        mode,
        retryAfterSeconds: secondsToNextMonth(now),
      },
    };
  }
  if (usdPerMonth !== undefined && used.usd + usd > usdPerMonth) {
    return {
      message: `Monthly limit of ${usdPerMonth} USD for ${mode} reached${whose}: ${rounded(used.usd)} used, this job takes about ${rounded(usd)}.`,
      details: {
        limited: 'usd_per_month',
        usedUsd: rounded(used.usd),
        limitUsd: usdPerMonth,
        mode,
        retryAfterSeconds: secondsToNextMonth(now),
      },
    };
  }
  if (jobsAtOnce !== undefined && used.open.length >= jobsAtOnce) {
    return {
      message: `No more than ${jobsAtOnce} ${mode} calculations at once${whose}: wait until one has ended.`,
      details: {
        limited: 'jobs_at_once',
        openJobs: used.open.length,
        limitAtOnce: jobsAtOnce,
        mode,
        retryAfterSeconds: RETRY_SECONDS,
      },
    };
  }
  return undefined;
}

function secondsToNextMonth(now: number): number {
  const date = new Date(now);
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return Math.ceil((next - now) / 1000);
}
