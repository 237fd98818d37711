/** Which tables there are, in memory and on disk, and the work that follows a change of them. */
import { randomUUID } from 'node:crypto';
import { AwsError, type Clock, type ServiceContext } from '../contract.ts';
import { indexEntry, ttlEntry } from './entries.ts';
import { resourceNotFound } from './errors.ts';
import { spaceRange } from './keys.ts';
import type { Change, Store } from './store.ts';
import type { Index, Table, TimeToLive } from './table.ts';
import type { Item } from './values.ts';

/** Whose tables: the same name in another account or region is another table. */
export type Owner = Pick<ServiceContext, 'accountId' | 'region'>;

export interface Catalog {
  /** Throws ResourceNotFoundException; `described` names the table in the message, as DescribeTable does. */
  get(owner: Owner, name: string, described?: boolean): Table;
  /** Names in order. */
  names(owner: Owner): string[];
  /** All tables of all owners. */
  all(): Table[];
  /** Whether this very table is still there: not deleted, nor deleted and made again. */
  holds(table: Table): boolean;
  /** A new key space. */
  newSpace(): string;
  /** Adds a table. Throws ResourceInUseException. */
  create(owner: Owner, table: TableSpec): Promise<Table>;
  /** Writes a changed table down; the spaces that it no longer has are emptied in the background. */
  update(table: Table, dropped?: readonly string[]): Promise<void>;
  remove(table: Table): Promise<void>;
  /** Fills a new index or time to live from the items in the background, then makes it active. */
  fill(table: Table, part: Index | TimeToLive): void;
  /** Work that nobody waits for; if it fails, everyone who asks for a table from then on is told. */
  inBackground(work: Promise<void>): void;
  /** Waits for background work to come to a point from which the next start takes it up. */
  close(): Promise<void>;
}

/** A table without what the catalog adds. */
export type TableSpec = Omit<Table, 'id' | 'arn' | 'accountId' | 'region' | 'tableId' | 'createdAt'>;

const TABLES = 'table!';
const GARBAGE = 'garbage!';
const NEXT_SPACE = 'meta!next-space';
const FILL_PAGE = 500;

/** Reads the tables and takes up the background work that a crash left undone. */
export async function openCatalog(store: Store, clock: Clock): Promise<Catalog> {
  const tables = new Map<string, Table>();
  const background = new Set<Promise<void>>();
  let nextSpace = Number(store.durable(NEXT_SPACE) ?? '0');
  let closing = false;
  let failure: unknown;

  const inBackground = (work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => background.delete(tracked));
    background.add(tracked);
  };

  const empty = async (space: string): Promise<void> => {
    await store.clear(spaceRange(space));
    await store.commit([[GARBAGE + space, undefined]]);
  };

  const fill = async (table: Table, part: Index | TimeToLive): Promise<void> => {
    // Writers that came before `part` was there are on disk from here on, later ones keep it up to date.
    await store.settled();
    const entry = 'attribute' in part ? ttlEntry : indexEntry;
    const valid = (): boolean => !closing && catalog.holds(table) && partsOf(table).includes(part);
    const pages = store.pages({ ...spaceRange(table.id), size: FILL_PAGE, values: false });
    for await (const page of pages) {
      if (!valid()) return;
      await store.transact((latest) => {
        const changes: Change[] = [];
        for (const [key] of page) {
          const stored = latest(key);
          const primary = key.slice(table.id.length + 1);
          const added = stored && entry(part as Index & TimeToLive, JSON.parse(stored) as Item, primary);
          if (added) changes.push([added, '']);
        }
        return { changes };
      });
    }
    if (!valid()) return;
    part.status = 'attribute' in part ? 'ENABLED' : 'ACTIVE';
    await catalog.update(table);
  };

  const catalog: Catalog = {
    get(owner, name, described = false) {
      if (failure) throw failure;
      const table = tables.get(idOf(owner, name));
      if (!table) throw resourceNotFound(described ? name : undefined);
      return table;
    },
    names: (owner) => {
      const prefix = idOf(owner, '');
      const ids = [...tables.keys()].filter((id) => id.startsWith(prefix));
      return ids.map((id) => id.slice(prefix.length)).sort();
    },
    all: () => [...tables.values()],
    holds: (table) => tables.get(idOf(table, table.name)) === table,
    newSpace: () => `s${(nextSpace++).toString(36)}`,
    async create(owner, spec) {
      const id = idOf(owner, spec.name);
      if (tables.has(id)) {
        throw new AwsError('ResourceInUseException', `Table already exists: ${spec.name}`);
      }
      const table: Table = {
        ...spec,
        id: catalog.newSpace(),
        arn: arnOf(owner, spec.name),
        accountId: owner.accountId,
        region: owner.region,
        tableId: randomUUID(),
        createdAt: clock() / 1000,
      };
      tables.set(id, table);
      await catalog.update(table);
      return table;
    },
    async update(table, dropped = []) {
      await store.commit([
        [TABLES + idOf(table, table.name), JSON.stringify(table)],
        [NEXT_SPACE, String(nextSpace)],
        ...dropped.map((space): Change => [GARBAGE + space, '']),
      ]);
      for (const space of dropped) inBackground(empty(space));
    },
    async remove(table) {
      const spaces = [table.id, ...partsOf(table).map(({ id }) => id)];
      tables.delete(idOf(table, table.name));
      await store.commit([
        [TABLES + idOf(table, table.name), undefined],
        ...spaces.map((space): Change => [GARBAGE + space, '']),
      ]);
      for (const space of spaces) inBackground(empty(space));
    },
    fill: (table, part) => inBackground(fill(table, part)),
    inBackground,
    async close() {
      closing = true;
      await Promise.all(background);
    },
  };

  for await (const page of store.pages({ gte: TABLES, lt: `${TABLES}~`, size: 100, values: true })) {
    for (const [key, value] of page) tables.set(key.slice(TABLES.length), JSON.parse(value));
  }
  for (const table of tables.values()) {
    for (const part of partsOf(table)) {
      if (part.status === 'CREATING' || part.status === 'ENABLING') catalog.fill(table, part);
    }
  }
  for await (const page of store.pages({ gte: GARBAGE, lt: `${GARBAGE}~`, size: 100, values: false })) {
    for (const [key] of page) inBackground(empty(key.slice(GARBAGE.length)));
  }
  return catalog;
}

/** `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`. */
export function arnOf({ accountId, region }: Owner, name: string): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
}

function idOf({ accountId, region }: Owner, name: string): string {
  return `${accountId}!${region}!${name}`;
}

function partsOf(table: Table): (Index | TimeToLive)[] {
  return table.ttl ? [...table.indexes, table.ttl] : table.indexes;
}
