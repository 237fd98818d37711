/** Log files of functions and tasks: bounded, because a chatty handler must not fill the disk. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file is renamed to `FILE.1` (the one before is dropped) when it would grow beyond this, bytes. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface RotatingLog {
  write(chunk: Buffer | string): void;
  close(): void;
}

/** Opens (or continues) a log file. Writing is synchronous: lines keep their order and survive a kill. */
export function openLog(file: string, maxBytes = MAX_BYTES): RotatingLog {
  mkdirSync(dirname(file), { recursive: true });
  let handle: number | undefined = openSync(file, 'a');
  let size = fstatSync(handle).size;
  return {
    write(chunk) {
      if (handle === undefined) return; // the last words of a process that was told to end
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      if (size > 0 && size + bytes.length > maxBytes) {
        closeSync(handle);
        renameSync(file, `${file}.1`);
        handle = openSync(file, 'a');
        size = 0;
      }
      writeSync(handle, bytes);
      size += bytes.length;
    },
    close() {
      if (handle !== undefined) closeSync(handle);
      handle = undefined;
    },
  };
}
