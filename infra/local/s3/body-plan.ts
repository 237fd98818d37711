/** What a request announces about its body, read and judged before the first byte of the body is. */
import { type ChecksumAlgorithm, checksumAlgorithm, isChecksum } from './checksums.ts';
import { notImplemented, s3Error } from './errors.ts';
import type { S3Call } from './request.ts';

const PREFIX = 'x-amz-checksum-';
/** Names with that prefix that are not checksums. */
const NOT_CHECKSUMS = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']);
const STREAMING = /^STREAMING-(UNSIGNED-PAYLOAD-TRAILER|AWS4-HMAC-SHA256-PAYLOAD(?:-TRAILER)?)$/;
/** Largest length a request may announce at all; keeps lengths exact integers. */
const MAX_LENGTH_DIGITS = 15;

export interface BodyPlan {
  /** Length of the decoded body in bytes. */
  readonly length: number;
  /** Whether the body is aws-chunked, and if so, whether its chunks are signed. */
  readonly encoding: 'plain' | 'chunked' | 'signed-chunks';
  /** Hex SHA-256 the body must have. */
  readonly sha256?: string;
  /** Base64 MD5 the body must have. */
  readonly md5?: string;
  /** The checksum to compute; `value` is what it must be, otherwise a trailer of that name brings it. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value?: string };
}

function algorithmOf(header: string): ChecksumAlgorithm {
  const name = header.slice(PREFIX.length);
  const algorithm = checksumAlgorithm(name);
  if (!algorithm) throw notImplemented(`the checksum algorithm ${name.toUpperCase()}`);
  return algorithm;
}

/** The algorithm named by a header such as x-amz-checksum-algorithm, if it is there. */
export function namedAlgorithm(call: S3Call, header: string): ChecksumAlgorithm | undefined {
  const name = call.header(header);
  return name === undefined ? undefined : algorithmOf(PREFIX + name);
}

function checksumHeaders(call: S3Call): string[] {
  const isChecksum = (name: string) => name.startsWith(PREFIX) && !NOT_CHECKSUMS.has(name);
  return Object.keys(call.request.headers).filter(
    (name) => isChecksum(name) && call.header(name) !== undefined,
  );
}

/** The checksum a request states in its headers. Throws InvalidRequest for several or malformed ones. */
export function statedChecksum(call: S3Call): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const [name, ...others] = checksumHeaders(call);
  if (!name) return undefined;
  if (others.length) {
    throw s3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  return { algorithm: algorithmOf(name), value: call.header(name) ?? '' };
}

function checksumPlan(call: S3Call, hasTrailer: boolean): BodyPlan['checksum'] {
  const stated = statedChecksum(call);
  if (stated && !isChecksum(stated.algorithm, stated.value)) {
    throw s3Error('InvalidRequest', `Value for ${PREFIX}${stated.algorithm} header is invalid.`);
  }
  const trailer = hasTrailer ? call.header('x-amz-trailer')?.toLowerCase() : undefined;
  if (stated && trailer) {
    throw s3Error('InvalidRequest', 'Expecting a single checksum, in a header or in a trailer.');
  }
  if (trailer && (!trailer.startsWith(PREFIX) || trailer.includes(','))) {
    throw s3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
  }
  const plan = stated ?? (trailer ? { algorithm: algorithmOf(trailer) } : undefined);
  const announced = namedAlgorithm(call, 'x-amz-sdk-checksum-algorithm');
  if (announced && announced !== plan?.algorithm) {
    throw s3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return plan;
}

function lengthOf(call: S3Call, header: string): number {
  const text = call.header(header);
  if (text === undefined) throw s3Error('MissingContentLength');
  if (!/^\d+$/.test(text)) throw s3Error('InvalidArgument', `${header} is not a number of bytes.`);
  return text.length > MAX_LENGTH_DIGITS ? Number.MAX_SAFE_INTEGER : Number(text);
}

function md5Of(call: S3Call): string | undefined {
  const text = call.header('content-md5');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw s3Error('InvalidDigest');
  return text;
}

/**
 * @param checksumOf what x-amz-checksum-* headers speak of: this body, or the object that the request completes
 * @throws MissingContentLength, InvalidDigest, InvalidRequest (checksum headers that contradict each other),
 * NotImplemented (other payload signatures and checksum algorithms)
 */
export function planBody(call: S3Call, checksumOf: 'body' | 'object' = 'body'): BodyPlan {
  const { contentSha256 } = call.body;
  const md5 = md5Of(call);
  const streaming = STREAMING.exec(contentSha256);
  if (streaming) {
    const signed = streaming[1].startsWith('AWS4');
    if (signed && !call.body.seed) throw s3Error('InvalidRequest', 'Signed chunks need a signed header.');
    const hasTrailer = streaming[1].endsWith('-TRAILER');
    return {
      length: lengthOf(call, 'x-amz-decoded-content-length'),
      encoding: signed ? 'signed-chunks' : 'chunked',
      md5,
      checksum: checksumPlan(call, hasTrailer),
    };
  }
  if (contentSha256.startsWith('STREAMING-')) throw notImplemented(`payloads signed as ${contentSha256}`);
  const plain = contentSha256 === 'UNSIGNED-PAYLOAD';
  if (!plain && !/^[0-9a-f]{64}$/.test(contentSha256)) {
    throw s3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- value or a valid sha256 value.',
    );
  }
  return {
    length: lengthOf(call, 'content-length'),
    encoding: 'plain',
    sha256: plain ? undefined : contentSha256,
    md5,
    checksum: checksumOf === 'body' ? checksumPlan(call, false) : undefined,
  };
}
