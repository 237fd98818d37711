/** ReturnConsumedCapacity: what Amazon would count for an operation. */
import { indexEntry } from './entries.ts';
import { type Index, pick, projectedNames, type Table } from './table.ts';
import { type Item, itemSize } from './values.ts';
import type { Decision } from './writes.ts';

export type CapacityMode = 'INDEXES' | 'TOTAL' | 'NONE' | undefined;

interface Units {
  table: number;
  indexes: Record<string, number>;
}

/** Units by table; `factor` is 2 in transactions. */
export interface CapacityCounter {
  write(table: Table, decision: Decision, factor?: number): void;
  /** `bytes` of items read, from the index if given; eventually consistent reads count half. */
  read(table: Table, bytes: number, consistent: boolean, options?: { index?: Index; factor?: number }): void;
  /** One answer per table, undefined when none was asked for. */
  list(): Record<string, unknown>[] | undefined;
}

const READ_BYTES = 4_096;
const WRITE_BYTES = 1_024;

export function createCapacityCounter(mode: CapacityMode): CapacityCounter {
  const counted = new Map<string, Units>();
  const wanted = mode === 'TOTAL' || mode === 'INDEXES';
  const count = (table: Table, index: Index | undefined, units: number): void => {
    let sums = counted.get(table.name);
    if (!sums) counted.set(table.name, (sums = { table: 0, indexes: {} }));
    if (index) sums.indexes[index.name] = (sums.indexes[index.name] ?? 0) + units;
    else sums.table += units;
  };
  return {
    write(table, { before, after }, factor = 1) {
      if (!wanted) return;
      count(table, undefined, factor * Math.max(writeUnits(before), writeUnits(after), 1));
      for (const index of table.indexes) {
        const units = indexUnits(table, index, before, after);
        if (units > 0) count(table, index, factor * units);
      }
    },
    read(table, bytes, consistent, { index, factor = 1 } = {}) {
      if (!wanted) return;
      count(table, index, factor * Math.max(1, Math.ceil(bytes / READ_BYTES)) * (consistent ? 1 : 0.5));
    },
    list() {
      if (!wanted) return undefined;
      return [...counted].map(([TableName, { table, indexes }]) => {
        const total = Object.values(indexes).reduce((sum, units) => sum + units, table);
        const answer = { TableName, CapacityUnits: total };
        if (mode === 'TOTAL') return answer;
        const parts = Object.entries(indexes).map(([name, CapacityUnits]) => [name, { CapacityUnits }]);
        return {
          ...answer,
          Table: { CapacityUnits: table },
          ...(parts.length > 0 && { GlobalSecondaryIndexes: Object.fromEntries(parts) }),
        };
      });
    },
  };
}

function writeUnits(item: Item | undefined): number {
  return item ? Math.max(1, Math.ceil(itemSize(item) / WRITE_BYTES)) : 0;
}

/** A changed index key costs a delete and a put, a changed projection one write, else nothing. */
function indexUnits(table: Table, index: Index, before: Item | undefined, after: Item | undefined): number {
  const names = projectedNames(table, index);
  const part = (item: Item | undefined) => {
    if (!item || indexEntry(index, item, '') === undefined) return undefined;
    return names ? pick(item, names) : item;
  };
  const old = part(before);
  const fresh = part(after);
  if (!old || !fresh) return writeUnits(old ?? fresh);
  if (indexEntry(index, old, '') !== indexEntry(index, fresh, '')) return writeUnits(old) + writeUnits(fresh);
  return JSON.stringify(old) === JSON.stringify(fresh) ? 0 : Math.max(writeUnits(old), writeUnits(fresh));
}
