/**
 * Contents: immutable files with random names under `blobs/`, so that no key ever becomes a path.
 * A file is written under `tmp/`, flushed to disk and renamed; only then may metadata refer to it.
 */
import { randomBytes } from 'node:crypto';
import { constants, createReadStream, mkdirSync } from 'node:fs';
import { copyFile, link, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Segment } from './records.ts';

const READ_CHUNK = 256 * 1024;

export interface Blobs {
  /** Stores what the source yields; resolves with the file's name when it is on disk, removes it on errors. */
  write(source: AsyncIterable<Uint8Array>): Promise<string>;
  /** A second name for the same content. */
  copy(blob: string): Promise<string>;
  /** Keeps files from being removed until the returned function is called; it resolves when they may be gone. */
  pin(segments: readonly Segment[]): () => Promise<void>;
  /** Keeps all files from being removed until the returned function is called; it resolves when they may be gone. */
  hold(): () => Promise<void>;
  /** A whole file. */
  open(blob: string): AsyncIterable<Buffer>;
  /** Removes files nothing refers to any more; pinned ones when their last reader is done. */
  remove(segments: readonly Segment[]): Promise<void>;
  /** Bytes `first`..`last` (inclusive) of the segments in order; throws when a file is shorter than recorded. */
  read(segments: readonly Segment[], first: number, last: number): AsyncGenerator<Buffer>;
  /** Removes what an earlier process left: unfinished files, and files no metadata refers to. */
  sweep(referenced: AsyncIterable<string>): Promise<void>;
}

export function createBlobs(folder: string): Blobs {
  const tmp = join(folder, 'tmp');
  const home = (blob: string) => join(folder, 'blobs', blob.slice(0, 2));
  const path = (blob: string) => join(home(blob), blob);
  const shelves = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
  mkdirSync(tmp, { recursive: true });
  for (const shelf of shelves) mkdirSync(home(shelf), { recursive: true });

  const pins = new Map<string, number>();
  const doomed = new Set<string>();
  let holds = 0;

  /** Makes a new directory entry survive a power cut; Windows cannot open directories and orders this itself. */
  async function flushFolder(blob: string): Promise<void> {
    if (process.platform === 'win32') return;
    const handle = await open(home(blob), constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async function write(source: AsyncIterable<Uint8Array>): Promise<string> {
    const blob = randomBytes(16).toString('hex');
    const draft = join(tmp, blob);
    // Opened before anything can fail: a stream that opens its file itself may do so after it was given up.
    const file = await open(draft, 'wx');
    try {
      await pipeline(source, file.createWriteStream({ flush: true }));
      await rename(draft, path(blob));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await flushFolder(blob);
    return blob;
  }

  async function copy(blob: string): Promise<string> {
    const twin = randomBytes(16).toString('hex');
    try {
      await link(path(blob), path(twin));
    } catch (error) {
      // File systems without hard links, or with too many to one file.
      if (!['EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      await copyFile(path(blob), path(twin), constants.COPYFILE_EXCL);
      const handle = await open(path(twin), 'r+');
      await handle.sync().finally(() => handle.close());
    }
    await flushFolder(twin);
    return twin;
  }

  async function unpin(blob: string): Promise<void> {
    const left = (pins.get(blob) ?? 0) - 1;
    if (left > 0) {
      pins.set(blob, left);
      return;
    }
    pins.delete(blob);
    if (holds === 0 && doomed.delete(blob)) await rm(path(blob), { force: true });
  }

  function hold(): () => Promise<void> {
    holds++;
    return async () => {
      holds--;
      if (holds > 0) return;
      for (const blob of [...doomed].filter((one) => !pins.has(one))) {
        doomed.delete(blob);
        await rm(path(blob), { force: true });
      }
    };
  }

  function pin(segments: readonly Segment[]): () => Promise<void> {
    for (const { blob } of segments) pins.set(blob, (pins.get(blob) ?? 0) + 1);
    return async () => {
      await Promise.all(segments.map(({ blob }) => unpin(blob)));
    };
  }

  async function remove(segments: readonly Segment[]): Promise<void> {
    for (const { blob } of segments) {
      if (holds > 0 || pins.has(blob)) doomed.add(blob);
      else await rm(path(blob), { force: true });
    }
  }

  async function* read(segments: readonly Segment[], first: number, last: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { blob, size } of segments) {
      const start = Math.max(first - offset, 0);
      const end = Math.min(last - offset, size - 1);
      offset += size;
      if (start > end) continue;
      let left = end - start + 1;
      for await (const chunk of createReadStream(path(blob), { start, end, highWaterMark: READ_CHUNK })) {
        left -= chunk.length;
        yield chunk;
      }
      if (left) throw new Error(`content ${blob} is ${left} bytes shorter than recorded`);
    }
  }

  async function sweep(referenced: AsyncIterable<string>): Promise<void> {
    for (const name of await readdir(tmp)) await rm(join(tmp, name), { force: true });
    const known = new Set<string>();
    for await (const blob of referenced) known.add(blob);
    for (const shelf of shelves) {
      for (const blob of await readdir(home(shelf))) {
        if (!known.has(blob)) await rm(path(blob), { force: true });
      }
    }
  }

  const contents = (blob: string): AsyncIterable<Buffer> =>
    createReadStream(path(blob), { highWaterMark: READ_CHUNK });
  return { write, copy, pin, hold, open: contents, remove, read, sweep };
}
