/**
 * What of a running embedded cloud goes into a backup. All stores are frozen within one turn of the event loop, so
 * together they are a state that a crash at that moment would have left, and from such a state everything resumes.
 */
import type { ClassicLevel } from 'classic-level';
import { frameHead } from './frames.ts';

/** Any of the stores of the cloud. */
// biome-ignore lint/suspicious/noExplicitAny: their keys and values differ, and all are read as bytes here
export type AnyLevel = ClassicLevel<any, any>;

/** Folders of the stores, in the folder of the cloud. */
export const STORES = ['registry', 'dynamodb', 's3/meta', 'states'] as const;
export type StoreName = (typeof STORES)[number];
/** Metadata of objects, uploads and parts; what is left describes buckets. */
const OF_OBJECTS = new Set(['o', 'u', 'p']);
const PAGE = 1_000;

/** Contents of objects, as far as a backup needs them. */
export interface HeldBlobs {
  /** Keeps every file from being removed until the returned function is called. */
  hold(): () => Promise<void>;
  open(blob: string): AsyncIterable<Buffer>;
}

export interface Vault {
  /** Adds a store when it is opened. */
  add(name: StoreName, level: AnyLevel): void;
  addBlobs(blobs: HeldBlobs): void;
  /** The frames of everything. Frozen when the first is read. */
  frames(options: { objects: boolean }): AsyncGenerator<Uint8Array>;
}

/** Creates a vault without stores. */
export function createVault(): Vault {
  const levels = new Map<StoreName, AnyLevel>();
  let blobs: HeldBlobs | undefined;

  async function* frames({ objects }: { objects: boolean }): AsyncGenerator<Uint8Array> {
    const release = objects ? blobs?.hold() : undefined;
    const frozen = [...levels].map(([name, level]) => ({ name, level, snapshot: level.snapshot() }));
    try {
      for (const { name, level, snapshot } of frozen) {
        yield frameHead('S', name, 0);
        const entries = level.iterator({ keyEncoding: 'buffer', valueEncoding: 'buffer', snapshot });
        try {
          for (let page = await entries.nextv(PAGE); page.length > 0; page = await entries.nextv(PAGE)) {
            const wanted = (page as [Buffer, Buffer][]).filter(
              ([key]) => objects || name !== 's3/meta' || !OF_OBJECTS.has(key.toString('latin1', 0, 1)),
            );
            yield Buffer.concat(wanted.flatMap(([key, value]) => [frameHead('E', key, value.length), value]));
          }
        } finally {
          await entries.close();
        }
      }
      const meta = frozen.find(({ name }) => name === 's3/meta');
      if (objects && meta && blobs) yield* blobFrames(meta, blobs);
    } finally {
      for (const { snapshot } of frozen) await snapshot.close();
      await release?.();
    }
  }

  return {
    add: (name, level) => void levels.set(name, level),
    addBlobs(held) {
      blobs = held;
    },
    frames,
  };
}

interface Segments {
  segments?: { blob: string; size: number }[];
  segment?: { blob: string; size: number };
}

/** A content that two records share comes twice, which does no harm. */
async function* blobFrames(
  { level, snapshot }: { level: AnyLevel; snapshot: ReturnType<AnyLevel['snapshot']> },
  blobs: HeldBlobs,
): AsyncGenerator<Uint8Array> {
  const records = level.iterator({ keyEncoding: 'buffer', valueEncoding: 'json', snapshot });
  try {
    for await (const [key, record] of records as AsyncIterable<[Buffer, Segments]>) {
      if (!OF_OBJECTS.has(key.toString('latin1', 0, 1))) continue;
      for (const { blob, size } of record.segments ?? (record.segment ? [record.segment] : [])) {
        yield frameHead('F', `cloud/s3/blobs/${blob.slice(0, 2)}/${blob}`, size);
        let left = size;
        for await (const bytes of blobs.open(blob)) {
          left -= bytes.length;
          yield bytes;
        }
        if (left !== 0) throw new Error(`content ${blob} is ${left} bytes shorter than recorded`);
      }
    }
  } finally {
    await records.close();
  }
}
