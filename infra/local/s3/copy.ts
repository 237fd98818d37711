/** CopyObject: a second name for the same content where that keeps S3's answer the same, else a new content. */
import { createHash } from 'node:crypto';
import { isoDate, quoted, sendXml } from './answers.ts';
import { namedAlgorithm } from './body-plan.ts';
import { type ChecksumAlgorithm, createHasher } from './checksums.ts';
import { checkWrite, judgeRead, readConditions, writeConditions } from './conditions.ts';
import { notImplemented, s3Error } from './errors.ts';
import { type Address, scopeOf } from './keys.ts';
import type { Stores } from './objects.ts';
import { commitNewContents } from './put.ts';
import { missingKey } from './read.ts';
import { MAX_PUT_BYTES } from './receive.ts';
import type { ObjectRecord } from './records.ts';
import { authorizeKey, type S3Call, splitPath } from './request.ts';
import { checksumElements, storedHeaders } from './stored-headers.ts';

type Contents = Pick<ObjectRecord, 'etag' | 'segments' | 'checksum'>;

function parseSource(header: string): { bucket: string; key: string } {
  const [path, search] = header.replace(/^\//, '').split(/\?(.*)/s);
  if (search !== undefined) throw notImplemented('copying a version of an object (?versionId)');
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw s3Error('InvalidArgument', 'Copy Source must be URL-encoded.', {
      ArgumentName: 'x-amz-copy-source',
    });
  }
  const source = splitPath(decoded);
  if (!source.key) {
    throw s3Error(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      {
        ArgumentName: 'x-amz-copy-source',
      },
    );
  }
  return source;
}

/** The source's address, if it exists as the request expects and the caller may read it. */
function findSource(call: S3Call, { registry }: Stores): Address & { readonly mayList: () => void } {
  const { bucket: name, key } = parseSource(call.header('x-amz-copy-source') ?? '');
  const bucket = registry.bucket(name);
  if (!bucket) throw s3Error('NoSuchBucket', undefined, { BucketName: name });
  const owner = call.header('x-amz-source-expected-bucket-owner');
  if (owner !== undefined && owner !== bucket.accountId) throw s3Error('AccessDenied');
  call.context.authorize('s3:GetObject', `arn:aws:s3:::${name}/${key}`);
  authorizeKey(call.context, bucket, 'kms:Decrypt');
  const mayList = () => call.context.authorize('s3:ListBucket', `arn:aws:s3:::${name}`);
  return { scope: scopeOf(bucket), key, mayList };
}

/** Whether the copy takes its headers from this request. Throws for a copy onto itself that changes nothing. */
function replacesHeaders(call: S3Call, source: Address): boolean {
  const directive = call.header('x-amz-metadata-directive') ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE') {
    throw s3Error('InvalidArgument', 'Unknown metadata directive.', {
      ArgumentName: 'x-amz-metadata-directive',
    });
  }
  const itself = source.scope === call.address.scope && source.key === call.address.key;
  if (itself && directive === 'COPY') {
    throw s3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
    );
  }
  return directive === 'REPLACE';
}

/** Reads the source through: the copy of a multipart object is one content with an MD5 for its ETag. */
async function rewrite(
  { blobs }: Stores,
  source: ObjectRecord,
  algorithm?: ChecksumAlgorithm,
): Promise<Contents> {
  const md5 = createHash('md5');
  const hasher = algorithm && createHasher(algorithm);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of blobs.read(source.segments, 0, source.size - 1)) {
      md5.update(chunk);
      hasher?.update(chunk);
      yield chunk;
    }
  }
  const blob = await blobs.write(hashed());
  const checksum =
    algorithm && hasher && ({ algorithm, value: hasher.digest(), type: 'FULL_OBJECT' } as const);
  return { etag: md5.digest('hex'), segments: [{ blob, size: source.size }], checksum };
}

async function copyContents(
  stores: Stores,
  source: ObjectRecord,
  wanted?: ChecksumAlgorithm,
): Promise<Contents> {
  const algorithm = wanted ?? source.checksum?.algorithm;
  const keeps = source.uploadId === undefined && algorithm === source.checksum?.algorithm;
  if (!keeps) return rewrite(stores, source, algorithm);
  const [{ blob, size }] = source.segments;
  const segments = [{ blob: await stores.blobs.copy(blob), size }];
  return { etag: source.etag, segments, checksum: source.checksum };
}

export async function copyObject(call: S3Call, stores: Stores): Promise<void> {
  const { objects, blobs, clock } = stores;
  call.authorizeObject('s3:PutObject');
  const from = findSource(call, stores);
  const headers = replacesHeaders(call, from) ? storedHeaders(call) : undefined;
  const algorithm = namedAlgorithm(call, 'x-amz-checksum-algorithm');
  const conditions = writeConditions(call);
  const source = objects.find(from);
  if (!source) throw missingKey(from.mayList, from.key);
  if (source.size > MAX_PUT_BYTES) {
    throw s3Error(
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`,
    );
  }
  if (judgeRead(readConditions(call, 'x-amz-copy-source-'), source) !== 'go-on')
    throw s3Error('PreconditionFailed');
  const release = blobs.pin(source.segments);
  let record: ObjectRecord;
  try {
    const contents = await copyContents(stores, source, algorithm);
    record = { ...contents, size: source.size, modifiedAt: clock(), headers: headers ?? source.headers };
  } finally {
    await release();
  }
  await commitNewContents(stores, record, () =>
    objects.commit(call.bucket.name, call.address, record, (current) => checkWrite(conditions, current)),
  );
  sendXml(call, 'CopyObjectResult', {
    ETag: quoted(record.etag),
    LastModified: isoDate(record.modifiedAt),
    ...checksumElements(record.checksum),
  });
}
