/** ListObjectsV2: walks the keys in byte order and jumps over what a delimiter rolls up, without reading it. */
import { isoDate, quoted, sendXml } from './answers.ts';
import { s3Error } from './errors.ts';
import { afterPrefix, keyOfObject, objectKey, objectRange } from './keys.ts';
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

/** The LevelDB key a listing starts at. Throws InvalidArgument for a token that this service did not make. */
function startOf(call: S3Call): Buffer | undefined {
  const { scope } = call.address;
  const token = call.query.get('continuation-token');
  if (token === undefined) {
    const after = call.query.get('start-after');
    // The first possible key after a key is the key followed by a zero byte.
    return after ? Buffer.concat([objectKey({ scope, key: after }), Buffer.alloc(1)]) : undefined;
  }
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const stored = objectKey({ scope, key: text.slice(1) });
  if (text.startsWith('k') && encodeToken('k', text.slice(1)) === token)
    return Buffer.concat([stored, Buffer.alloc(1)]);
  if (text.startsWith('p') && encodeToken('p', text.slice(1)) === token) return afterPrefix(stored);
  throw s3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token',
  });
}

/** The common prefix a key is rolled up into: up to and with the first delimiter after the prefix. */
function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (!delimiter) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

async function readPage(call: S3Call, { meta }: Stores, size: number): Promise<Page> {
  const { scope } = call.address;
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const page: Page = { contents: [], prefixes: [] };
  const range = objectRange(scope, prefix);
  const start = startOf(call);
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

export async function listObjectsV2(call: S3Call, stores: Stores): Promise<void> {
  const { query, bucket } = call;
  call.authorizeBucket('s3:ListBucket', conditionKeys(call));
  if (query.get('list-type') !== '2')
    throw s3Error('InvalidArgument', 'Invalid List Type specified in Request');
  const size = pageSize(call, 'max-keys');
  const { type, encode } = nameEncoding(call);
  const encoded = (parameter: string) => {
    const value = query.get(parameter);
    return value === undefined ? undefined : encode(value);
  };
  const page = await readPage(call, stores, size);
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
