/** Conditional requests (RFC 9110, section 13), as S3 applies them to reads, writes and copies. */
import { notImplemented, s3Error } from './errors.ts';
import type { ObjectRecord } from './records.ts';
import type { S3Call } from './request.ts';

export interface Conditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  /** Epoch ms. */
  readonly ifModifiedSince?: number;
  /** Epoch ms. */
  readonly ifUnmodifiedSince?: number;
}

/** A date that does not parse is ignored, as RFC 9110 asks. */
function date(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** @param prefix `` for the object of the request, `x-amz-copy-source-` for the source of a copy */
export function readConditions(call: S3Call, prefix: '' | 'x-amz-copy-source-' = ''): Conditions {
  return {
    ifMatch: call.header(`${prefix}if-match`),
    ifNoneMatch: call.header(`${prefix}if-none-match`),
    ifModifiedSince: date(call.header(`${prefix}if-modified-since`)),
    ifUnmodifiedSince: date(call.header(`${prefix}if-unmodified-since`)),
  };
}

/** Whether a list of entity tags, or `*`, names the tag. */
function names(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const tag = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag === etag;
  });
}

/** Whether a read may go on; entity tags take precedence over dates, which count in whole seconds. */
export function judgeRead(conditions: Conditions, record: ObjectRecord): 'go-on' | 'not-modified' | 'failed' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modifiedAt = Math.floor(record.modifiedAt / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!names(ifMatch, record.etag)) return 'failed';
  } else if (ifUnmodifiedSince !== undefined && modifiedAt > ifUnmodifiedSince) return 'failed';
  if (ifNoneMatch !== undefined) {
    if (names(ifNoneMatch, record.etag)) return 'not-modified';
  } else if (ifModifiedSince !== undefined && modifiedAt <= ifModifiedSince) return 'not-modified';
  return 'go-on';
}

/** The conditions of a write. Throws NotImplemented for those S3 does not know: entity tags in If-None-Match. */
export function writeConditions(call: S3Call): Conditions {
  const ifNoneMatch = call.header('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw notImplemented('writes with an If-None-Match other than *');
  }
  return { ifMatch: call.header('if-match'), ifNoneMatch };
}

/** Throws PreconditionFailed, or NoSuchKey when If-Match names a version of an object that is not there. */
export function checkWrite(conditions: Conditions, current: ObjectRecord | undefined): void {
  if (conditions.ifNoneMatch !== undefined && current) {
    throw s3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' });
  }
  if (conditions.ifMatch === undefined) return;
  if (!current) throw s3Error('NoSuchKey');
  if (!names(conditions.ifMatch, current.etag)) {
    throw s3Error('PreconditionFailed', undefined, { Condition: 'If-Match' });
  }
}
