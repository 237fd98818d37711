/** The Range header of a read (RFC 9110, section 14). */
import { s3Error } from './errors.ts';

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The part of an object that a Range header asks for; undefined means all of it, also for what is not a single
 * range of bytes, which servers may ignore. Throws InvalidRange when nothing of it is in the object.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header ?? '');
  if (!match || (!match[1] && !match[2])) return undefined;
  const [, from, to] = match;
  if (from && to && Number(to) < Number(from)) return undefined;
  const first = from ? Number(from) : Math.max(0, size - Number(to));
  const last = from && to ? Math.min(Number(to), size - 1) : size - 1;
  if (first > last) {
    throw s3Error('InvalidRange', undefined, { RangeRequested: header, ActualObjectSize: size });
  }
  return { first, last };
}
