/**
 * The stream inside a backup: frames of a type, a name and contents, one behind the other.
 *
 *     type (1 byte)  length of the name (4 bytes)  length of the contents (6 bytes)  name  contents
 *
 * `S` begins a store, `E` is an entry of it, `F` a file, `Z` the end: its contents are the SHA-256 of all before it.
 */
import { createHash, type Hash } from 'node:crypto';
import { BackupError } from './backup-error.ts';

export type FrameType = 'S' | 'E' | 'F' | 'Z';

export interface Frame {
  readonly type: FrameType;
  readonly name: Buffer;
  readonly size: number;
  /** Has to be read to its end before the next frame. */
  readonly contents: AsyncIterable<Buffer>;
}

const HEAD_BYTES = 11;
const DIGEST_BYTES = 32;
const MAX_NAME = 65_536;
/** Above every entry of any store; files are read in pieces. */
const MAX_ENTRY = 64 * 1_048_576;

/** Head and name of a frame. */
export function frameHead(type: FrameType, name: Buffer | string, size: number): Buffer {
  const bytes = Buffer.from(name);
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(bytes.length, 1);
  head.writeUIntBE(size, 5, 6);
  return Buffer.concat([head, bytes]);
}

/** The frames with the digest behind them; `first` is covered by it too. */
export async function* sealed(first: Buffer, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256').update(first);
  for await (const bytes of frames) {
    hash.update(bytes);
    yield bytes;
  }
  yield Buffer.concat([frameHead('Z', '', DIGEST_BYTES), hash.digest()]);
}

/**
 * The frames of a stream, without the last. Throws BackupError `backup_truncated` if it ends before its end, and
 * `backup_corrupt` if it is not what was written.
 */
export async function* framesOf(first: Buffer, stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const hash = createHash('sha256').update(first);
  const reader = readerOf(stream);
  for (;;) {
    const head = await reader.exactly(HEAD_BYTES);
    const type = head.toString('latin1', 0, 1);
    const nameLength = head.readUInt32BE(1);
    const size = head.readUIntBE(5, 6);
    if (!['S', 'E', 'F', 'Z'].includes(type) || nameLength > MAX_NAME || (type !== 'F' && size > MAX_ENTRY)) {
      throw new BackupError('backup_corrupt');
    }
    if (type === 'Z') {
      await checkEnd(reader, hash, size);
      return;
    }
    const name = await reader.exactly(nameLength);
    hash.update(head).update(name);
    let left = size;
    async function* contents(): AsyncGenerator<Buffer> {
      while (left > 0) {
        const bytes = await reader.some(left);
        left -= bytes.length;
        hash.update(bytes);
        yield bytes;
      }
    }
    yield { type: type as FrameType, name, size, contents: contents() };
    if (left > 0) throw new Error('the contents of a frame were not read');
  }
}

async function checkEnd(reader: Reader, hash: Hash, size: number): Promise<void> {
  const digest = await reader.exactly(Math.min(size, DIGEST_BYTES));
  if (!hash.digest().equals(digest) || !(await reader.atEnd())) throw new BackupError('backup_corrupt');
}

interface Reader {
  /** Throws BackupError backup_truncated if there are fewer. */
  exactly(bytes: number): Promise<Buffer>;
  /** At least one byte and at most so many. */
  some(bytes: number): Promise<Buffer>;
  atEnd(): Promise<boolean>;
}

function readerOf(stream: AsyncIterable<Buffer>): Reader {
  const source = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function fill(): Promise<boolean> {
    while (rest.length === 0) {
      const { value, done } = await source.next();
      if (done) return false;
      rest = value;
    }
    return true;
  }
  async function some(bytes: number): Promise<Buffer> {
    if (!(await fill())) throw new BackupError('backup_truncated');
    const taken = rest.subarray(0, bytes);
    rest = rest.subarray(taken.length);
    return taken;
  }
  return {
    some,
    async exactly(bytes) {
      const parts: Buffer[] = [];
      for (let left = bytes; left > 0; ) {
        const part = await some(left);
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    },
    atEnd: async () => !(await fill()),
  };
}
