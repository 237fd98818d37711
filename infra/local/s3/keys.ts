/**
 * Layout of the metadata in LevelDB, whose order is that of bytes, which is S3's order of keys:
 *
 *     b SCOPE                             bucket: creation date, CORS rules set by the API
 *     o SCOPE / KEY                       object
 *     u SCOPE / hex(KEY) ! UPLOAD-ID      multipart upload (hex: ordered like KEY, and `!` sorts before it)
 *     p UPLOAD-ID / PART-NUMBER           part
 *
 * SCOPE is `ACCOUNT:BUCKET`: a bucket name that another account takes over later never shows old contents.
 */

/** One object of one bucket. */
export interface Address {
  readonly scope: string;
  readonly key: string;
}

/** Keys `k` with gte <= k < lt. */
export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

/** A byte that UTF-8 never contains: after all keys that begin with what stands before it. */
const LAST = Buffer.from([0xff]);

/** The first possible key after all keys that begin with `prefix`. */
export function afterPrefix(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, LAST]);
}

function startingWith(text: string): KeyRange {
  const gte = Buffer.from(text);
  return { gte, lt: afterPrefix(gte) };
}

export function scopeOf(bucket: { accountId: string; name: string }): string {
  return `${bucket.accountId}:${bucket.name}`;
}

export const bucketKey = (scope: string): Buffer => Buffer.from(`b${scope}`);

export const objectKey = ({ scope, key }: Address): Buffer => Buffer.from(`o${scope}/${key}`);
export const objectRange = (scope: string, prefix: string): KeyRange => startingWith(`o${scope}/${prefix}`);
/** The S3 key within a LevelDB key of that scope. */
export const keyOfObject = (scope: string, stored: Buffer): string =>
  stored.toString('utf8', Buffer.byteLength(`o${scope}/`));

const hex = (key: string): string => Buffer.from(key).toString('hex');

export const uploadKey = ({ scope, key }: Address, uploadId: string): Buffer =>
  Buffer.from(`u${scope}/${hex(key)}!${uploadId}`);
export const uploadRange = (scope: string, prefix: string): KeyRange =>
  startingWith(`u${scope}/${hex(prefix)}`);
/** First possible key after all uploads of an S3 key: `"` follows `!`. */
export const afterUploadsOf = ({ scope, key }: Address): Buffer => Buffer.from(`u${scope}/${hex(key)}"`);
export function parseUploadKey(scope: string, stored: Buffer): { key: string; uploadId: string } {
  const [key, uploadId] = stored.toString('latin1', `u${scope}/`.length).split('!');
  return { key: Buffer.from(key, 'hex').toString(), uploadId };
}

export const partKey = (uploadId: string, partNumber: number): Buffer =>
  Buffer.from(`p${uploadId}/${String(partNumber).padStart(5, '0')}`);
export const partRange = (uploadId: string): KeyRange => startingWith(`p${uploadId}/`);
export const partNumberOf = (stored: Buffer): number => Number(stored.toString('latin1', stored.length - 5));

/** Every object and every part: what may refer to contents. */
export const RANGES_WITH_CONTENTS: readonly KeyRange[] = [startingWith('o'), startingWith('p')];
