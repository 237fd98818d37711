/**
 * Cursors of lists: where the next page starts. A cursor is authenticated and bound to its list, because a
 * start key that a client could write would be a look into somebody else's partition.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../errors.ts';

/** Start key of a DynamoDB query: only key attributes, all strings. */
export type StartKey = Readonly<Record<string, string>>;

export interface Cursors {
  /** `list` names the list (index and partition) that the key belongs to. */
  seal(list: string, key: StartKey): string;
  /** Throws invalid_request for anything that `seal` did not make for this list. */
  open(list: string, cursor: string): StartKey;
}

const MAC_BYTES = 16;
const MAX_CURSOR_CHARACTERS = 4_096;

/** Creates the sealer of cursors; `secret` must be the same in all broker processes. */
export function createCursors(secret: string | Buffer): Cursors {
  const macOf = (list: string, body: Buffer): Buffer =>
    createHmac('sha256', secret)
      .update(`cloudmr/cursor/1\n${list}\n`)
      .update(body)
      .digest()
      .subarray(0, MAC_BYTES);

  return {
    seal(list, key) {
      const body = Buffer.from(JSON.stringify(key));
      return Buffer.concat([macOf(list, body), body]).toString('base64url');
    },
    open(list, cursor) {
      const bytes =
        cursor.length <= MAX_CURSOR_CHARACTERS ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
      const body = bytes.subarray(MAC_BYTES);
      if (bytes.length <= MAC_BYTES || !timingSafeEqual(bytes.subarray(0, MAC_BYTES), macOf(list, body))) {
        throw new AppError('invalid_request', 'cursor: not a cursor of this list', {
          remedy: 'Use the cursor of the previous page unchanged, or leave it out to start again.',
        });
      }
      return JSON.parse(body.toString()) as StartKey;
    },
  };
}
