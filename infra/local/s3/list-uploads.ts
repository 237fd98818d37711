/** ListMultipartUploads: uploads by key and, for one key, by their time. */
import { isoDate, sendXml } from './answers.ts';
import { afterUploadsOf, parseUploadKey, uploadKey, uploadRange } from './keys.ts';
import type { Stores } from './objects.ts';
import { nameEncoding, pageSize } from './paging.ts';
import type { UploadRecord } from './records.ts';
import type { S3Call } from './request.ts';

/** Where a page starts: after one upload of a key, or after all uploads of it. */
function startOf(call: S3Call): Buffer | undefined {
  const key = call.query.get('key-marker');
  if (!key) return undefined;
  const address = { scope: call.address.scope, key };
  const uploadId = call.query.get('upload-id-marker');
  return uploadId ? Buffer.concat([uploadKey(address, uploadId), Buffer.alloc(1)]) : afterUploadsOf(address);
}

export async function listMultipartUploads(call: S3Call, { meta }: Stores): Promise<void> {
  const { query, bucket, address } = call;
  call.authorizeBucket('s3:ListBucketMultipartUploads');
  const size = pageSize(call, 'max-uploads');
  const { type, encode } = nameEncoding(call);
  const range = uploadRange(address.scope, query.get('prefix') ?? '');
  const start = startOf(call);
  const gte = start && Buffer.compare(start, range.gte) > 0 ? start : range.gte;
  const found = await meta.entries<UploadRecord>({ gte, lt: range.lt }, size + 1);
  const uploads = found
    .slice(0, size)
    .map(([key, upload]) => ({ ...parseUploadKey(address.scope, key), upload }));
  const isTruncated = size > 0 && found.length > size;
  const last = isTruncated ? uploads.at(-1) : undefined;
  sendXml(call, 'ListMultipartUploadsResult', {
    Bucket: bucket.name,
    KeyMarker: encode(query.get('key-marker') ?? ''),
    UploadIdMarker: query.get('upload-id-marker') ?? '',
    NextKeyMarker: last && encode(last.key),
    NextUploadIdMarker: last?.uploadId,
    Prefix: encode(query.get('prefix') ?? ''),
    EncodingType: type,
    MaxUploads: size,
    IsTruncated: isTruncated,
    Upload: uploads.map(({ key, uploadId, upload }) => ({
      Key: encode(key),
      UploadId: uploadId,
      Initiated: isoDate(upload.initiatedAt),
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.checksumAlgorithm?.toUpperCase(),
      ChecksumType: upload.checksumAlgorithm && 'COMPOSITE',
    })),
  });
}
