/** A table as it is kept: schema, indexes and the spaces of the store that belong to it. */
import type { KeyAttribute } from './expressions/key-condition.ts';
import type { Item } from './values.ts';

export type { KeyAttribute } from './expressions/key-condition.ts';

/** What can be queried: a table or one of its indexes. `id` names its key space in the store. */
export interface Keyed {
  readonly id: string;
  readonly hash: KeyAttribute;
  readonly range?: KeyAttribute;
}

export interface Index extends Keyed {
  readonly name: string;
  readonly arn: string;
  readonly projection: { ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; NonKeyAttributes?: string[] };
  /** CREATING until all items that were there before are in it. */
  status: 'CREATING' | 'ACTIVE';
}

/** Time to live: items whose `attribute` (epoch seconds) has passed are deleted. */
export interface TimeToLive {
  readonly id: string;
  readonly attribute: string;
  status: 'ENABLING' | 'ENABLED';
}

export interface Table extends Keyed {
  readonly name: string;
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  /** As in DescribeTable. */
  readonly tableId: string;
  /** Epoch seconds. */
  readonly createdAt: number;
  indexes: Index[];
  ttl?: TimeToLive;
  deletionProtected: boolean;
  /** Absent when the table is billed per request. */
  throughput?: { ReadCapacityUnits: number; WriteCapacityUnits: number };
}

/** The attributes of the keys of a table or index. */
export function keyNames({ hash, range }: Omit<Keyed, 'id'>): string[] {
  return range ? [hash.name, range.name] : [hash.name];
}

/** The primary key of an item, and its index key when an index is given. */
export function keyOf(item: Item, table: Table, index?: Index): Item {
  const names = index ? [...keyNames(table), ...keyNames(index)] : keyNames(table);
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

/** Attributes that an index holds; undefined for all. */
export function projectedNames(table: Table, index: Index): ReadonlySet<string> | undefined {
  const { ProjectionType, NonKeyAttributes = [] } = index.projection;
  if (ProjectionType === 'ALL') return undefined;
  return new Set([...keyNames(table), ...keyNames(index), ...NonKeyAttributes]);
}

export function pick(item: Item, names: ReadonlySet<string>): Item {
  const result: Item = {};
  for (const name in item) if (names.has(name)) result[name] = item[name];
  return result;
}
