/** Zip files that depend on their contents only: fixed times, fixed modes, the order given. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { createStoredChecksum } from './stored-checksum.ts';

/** An entry: `path` is where its bytes lie on disk. */
export interface ZipEntry {
  /** Name inside the zip, with forward slashes. */
  readonly name: string;
  readonly path: string;
}

export interface WrittenZip {
  readonly sizeBytes: number;
  /** Hexadecimal SHA-256 of the file. */
  readonly sha256: string;
  /** The SHA-256 that S3 computes of the file if it is stored in parts of `partBytes` (default: at once). */
  readonly checksumSHA256: string;
}

/** Packed already: stored as they are. */
const PACKED = /\.(gz|png|mat|zip)$/;

/** Writes the zip at `target`, streaming from disk to disk. */
export async function writeZip(
  target: string,
  entries: readonly ZipEntry[],
  partBytes = Infinity,
): Promise<WrittenZip> {
  const zip = new ZipFile();
  // The earliest time the format can say; local time on purpose, because that is what zip stores.
  const options = { mtime: new Date(1980, 0, 1), mode: 0o100644, forceDosTimestamp: true };
  for (const { name, path } of entries) zip.addFile(path, name, { ...options, compress: !PACKED.test(name) });
  zip.end();
  const hash = createHash('sha256');
  const stored = createStoredChecksum(partBytes);
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      stored.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const failed = new Promise<never>((_, reject) => zip.on('error', reject));
  await Promise.race([pipeline(zip.outputStream, meter, createWriteStream(target)), failed]);
  return { sizeBytes, sha256: hash.digest('hex'), checksumSHA256: stored.digest() };
}
