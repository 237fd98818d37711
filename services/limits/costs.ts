/** What a person's jobs of a calendar month have cost, by computing unit. Reads the jobs of that month only. */
import type { Prices } from '../../src/schemas/prices.ts';
import { costOf, type JobCost } from '../jobs/reports.ts';
import type { Clock, JobStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { rounded } from './prices.ts';

export interface UnitCost {
  readonly unitId: string;
  readonly mode: 'mode_1' | 'mode_2';
  readonly paidBy: JobCost['paidBy'];
  readonly jobs: number;
  readonly seconds: number;
  readonly usd: number;
}

export interface MonthCosts {
  /** As 2026-11, UTC. */
  readonly month: string;
  readonly jobs: number;
  readonly usd: number;
  readonly units: readonly UnitCost[];
  /** More jobs of this month follow. */
  readonly cursor: string | undefined;
}

export interface Costs {
  /** One page of the jobs that were submitted in a month, summed up. */
  ofMonth(who: Principal, month: string, page: { limit: number; cursor?: string }): Promise<MonthCosts>;
}

export interface CostsDeps {
  jobs: Pick<JobStore, 'listByOwner'>;
  prices: Prices;
  clock: Clock;
}

/** Creates the service. */
export function createCosts({ jobs, prices, clock }: CostsDeps): Costs {
  return {
    async ofMonth(who, month, page) {
      const { items, cursor } = await jobs.listByOwner(who.userId, { ...page, created: spanOf(month) });
      const units = new Map<string, UnitCost>();
      for (const job of items) {
        const { usd, seconds, paidBy } = costOf(job, prices, clock());
        const before = units.get(job.unitId);
        units.set(job.unitId, {
          unitId: job.unitId,
          mode: job.mode,
          paidBy,
          jobs: (before?.jobs ?? 0) + 1,
          seconds: (before?.seconds ?? 0) + seconds,
          usd: rounded((before?.usd ?? 0) + usd),
        });
      }
      const all = [...units.values()].sort((a, b) => b.usd - a.usd);
      const usd = rounded(all.reduce((sum, unit) => sum + unit.usd, 0));
      return { month, jobs: items.length, usd, units: all, cursor };
    },
  };
}

/** From the first moment of a month to the first of the next, UTC. */
function spanOf(month: string): { from: number; before: number } {
  const [year, number] = month.split('-').map(Number);
  return { from: Date.UTC(year, number - 1), before: Date.UTC(year, number) };
}
