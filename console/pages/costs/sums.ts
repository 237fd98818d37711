/** Costs of a month, page by page. */

interface UnitSum {
  readonly computingUnitId: string;
  readonly paidBy: 'platform' | 'unit_owner';
  readonly jobs: number;
  readonly seconds: number;
  readonly usd: number;
}

export interface MonthSum {
  readonly jobs: number;
  readonly usd: number;
  readonly units: readonly UnitSum[];
  readonly isWhole: boolean;
}

/** A sum and one more page. */
export function addedUp(sum: MonthSum, page: Omit<MonthSum, 'isWhole'>): MonthSum {
  const units = new Map(sum.units.map((unit) => [unit.computingUnitId, unit]));
  for (const unit of page.units) {
    const before = units.get(unit.computingUnitId);
    units.set(unit.computingUnitId, {
      ...unit,
      jobs: unit.jobs + (before?.jobs ?? 0),
      seconds: unit.seconds + (before?.seconds ?? 0),
      usd: unit.usd + (before?.usd ?? 0),
    });
  }
  return { ...sum, jobs: sum.jobs + page.jobs, usd: sum.usd + page.usd, units: [...units.values()] };
}
