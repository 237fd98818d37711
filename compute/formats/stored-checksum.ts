/**
 * The SHA-256 that S3 computes of an object: of its bytes if they came at once, else of the hashes of its parts with
 * their number appended (Amazon S3 user guide, "Checking object integrity", composite checksums).
 */
import { createHash, type Hash } from 'node:crypto';

export interface StoredChecksum {
  update(chunk: Uint8Array): void;
  /** Base64, and `-N` for N parts; called once. */
  digest(): string;
}

/** Begins the checksum of a file that is stored in parts of `partBytes`, or at once if it is no larger. */
export function createStoredChecksum(partBytes: number): StoredChecksum {
  const parts: Buffer[] = [];
  let part: Hash = createHash('sha256');
  let room = partBytes;

  return {
    update(chunk) {
      for (let rest = chunk; rest.length > 0; ) {
        // A part ends only when more follows: a file of exactly one part is no multipart object.
        if (room === 0) {
          parts.push(part.digest());
          part = createHash('sha256');
          room = partBytes;
        }
        const taken = rest.subarray(0, room);
        part.update(taken);
        room -= taken.length;
        rest = rest.subarray(taken.length);
      }
    },
    digest() {
      const last = part.digest();
      if (parts.length === 0) return last.toString('base64');
      const all = createHash('sha256').update(Buffer.concat([...parts, last]));
      return `${all.digest('base64')}-${parts.length + 1}`;
    },
  };
}
