/**
 * How often AWS may be asked, per account, region and operation: token buckets of the size of AWS's own, divided by
 * the broker processes that live. So no account is throttled because of the broker, and what a burst leaves undone
 * waits here for a moment, or comes back later as `throttled`.
 */
import type { BudgetedOperation, Quota, Quotas } from '../../src/schemas/quotas.ts';
import { type Clock, CloudError, type Timers } from '../ports.ts';

/** Longest wait for a call; what would wait longer is `throttled` at once. */
const MAX_WAIT_MS = 2_000;
/** Buckets remembered; those that were used longest ago are full again, and forgotten first. */
const MAX_BUCKETS = 5_000;
const SHOWN = 20;

export interface BudgetUse {
  readonly account: string;
  readonly region: string;
  readonly operation: BudgetedOperation;
  /** 0: nothing used; 1: spent. */
  readonly used: number;
  /** The same in calls of this process. */
  readonly calls: number;
}

export interface Budgets {
  /** Waits for its turn. Throws CloudError `throttled` (BudgetSpent) if that would take too long. */
  take(account: string, region: string, operation: BudgetedOperation): Promise<void>;
  /** The most used, by how much of them is used. */
  view(): BudgetUse[];
  /** Calls that were refused because a budget was spent. */
  refused(): number;
}

export interface BudgetsDeps {
  quotas: Quotas;
  /** Broker processes among which the quotas are shared. */
  live: () => number;
  clock: Clock;
  timers: Pick<Timers, 'after'>;
}

/** Creates the budgets of one broker process. */
export function createBudgets({ quotas, live, clock, timers }: BudgetsDeps): Budgets {
  const levels = new Map<string, { level: number; at: number }>();
  let refused = 0;

  const shareOf = (operation: BudgetedOperation): Quota => {
    const { bucket, perSecond } = quotas[operation];
    return { bucket: Math.max(1, bucket / live()), perSecond: perSecond / live() };
  };

  function levelOf(key: string, { bucket, perSecond }: Quota): number {
    const known = levels.get(key);
    if (!known) return bucket;
    return Math.min(bucket, known.level + (Math.max(0, clock() - known.at) * perSecond) / 1000);
  }

  return {
    async take(account, region, operation) {
      const key = [account, region, operation].join(' ');
      const share = shareOf(operation);
      const level = levelOf(key, share) - 1;
      const waitMs = level >= 0 ? 0 : Math.ceil((-level / share.perSecond) * 1000);
      if (waitMs > MAX_WAIT_MS) {
        refused++;
        throw new CloudError(
          'throttled',
          operation,
          'BudgetSpent',
          `${operation}: the budget of calls is spent`,
        );
      }
      levels.delete(key);
      levels.set(key, { level, at: clock() });
      const [oldest] = levels.keys();
      if (levels.size > MAX_BUCKETS) levels.delete(oldest);
      if (waitMs > 0) await new Promise<void>((resolve) => void timers.after(waitMs, resolve));
    },

    view() {
      const rows = [...levels.keys()].map((key): BudgetUse => {
        const [account, region, operation] = key.split(' ') as [string, string, BudgetedOperation];
        const share = shareOf(operation);
        const used = 1 - Math.max(0, levelOf(key, share)) / share.bucket;
        const calls = Math.round(used * share.bucket * 10) / 10;
        return { account, region, operation, used: Math.round(used * 1000) / 1000, calls };
      });
      return rows.sort((a, b) => b.used - a.used).slice(0, SHOWN);
    },
    refused: () => refused,
  };
}
