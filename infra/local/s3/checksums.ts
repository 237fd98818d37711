/** The checksum algorithms of S3: CRC32, CRC32C, SHA1 and SHA256, as base64 of the big-endian value. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'sha1', 'sha256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Length of each checksum in bytes. */
const BYTES: Record<ChecksumAlgorithm, number> = { crc32: 4, crc32c: 4, sha1: 20, sha256: 32 };

/** Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
const CRC32C_POLYNOMIAL = 0x82f63b78;

/** Tables for eight bytes at a time: table k holds the CRC of a byte followed by k zero bytes. */
const TABLES = makeTables();

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C_POLYNOMIAL : crc >>> 1;
    tables[0][byte] = crc;
  }
  for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = tables[k - 1][byte];
      tables[k][byte] = (previous >>> 8) ^ tables[0][previous & 255];
    }
  }
  return tables;
}

/** CRC-32C of `data`, continuing from the CRC of what came before (0 at the start). */
export function crc32c(data: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~previous;
  let i = 0;
  for (const end = data.length - 7; i < end; i += 8) {
    crc ^= data[i] | (data[i + 1] << 8) | (data[i + 2] << 16) | (data[i + 3] << 24);
    crc =
      t7[crc & 255] ^
      t6[(crc >>> 8) & 255] ^
      t5[(crc >>> 16) & 255] ^
      t4[crc >>> 24] ^
      t3[data[i + 4]] ^
      t2[data[i + 5]] ^
      t1[data[i + 6]] ^
      t0[data[i + 7]];
  }
  for (; i < data.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ data[i]) & 255];
  return ~crc >>> 0;
}

export interface Hasher {
  update(data: Uint8Array): void;
  /** Base64 of the checksum of all data so far; called once. */
  digest(): string;
}

function crcHasher(step: (data: Uint8Array, previous: number) => number): Hasher {
  let crc = 0;
  return {
    update: (data) => {
      crc = step(data, crc);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc >>> 0);
      return bytes.toString('base64');
    },
  };
}

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  if (algorithm === 'crc32') return crcHasher((data, previous) => crc32(data, previous));
  if (algorithm === 'crc32c') return crcHasher(crc32c);
  const hash = createHash(algorithm);
  return { update: (data) => void hash.update(data), digest: () => hash.digest('base64') };
}

/** The checksum of a multipart object: of the parts' checksums, with their number appended. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  const hasher = createHasher(algorithm);
  for (const part of parts) hasher.update(Buffer.from(part, 'base64'));
  return `${hasher.digest()}-${parts.length}`;
}

/** Whether a text is the base64 of a checksum of that algorithm. */
export function isChecksum(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === BYTES[algorithm] && bytes.toString('base64') === value;
}

/** Lower-case algorithm of a name as in `x-amz-checksum-algorithm`; undefined when it is not emulated. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  return CHECKSUM_ALGORITHMS.find((known) => known === name.toLowerCase());
}
