/**
 * LevelDB with atomic operations and no locks: a writer reads and decides within one turn of the event loop,
 * on what was decided before, on disk or not. Changes that meet are written as one batch with one fsync, and
 * answered when they are on disk. After a write has failed (full disk) only reads go on: LevelDB's log may end
 * in half a record, and what came behind it would be lost at the next start, which mends the log.
 */
import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import type { AnyLevel } from '../backup/vault.ts';
import type { KeyRange } from './keys.ts';

/** A change of one key; `undefined` deletes it. */
export type Change = readonly [key: string, value: string | undefined];

/** The newest value of a key, including those not yet on disk. */
export type Latest = (key: string) => string | undefined;

export interface PageOptions extends Partial<KeyRange> {
  gt?: string;
  reverse?: boolean;
}

export interface Store {
  /** The newest value that is on disk. */
  durable(key: string): string | undefined;
  /**
   * Resolves with the decision when its changes are on disk, all or none. If `decide` throws, nothing is
   * changed, and what it has seen is on disk before the caller hears of it.
   */
  transact<T extends { readonly changes: readonly Change[] }>(decide: (latest: Latest) => T): Promise<T>;
  /** `transact` for changes that depend on nothing in the store. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Resolves when everything decided so far is on disk. */
  settled(): Promise<void>;
  /** Pages of entries on disk as of the call, in order; `values: false` leaves the values empty. */
  pages(
    options: PageOptions & { size: number; values: boolean },
  ): AsyncGenerator<[key: string, value: string][]>;
  /** Pages of index entries with the values of the keys that `resolve` names, as of the call. */
  resolved(
    options: PageOptions & { size: number; resolve: (key: string) => string },
  ): AsyncGenerator<[key: string, value: string | undefined][]>;
  /** Deletes a range, not atomically. */
  clear(range: KeyRange): Promise<void>;
  close(): Promise<void>;
}

interface Group {
  readonly values: Map<string, string | undefined>;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const PAGE_BYTES = 1 << 20;

/** Opens the database in `dir` and makes it when it is not there. Rejects when another process has it open. */
export async function openStore(dir: string, onOpen?: (level: AnyLevel) => void): Promise<Store> {
  mkdirSync(dir, { recursive: true });
  const level = new ClassicLevel(dir);
  await level.open();
  onOpen?.(level);
  let queued: Group | undefined;
  let flying: Group | undefined;
  let broken: unknown;

  const flush = async (): Promise<void> => {
    while (queued) {
      const group = (flying = queued);
      queued = undefined;
      try {
        const changes = [...group.values].map(([key, value]) =>
          value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
        );
        await level.batch(changes, { sync: true });
        group.resolve();
      } catch (error) {
        broken = error;
        // What was committed since has been decided on values that are lost now.
        const dependent = queued as Group | undefined;
        queued = undefined;
        group.reject(error);
        dependent?.reject(error);
      }
      flying = undefined;
    }
  };

  const latest: Latest = (key) => {
    if (queued?.values.has(key)) return queued.values.get(key);
    if (flying?.values.has(key)) return flying.values.get(key);
    return level.getSync(key);
  };

  const store: Store = {
    durable: (key) => level.getSync(key),
    async transact(decide) {
      try {
        const decision = decide(latest);
        await store.commit(decision.changes);
        return decision;
      } catch (error) {
        await store.settled();
        throw error;
      }
    },
    async commit(changes) {
      if (broken) throw broken;
      if (changes.length === 0) return store.settled();
      if (!queued) {
        queued = createGroup();
        if (!flying) setImmediate(flush);
      }
      for (const [key, value] of changes) queued.values.set(key, value);
      return queued.done;
    },
    settled: async () => (queued ?? flying)?.done,
    async *pages({ size, values, ...range }) {
      const iterator = level.iterator({ ...range, values, highWaterMarkBytes: PAGE_BYTES });
      try {
        for (let page = await iterator.nextv(size); page.length > 0; page = await iterator.nextv(size)) {
          yield page as [string, string][];
        }
      } finally {
        await iterator.close();
      }
    },
    async *resolved({ size, resolve, ...range }) {
      const snapshot = level.snapshot();
      const iterator = level.keys({ ...range, snapshot, highWaterMarkBytes: PAGE_BYTES });
      try {
        for (let keys = await iterator.nextv(size); keys.length > 0; keys = await iterator.nextv(size)) {
          const values = await level.getMany(keys.map(resolve), { snapshot });
          yield keys.map((key, i) => [key, values[i]]);
        }
      } finally {
        await iterator.close();
        await snapshot.close();
      }
    },
    clear: (range) => level.clear(range),
    async close() {
      await (queued ?? flying)?.done.catch(() => {}); // whoever committed it is told
      await level.close();
    },
  };
  return store;
}

function createGroup(): Group {
  let settle!: Pick<Group, 'resolve' | 'reject'>;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { values: new Map(), done, ...settle };
}
