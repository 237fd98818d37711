/** GetObject and HeadObject. */
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../contract.ts';
import { judgeRead, readConditions } from './conditions.ts';
import { s3Error } from './errors.ts';
import type { Stores } from './objects.ts';
import { type ByteRange, parseRange } from './range.ts';
import type { ObjectRecord } from './records.ts';
import type { S3Call } from './request.ts';
import { overriddenHeaders, setChecksum, setHeaders, setValidators } from './stored-headers.ts';

/** 404 is told only to those who may list the bucket; for others a missing key is like a forbidden one. */
export function missingKey(mayList: () => void, key: string): AwsError {
  try {
    mayList();
  } catch (error) {
    if (error instanceof AwsError) return s3Error('AccessDenied');
    throw error;
  }
  return s3Error('NoSuchKey', undefined, { Key: key });
}

/** If-Range: a stored version other than the one named makes the whole object the answer. */
function isOtherVersion(call: S3Call, record: ObjectRecord): boolean {
  const condition = call.header('if-range');
  if (condition === undefined) return false;
  if (condition.includes('"')) return condition !== `"${record.etag}"`;
  return Date.parse(condition) !== Math.floor(record.modifiedAt / 1000) * 1000;
}

function rangeOf(call: S3Call, record: ObjectRecord): ByteRange | undefined {
  if (isOtherVersion(call, record)) return undefined;
  try {
    return parseRange(call.header('range'), record.size);
  } catch (error) {
    call.response.setHeader('content-range', `bytes */${record.size}`);
    throw error;
  }
}

/** Sets status and headers; returns the bytes to send, or undefined when there are none. */
function answerHead(call: S3Call, record: ObjectRecord): ByteRange | undefined {
  const { response } = call;
  const verdict = judgeRead(readConditions(call), record);
  if (verdict === 'failed') throw s3Error('PreconditionFailed');
  const overrides = overriddenHeaders(call);
  if (verdict === 'not-modified') {
    setValidators(response, record);
    response.statusCode = 304;
    return undefined;
  }
  const range = rangeOf(call, record);
  setValidators(response, record);
  response.setHeader('accept-ranges', 'bytes');
  setHeaders(response, record.headers);
  setHeaders(response, overrides);
  const { first, last } = range ?? { first: 0, last: record.size - 1 };
  response.setHeader('content-length', last - first + 1);
  if (range) {
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${first}-${last}/${record.size}`);
  } else if (record.checksum && call.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    setChecksum(response, record.checksum);
  }
  return last < first ? undefined : { first, last };
}

/** GetObject; for a HEAD request the same without the content. */
export async function readObject(call: S3Call, stores: Stores): Promise<void> {
  const { objects, blobs } = stores;
  const { request, response, address } = call;
  call.authorizeObject('s3:GetObject');
  const record = objects.find(address);
  if (!record) throw missingKey(() => call.authorizeBucket('s3:ListBucket'), address.key);
  const release = blobs.pin(record.segments);
  try {
    const range = answerHead(call, record);
    if (!range || request.method === 'HEAD') response.end();
    else await pipeline(blobs.read(record.segments, range.first, range.last), response);
  } finally {
    await release();
  }
}
