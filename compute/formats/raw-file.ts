/** A raw-data file on disk, read at positions: nothing is loaded that was not asked for. */
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { WorkerError } from '../errors.ts';

export interface RawFile {
  readonly path: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  /**
   * Bytes [position, position + length), fewer at the end of the file; for headers of a few KiB or MiB.
   * They are put into `into` if it is large enough.
   */
  bytes(position: number, length: number, into?: Buffer): Buffer;
  /** Fills `into` from `position` without blocking; throws input_unreadable if the file ends before. */
  fill(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file for reading.
 * Throws WorkerError: input_not_found if there is none, input_unreadable if it is not a readable regular file.
 */
export async function openRawFile(path: string): Promise<RawFile> {
  const handle = await openOrRefuse(path);
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw new WorkerError('input_unreadable', 'The input is not a regular file.');
  }
  let closed = false;
  return {
    path,
    size: stat.size,
    bytes(position, length, into) {
      const wanted = Math.max(0, Math.min(length, stat.size - position));
      const buffer = into && into.length >= wanted ? into : Buffer.allocUnsafeSlow(wanted);
      const count = wanted ? readSync(handle.fd, buffer, 0, wanted, position) : 0;
      return buffer.subarray(0, count);
    },
    async fill(into, position) {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) {
          throw new WorkerError('input_unreadable', 'The file became shorter while it was being read.');
        }
        done += bytesRead;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

async function openOrRefuse(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new WorkerError('input_not_found', 'The input file does not exist.');
    throw new WorkerError('input_unreadable', `The input file cannot be opened (${code}).`);
  }
}

/** A window that slides over a file: small reads at growing positions cost one system call per block. */
export interface Window {
  /**
   * `length` bytes at `position`, valid until the next call; fewer at the end of the file.
   * `stride` is the guessed distance to the next call: far apart, no more is read than asked for.
   */
  at(position: number, length: number, stride: number): Buffer;
}

const BLOCK = 1 << 20;
/** Above this distance between reads the bytes in between are not worth reading. */
const SPARSE = 32 * 1024;

export function createWindow(file: RawFile): Window {
  const memory = Buffer.allocUnsafeSlow(Math.min(BLOCK, file.size));
  let start = 0;
  let block: Buffer = memory.subarray(0, 0);
  return {
    at(position, length, stride) {
      if (position < start || position + length > start + block.length) {
        start = position;
        block = file.bytes(position, stride > SPARSE ? length : Math.max(length, BLOCK), memory);
      }
      return block.subarray(position - start, position - start + length);
    },
  };
}
