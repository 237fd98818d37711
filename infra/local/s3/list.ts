/** ListObjectsV2: walks the keys in byte order and jumps over what a delimiter rolls up, without reading it. */
import { isoDate, quoted, sendXml } from './answers.ts';
import { s3Error } from './errors.ts';
import { afterPrefix, keyOfObject, objectKey, objectRange } from './keys.ts';
import type { Meta } from './meta.ts';
import type { Stores } from './objects.ts';
import { nameEncoding, pageSize } from './paging.ts';
import type { ObjectRecord } from './records.ts';
import type { S3Call } from './request.ts';

interface Page {
  readonly contents: { readonly key: string; readonly record: ObjectRecord }[];
  readonly prefixes: string[];
  /** Where the next page starts; undefined on the last. */
  next?: string;
}

/** A continuation token names the last entry of its page: `k` and a key, or `p` and a common prefix. */
function encodeToken(kind: 'k' | 'p', name: string): string {
  return Buffer.from(kind + name).toString('base64url');
}

/** The first possible key after a key is the key followed by a zero byte. */
const afterKey = (stored: Buffer): Buffer => Buffer.concat([stored, Buffer.alloc(1)]);

/** The LevelDB key at which the page after a token starts. Throws InvalidArgument for a token not made here. */
export function startOfToken(scope: string, token: string): Buffer {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const kind = text.slice(0, 1);
  const key = text.slice(1);
  if ((kind !== 'k' && kind !== 'p') || encodeToken(kind, key) !== token) {
    throw s3Error('InvalidArgument', 'The continuation token provided is incorrect', {
      ArgumentName: 'continuation-token',
    });
  }
  const stored = objectKey({ scope, key });
  return kind === 'k' ? afterKey(stored) : afterPrefix(stored);
}

function startOf({ query, address: { scope } }: S3Call): Buffer | undefined {
  const token = query.get('continuation-token');
  if (token !== undefined) return startOfToken(scope, token);
  const after = query.get('start-after');
  return after ? afterKey(objectKey({ scope, key: after })) : undefined;
}

/** The common prefix a key is rolled up into: up to and with the first delimiter after the prefix. */
function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (!delimiter) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

export interface Listing {
  readonly scope: string;
  readonly prefix: string;
  readonly delimiter: string;
  /** LevelDB key to start at. */
  readonly start?: Buffer;
  /** Entries on a page, contents and common prefixes together. */
  readonly size: number;
}

/** Reads one page; the steps it takes are the entries of the page, however many keys a delimiter rolls up. */
export async function readPage(meta: Meta, listing: Listing): Promise<Page> {
  const { scope, prefix, delimiter, start, size } = listing;
  const page: Page = { contents: [], prefixes: [] };
  const range = objectRange(scope, prefix);
  const cursor = meta.cursor<ObjectRecord>({
    gte: start && Buffer.compare(start, range.gte) > 0 ? start : range.gte,
    lt: range.lt,
  });
  try {
    let last = '';
    for (let entry = size ? await cursor.next() : undefined; entry; entry = await cursor.next()) {
      if (page.contents.length + page.prefixes.length === size) {
        page.next = last;
        break;
      }
      const [stored, record] = entry;
      const key = keyOfObject(scope, stored);
      const common = commonPrefix(key, prefix, delimiter);
      if (common === undefined) {
        page.contents.push({ key, record });
        last = encodeToken('k', key);
      } else {
        page.prefixes.push(common);
        last = encodeToken('p', common);
        cursor.seek(afterPrefix(objectKey({ scope, key: common })));
      }
    }
  } finally {
    await cursor.close();
  }
  return page;
}

/** What policies may ask of a listing; a parameter that is absent is an absent key. */
function conditionKeys({ query }: S3Call): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const parameter of ['prefix', 'delimiter', 'max-keys']) {
    const value = query.get(parameter);
    if (value !== undefined) keys[`s3:${parameter}`] = value;
  }
  return keys;
}

export async function listObjectsV2(call: S3Call, { meta }: Stores): Promise<void> {
  const { query, bucket, address } = call;
  call.authorizeBucket('s3:ListBucket', conditionKeys(call));
  if (query.get('list-type') !== '2')
    throw s3Error('InvalidArgument', 'Invalid List Type specified in Request');
  const size = pageSize(call, 'max-keys');
  const { type, encode } = nameEncoding(call);
  const encoded = (parameter: string) => {
    const value = query.get(parameter);
    return value === undefined ? undefined : encode(value);
  };
  const page = await readPage(meta, {
    scope: address.scope,
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    start: startOf(call),
    size,
  });
  const owner = query.get('fetch-owner') === 'true' ? { ID: bucket.accountId } : undefined;
  sendXml(call, 'ListBucketResult', {
    Name: bucket.name,
    Prefix: encoded('prefix') ?? '',
    Delimiter: encoded('delimiter'),
    StartAfter: encoded('start-after'),
    MaxKeys: size,
    EncodingType: type,
    KeyCount: page.contents.length + page.prefixes.length,
    IsTruncated: page.next !== undefined,
    ContinuationToken: query.get('continuation-token'),
    NextContinuationToken: page.next,
    Contents: page.contents.map(({ key, record }) => ({
      Key: encode(key),
      LastModified: isoDate(record.modifiedAt),
      ETag: quoted(record.etag),
      ChecksumAlgorithm: record.checksum?.algorithm.toUpperCase(),
      ChecksumType: record.checksum?.type,
      Size: record.size,
      Owner: owner,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encode(common) })),
  });
}
