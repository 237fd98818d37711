/** Multipart uploads from their start to their last part: create, upload, list, abort. */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../contract.ts';
import { isoDate, quoted, sendNoContent, sendXml } from './answers.ts';
import { namedAlgorithm } from './body-plan.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { notImplemented, s3Error } from './errors.ts';
import { partKey, partNumberOf, partRange, uploadKey } from './keys.ts';
import { bucketLock, checkBucket, type Stores } from './objects.ts';
import { pageSize, wholeNumber } from './paging.ts';
import { storeBody } from './receive.ts';
import type { PartRecord, UploadRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { setChecksum, storedHeaders } from './stored-headers.ts';

const MAX_PART_NUMBER = 10_000;

export const uploadLock = (uploadId: string): string => `upload ${uploadId}`;

/** Ids sort by the time of creation, which is the order in which uploads of one key are listed. */
function newUploadId(now: number): string {
  return now.toString(16).padStart(12, '0') + randomBytes(16).toString('hex');
}

export function uploadIdOf(call: S3Call): string {
  return call.query.get('uploadId') ?? '';
}

export function findUpload(call: S3Call, { meta }: Stores): UploadRecord | undefined {
  const uploadId = uploadIdOf(call);
  if (!/^[0-9a-f]{44}$/.test(uploadId)) return undefined;
  return meta.get<UploadRecord>(uploadKey(call.address, uploadId));
}

export function noSuchUpload(call: S3Call): AwsError {
  return s3Error('NoSuchUpload', undefined, { UploadId: uploadIdOf(call) });
}

/** Throws NoSuchUpload when the upload is unknown, of another key, completed or aborted. */
export function requireUpload(call: S3Call, stores: Stores): UploadRecord {
  const upload = findUpload(call, stores);
  if (!upload) throw noSuchUpload(call);
  return upload;
}

/**
 * Works on an upload alone, and on its bucket beside others. The upload's lock is always taken first;
 * whoever deletes the bucket takes only the bucket's.
 */
function holdUpload<T>(call: S3Call, { locks }: Stores, work: () => Promise<T>): Promise<T> {
  return locks.exclusive(uploadLock(uploadIdOf(call)), () =>
    locks.shared(bucketLock(call.bucket.name), work),
  );
}

export async function createMultipartUpload(call: S3Call, stores: Stores): Promise<void> {
  const { meta, locks, registry, clock } = stores;
  const { address, bucket } = call;
  call.authorizeObject('s3:PutObject');
  const algorithm = namedAlgorithm(call, 'x-amz-checksum-algorithm');
  const type = call.header('x-amz-checksum-type');
  if (type !== undefined && type !== 'COMPOSITE') throw notImplemented(`multipart checksums of type ${type}`);
  if (type && !algorithm) {
    throw s3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with x-amz-checksum-algorithm.',
    );
  }
  const upload: UploadRecord = {
    initiatedAt: clock(),
    headers: storedHeaders(call),
    checksumAlgorithm: algorithm,
  };
  const uploadId = newUploadId(upload.initiatedAt);
  await locks.shared(bucketLock(bucket.name), async () => {
    checkBucket(registry, bucket.name, address.scope);
    await meta.write([{ put: uploadKey(address, uploadId), value: upload }]);
  });
  if (algorithm) {
    call.response.setHeader('x-amz-checksum-algorithm', algorithm.toUpperCase());
    call.response.setHeader('x-amz-checksum-type', 'COMPOSITE');
  }
  sendXml(call, 'InitiateMultipartUploadResult', {
    Bucket: bucket.name,
    Key: address.key,
    UploadId: uploadId,
  });
}

function partNumber(call: S3Call): number {
  const number = wholeNumber(call, 'partNumber', 0);
  if (number >= 1 && number <= MAX_PART_NUMBER) return number;
  throw s3Error(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    {
      ArgumentName: 'partNumber',
    },
  );
}

/** An upload with a checksum algorithm takes only parts with that checksum; one without takes any. */
function checkAlgorithm(upload: UploadRecord, algorithm: ChecksumAlgorithm | undefined): void {
  if (!upload.checksumAlgorithm || upload.checksumAlgorithm === algorithm) return;
  throw s3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksumAlgorithm}, actual checksum Type: ${algorithm ?? 'null'}`,
  );
}

export async function uploadPart(call: S3Call, stores: Stores): Promise<void> {
  const { meta, blobs, clock } = stores;
  call.authorizeObject('s3:PutObject');
  const number = partNumber(call);
  requireUpload(call, stores);
  const { segment, md5, checksum } = await storeBody(call, blobs);
  const part: PartRecord = { segment, etag: md5.toString('hex'), modifiedAt: clock(), checksum };
  const key = partKey(uploadIdOf(call), number);
  try {
    const replaced = await holdUpload(call, stores, async () => {
      checkAlgorithm(requireUpload(call, stores), checksum?.algorithm); // it may have ended meanwhile
      const current = meta.get<PartRecord>(key);
      await meta.write([{ put: key, value: part }]);
      return current;
    });
    if (replaced) await blobs.remove([replaced.segment]);
  } catch (error) {
    if (error instanceof AwsError) await blobs.remove([segment]);
    throw error;
  }
  call.response.setHeader('etag', quoted(part.etag));
  if (checksum) setChecksum(call.response, checksum);
  call.response.end();
}

export async function listParts(call: S3Call, stores: Stores): Promise<void> {
  call.authorizeObject('s3:ListMultipartUploadParts');
  const upload = requireUpload(call, stores);
  const uploadId = uploadIdOf(call);
  const size = pageSize(call, 'max-parts');
  const after = wholeNumber(call, 'part-number-marker', 0);
  const range = { gte: partKey(uploadId, Math.min(after, MAX_PART_NUMBER) + 1), lt: partRange(uploadId).lt };
  const found = await stores.meta.entries<PartRecord>(range, size + 1);
  const parts = found.slice(0, size).map(([key, part]) => ({ number: partNumberOf(key), part }));
  sendXml(call, 'ListPartsResult', {
    Bucket: call.bucket.name,
    Key: call.address.key,
    UploadId: uploadId,
    PartNumberMarker: after,
    NextPartNumberMarker: parts.at(-1)?.number,
    MaxParts: size,
    IsTruncated: found.length > size,
    ChecksumAlgorithm: upload.checksumAlgorithm?.toUpperCase(),
    ChecksumType: upload.checksumAlgorithm && 'COMPOSITE',
    Part: parts.map(({ number, part }) => ({
      PartNumber: number,
      LastModified: isoDate(part.modifiedAt),
      ETag: quoted(part.etag),
      Size: part.segment.size,
      ...(part.checksum && { [`Checksum${part.checksum.algorithm.toUpperCase()}`]: part.checksum.value }),
    })),
    StorageClass: 'STANDARD',
  });
}

export async function abortMultipartUpload(call: S3Call, stores: Stores): Promise<void> {
  const { meta, blobs } = stores;
  call.authorizeObject('s3:AbortMultipartUpload');
  const uploadId = uploadIdOf(call);
  const parts = await holdUpload(call, stores, async () => {
    requireUpload(call, stores);
    const found = await meta.entries<PartRecord>(partRange(uploadId));
    await meta.write([{ del: uploadKey(call.address, uploadId) }, ...found.map(([key]) => ({ del: key }))]);
    return found;
  });
  await blobs.remove(parts.map(([, part]) => part.segment));
  sendNoContent(call);
}
