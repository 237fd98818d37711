/** CompleteMultipartUpload: the parts become the object in one atomic write; no byte is copied. */
import { createHash } from 'node:crypto';
import { quoted, sendXml } from './answers.ts';
import { statedChecksum } from './body-plan.ts';
import { compositeChecksum } from './checksums.ts';
import { checkWrite, writeConditions } from './conditions.ts';
import { s3Error } from './errors.ts';
import { partNumberOf, partRange, uploadKey } from './keys.ts';
import { findUpload, noSuchUpload, requireUpload, uploadIdOf, uploadLock } from './multipart.ts';
import type { Stores } from './objects.ts';
import { readText } from './receive.ts';
import type { Checksum, ObjectRecord, PartRecord, UploadRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { checksumElements } from './stored-headers.ts';
import { children, parseXml, text, type XmlElement } from './xml.ts';

const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_OBJECT_BYTES = 5 * 1024 ** 4;
const MAX_PARTS = 10_000;
/** 10,000 parts of about 300 bytes each. */
const MAX_DOCUMENT = 4 * 1024 ** 2;

/** A part as the request names it. */
interface WantedPart {
  readonly number: number;
  readonly etag: string;
  readonly element: XmlElement;
}

async function readWantedParts(call: S3Call): Promise<WantedPart[]> {
  const root = parseXml(await readText(call, MAX_DOCUMENT, 'object'), 'CompleteMultipartUpload');
  const wanted = children(root, 'Part').map((element) => {
    const number = text(element, 'PartNumber') ?? '';
    const etag = text(element, 'ETag');
    if (!/^\d{1,5}$/.test(number) || etag === undefined) throw s3Error('MalformedXML');
    return { number: Number(number), etag: etag.replace(/^"(.*)"$/, '$1'), element };
  });
  if (!wanted.length || wanted.length > MAX_PARTS) throw s3Error('MalformedXML');
  if (wanted.some(({ number }, i) => i > 0 && number <= wanted[i - 1].number))
    throw s3Error('InvalidPartOrder');
  return wanted;
}

/** The checksum a part is named with must be the one it was uploaded with. */
function checkPartChecksum(wanted: WantedPart, part: PartRecord, upload: UploadRecord): void {
  const algorithm = upload.checksumAlgorithm ?? part.checksum?.algorithm;
  const stated = algorithm && text(wanted.element, `Checksum${algorithm.toUpperCase()}`);
  if (upload.checksumAlgorithm && stated === undefined) {
    throw s3Error(
      'InvalidRequest',
      `The upload was created using a ${upload.checksumAlgorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${wanted.number} in the request.`,
    );
  }
  if (stated !== undefined && stated !== part.checksum?.value) {
    throw s3Error('InvalidPart', undefined, { PartNumber: wanted.number });
  }
}

function choose(
  wanted: readonly WantedPart[],
  stored: ReadonlyMap<number, PartRecord>,
  upload: UploadRecord,
) {
  return wanted.map((want, i) => {
    const part = stored.get(want.number);
    if (part?.etag !== want.etag) throw s3Error('InvalidPart', undefined, { PartNumber: want.number });
    checkPartChecksum(want, part, upload);
    if (i < wanted.length - 1 && part.segment.size < MIN_PART_BYTES) {
      throw s3Error('EntityTooSmall', undefined, {
        ProposedSize: part.segment.size,
        MinSizeAllowed: MIN_PART_BYTES,
        PartNumber: want.number,
        ETag: want.etag,
      });
    }
    return part;
  });
}

function multipartEtag(etags: readonly string[]): string {
  const md5 = createHash('md5');
  for (const etag of etags) md5.update(etag, 'hex');
  return `${md5.digest('hex')}-${etags.length}`;
}

function compositeOf(upload: UploadRecord, parts: readonly PartRecord[]): Checksum | undefined {
  const algorithm = upload.checksumAlgorithm;
  if (!algorithm) return undefined;
  const value = compositeChecksum(
    algorithm,
    parts.map((part) => part.checksum?.value ?? ''),
  );
  return { algorithm, value, type: 'COMPOSITE' };
}

/** The size and checksum that the request states for the whole object must be the object's. */
function checkStated(call: S3Call, record: ObjectRecord): void {
  const size = call.header('x-amz-mp-object-size');
  if (size !== undefined && Number(size) !== record.size) {
    throw s3Error('InvalidRequest', "The provided 'x-amz-mp-object-size' header does not match the object.");
  }
  const stated = statedChecksum(call);
  if (stated && stated.algorithm !== record.checksum?.algorithm) {
    throw s3Error(
      'InvalidRequest',
      'The checksum of the request is not of the type the upload was created with.',
    );
  }
  // With or without the number of parts.
  const [value] = record.checksum?.value.split('-') ?? [];
  if (stated && stated.value.split('-')[0] !== value) throw s3Error('BadDigest');
  if (record.size > MAX_OBJECT_BYTES) throw s3Error('EntityTooLarge');
}

function answer(call: S3Call, record: ObjectRecord): void {
  const { bucket, address } = call;
  sendXml(call, 'CompleteMultipartUploadResult', {
    Location: `http://${call.request.headers.host}/${bucket.name}/${encodeURI(address.key)}`,
    Bucket: bucket.name,
    Key: address.key,
    ETag: quoted(record.etag),
    ...checksumElements(record.checksum),
  });
}

/** The parts of the upload that the request names, as an object. */
function assemble(
  wanted: readonly WantedPart[],
  stored: ReadonlyMap<number, PartRecord>,
  upload: UploadRecord,
): Pick<ObjectRecord, 'size' | 'etag' | 'headers' | 'segments' | 'checksum'> {
  const parts = choose(wanted, stored, upload);
  return {
    size: parts.reduce((sum, part) => sum + part.segment.size, 0),
    etag: multipartEtag(parts.map((part) => part.etag)),
    headers: upload.headers,
    segments: parts.map((part) => part.segment),
    checksum: compositeOf(upload, parts),
  };
}

/**
 * The object that this very request has made before: a client whose answer got lost asks again.
 * Throws NoSuchUpload if there is none.
 */
function completedBefore(call: S3Call, stores: Stores, wanted: readonly WantedPart[]): ObjectRecord {
  const record = stores.objects.find(call.address);
  const etags = wanted.map(({ etag }) => etag).filter((etag) => /^[0-9a-f]{32}$/.test(etag));
  if (record?.uploadId === uploadIdOf(call) && record.etag === multipartEtag(etags)) return record;
  throw noSuchUpload(call);
}

export async function completeMultipartUpload(call: S3Call, stores: Stores): Promise<void> {
  const { meta, locks, objects, blobs, clock } = stores;
  const { address, bucket } = call;
  call.authorizeObject('s3:PutObject');
  const uploadId = uploadIdOf(call);
  const conditions = writeConditions(call);
  const wanted = await readWantedParts(call);
  const record = await locks.exclusive(uploadLock(uploadId), async () => {
    const upload = findUpload(call, stores);
    if (!upload) return completedBefore(call, stores, wanted);
    const entries = await meta.entries<PartRecord>(partRange(uploadId));
    const stored = new Map(entries.map(([key, part]) => [partNumberOf(key), part]));
    const made: ObjectRecord = { ...assemble(wanted, stored, upload), modifiedAt: clock(), uploadId };
    checkStated(call, made);
    await objects.commit(
      bucket.name,
      address,
      made,
      (current) => {
        requireUpload(call, stores);
        checkWrite(conditions, current);
      },
      [{ del: uploadKey(address, uploadId) }, ...entries.map(([key]) => ({ del: key }))],
    );
    const used = new Set(made.segments.map(({ blob }) => blob));
    await blobs.remove(entries.map(([, part]) => part.segment).filter(({ blob }) => !used.has(blob)));
    return made;
  });
  answer(call, record);
}
