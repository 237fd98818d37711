/** Headers that are stored with an object, as they come in and as they go out again. */
import type { ServerResponse } from 'node:http';
import { s3Error } from './errors.ts';
import type { Checksum, HeaderList, ObjectRecord } from './records.ts';
import type { S3Call } from './request.ts';

const SYSTEM = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;

const DEFAULT_TYPE = 'binary/octet-stream';
const META = 'x-amz-meta-';
/** S3's limit for names and values of user metadata together. */
const MAX_METADATA_BYTES = 2048;

/** aws-chunked describes the transfer, not the object. */
function withoutTransferCoding(value: string): string {
  return value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding && coding.toLowerCase() !== 'aws-chunked')
    .join(',');
}

/** Throws InvalidArgument for a value that no header can hold. */
function checked(name: string, value: string): [string, string] {
  if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
    throw s3Error('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', {
      ArgumentName: name,
    });
  }
  return [name, value];
}

function systemHeaders(call: S3Call): [string, string][] {
  return SYSTEM.flatMap((name): [string, string][] => {
    const sent = call.header(name) ?? (name === 'content-type' ? DEFAULT_TYPE : '');
    const value = name === 'content-encoding' ? withoutTransferCoding(sent) : sent;
    return value ? [checked(name, value)] : [];
  });
}

function metadataHeaders(call: S3Call): [string, string][] {
  const names = new Set([...Object.keys(call.request.headers), ...call.query.keys()]);
  const found = [...names].filter((name) => name.startsWith(META));
  const list = found.flatMap((name): [string, string][] => {
    const value = call.header(name);
    return value === undefined ? [] : [checked(name, value)];
  });
  const size = list.reduce((sum, [name, value]) => sum + name.length - META.length + value.length, 0);
  if (size > MAX_METADATA_BYTES) {
    throw s3Error('MetadataTooLarge', undefined, { Size: size, MaxSizeAllowed: MAX_METADATA_BYTES });
  }
  return list;
}

/** What a request wants to be stored. Throws InvalidArgument, or MetadataTooLarge above 2 KiB of user metadata. */
export function storedHeaders(call: S3Call): HeaderList {
  return [...systemHeaders(call), ...metadataHeaders(call)];
}

/** Values a caller may put in place of the stored ones. Throws InvalidArgument for what no header can hold. */
export function overriddenHeaders(call: S3Call): HeaderList {
  return SYSTEM.flatMap((name): [string, string][] => {
    const value = call.query.get(`response-${name}`);
    return value === undefined ? [] : [checked(name, value)];
  });
}

export function setHeaders(response: ServerResponse, headers: HeaderList): void {
  for (const [name, value] of headers) response.setHeader(name, value);
}

/** ETag and Last-Modified: what a conditional request is answered with, too. */
export function setValidators(response: ServerResponse, record: ObjectRecord): void {
  response.setHeader('etag', `"${record.etag}"`);
  response.setHeader('last-modified', new Date(record.modifiedAt).toUTCString());
}

export function setChecksum(
  response: ServerResponse,
  checksum: Omit<Checksum, 'type'> & Partial<Checksum>,
): void {
  response.setHeader(`x-amz-checksum-${checksum.algorithm}`, checksum.value);
  if (checksum.type) response.setHeader('x-amz-checksum-type', checksum.type);
}

/** Elements of XML answers for a checksum, such as ChecksumCRC32 and ChecksumType. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return {
    [`Checksum${checksum.algorithm.toUpperCase()}`]: checksum.value,
    ChecksumType: checksum.type,
  };
}
