/** Counts what was asked of the cloud, so that a test can say "this ran once". Kept in memory only. */

export interface CallCount {
  readonly service: string;
  readonly operation: string;
  readonly accountId: string;
  readonly count: number;
}

export interface CallCounter {
  record(service: string, operation: string, accountId: string): void;
  list(): CallCount[];
  clear(): void;
}

/** Operation names come from callers, so the table is bounded; later new names are counted together. */
const MAX_ROWS = 5_000;
const OTHERS = '(others)';

export function createCallCounter(): CallCounter {
  const rows = new Map<string, { service: string; operation: string; accountId: string; count: number }>();
  return {
    record(service, operation, accountId) {
      const key = `${service} ${operation} ${accountId}`;
      const row = rows.get(key);
      if (row) row.count++;
      else if (rows.size < MAX_ROWS) rows.set(key, { service, operation, accountId, count: 1 });
      else this.record(service, OTHERS, OTHERS);
    },
    list: () => [...rows.values()].map((row) => ({ ...row })),
    clear: () => rows.clear(),
  };
}
