/** What an item adds to the indexes of its table and to its time to live. */
import { indexKey, itemKey, ttlKey } from './keys.ts';
import type { Change } from './store.ts';
import type { Index, Table, TimeToLive } from './table.ts';
import type { Item } from './values.ts';

/** Store key of an item. */
export function storedKey(table: Table, primary: string): string {
  return `${table.id}!${primary}`;
}

export function indexEntry(index: Index, item: Item, primary: string): string | undefined {
  const key = indexKey(index, item, primary);
  return key === undefined ? undefined : `${index.id}!${key}`;
}

export function ttlEntry(ttl: TimeToLive, item: Item, primary: string): string | undefined {
  const key = ttlKey(ttl, item, primary);
  return key === undefined ? undefined : `${ttl.id}!${key}`;
}

/** The changes that replace an item by another: the item, its index entries and its expiry, to be written as one. */
export function replacement(table: Table, before: Item | undefined, after: Item | undefined): Change[] {
  const primary = itemKey(table, (after ?? before)!);
  const changes: Change[] = [[storedKey(table, primary), after && JSON.stringify(after)]];
  const move = (from: string | undefined, to: string | undefined): void => {
    if (from === to) return;
    if (from !== undefined) changes.push([from, undefined]);
    if (to !== undefined) changes.push([to, '']);
  };
  for (const index of table.indexes) {
    move(before && indexEntry(index, before, primary), after && indexEntry(index, after, primary));
  }
  const { ttl } = table;
  if (ttl) move(before && ttlEntry(ttl, before, primary), after && ttlEntry(ttl, after, primary));
  return changes;
}
