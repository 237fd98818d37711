/** The metadata store: LevelDB with JSON values; a write is atomic and on disk when it resolves. */
import { ClassicLevel } from 'classic-level';
import type { AnyLevel } from '../backup/vault.ts';
import { type KeyRange, RANGES_WITH_CONTENTS } from './keys.ts';
import type { ObjectRecord, PartRecord } from './records.ts';

export type Change = { readonly put: Buffer; readonly value: object } | { readonly del: Buffer };

/** Entries in key order; `seek` jumps without reading what lies between. */
export interface Cursor<T> {
  next(): Promise<[key: Buffer, value: T] | undefined>;
  seek(key: Buffer): void;
  close(): Promise<void>;
}

export interface Meta {
  /**
   * Synchronous (a microsecond, from LevelDB's cache): what is found and what the caller then does with it,
   * such as pinning contents, cannot be torn apart by a commit in between.
   */
  get<T>(key: Buffer): T | undefined;
  write(changes: readonly Change[]): Promise<void>;
  cursor<T>(range: KeyRange): Cursor<T>;
  /** The entries of a range, all of them if it is known to be small (the parts of one upload). */
  entries<T>(range: KeyRange, limit?: number): Promise<[key: Buffer, value: T][]>;
  /** The names of all contents that any record refers to. */
  referencedBlobs(): AsyncIterable<string>;
  close(): Promise<void>;
}

/** Opens the store in a folder of its own; rejects when another process has it open. */
export async function openMeta(folder: string, onOpen?: (level: AnyLevel) => void): Promise<Meta> {
  const db = new ClassicLevel<Buffer, unknown>(folder, { keyEncoding: 'buffer', valueEncoding: 'json' });
  await db.open();
  onOpen?.(db);

  function cursor<T>(range: KeyRange): Cursor<T> {
    const iterator = db.iterator({ ...range });
    return {
      next: () => iterator.next() as Promise<[Buffer, T] | undefined>,
      seek: (key) => iterator.seek(key),
      close: () => iterator.close(),
    };
  }

  async function* referencedBlobs(): AsyncGenerator<string> {
    for (const range of RANGES_WITH_CONTENTS) {
      for await (const value of db.values({ ...range })) {
        const record = value as ObjectRecord | PartRecord;
        const segments = 'segments' in record ? record.segments : [record.segment];
        for (const { blob } of segments) yield blob;
      }
    }
  }

  return {
    get: <T>(key: Buffer) => db.getSync(key) as T | undefined,
    write: (changes) =>
      db.batch(
        changes.map((change) =>
          'put' in change
            ? { type: 'put', key: change.put, value: change.value }
            : { type: 'del', key: change.del },
        ),
        { sync: true },
      ),
    cursor,
    entries: <T>(range: KeyRange, limit = -1) =>
      db.iterator({ ...range, limit }).all() as Promise<[Buffer, T][]>,
    referencedBlobs,
    close: () => db.close(),
  };
}
