/** Parameters of listings: page sizes, markers and the encoding of names. */
import { s3Error } from './errors.ts';
import type { S3Call } from './request.ts';

const MAX_PAGE = 1000;

/** A whole number within limits; larger page sizes count as the largest. Throws InvalidArgument. */
export function pageSize(call: S3Call, parameter: string): number {
  return Math.min(wholeNumber(call, parameter, MAX_PAGE), MAX_PAGE);
}

export function wholeNumber(call: S3Call, parameter: string, otherwise: number): number {
  const text = call.query.get(parameter);
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) {
    throw s3Error('InvalidArgument', `Provided ${parameter} not an integer or within integer range`, {
      ArgumentName: parameter,
    });
  }
  return Number(text);
}

/** RFC 3986 escapes of everything but unreserved characters and slashes, as S3 writes `encoding-type=url`. */
function escapeUrl(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
}

/** How keys are written in the answer, by the parameter encoding-type. Throws InvalidArgument. */
export function nameEncoding(call: S3Call): { type?: 'url'; encode: (name: string) => string } {
  const type = call.query.get('encoding-type');
  if (type === undefined) return { encode: (name) => name };
  if (type !== 'url') {
    throw s3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      ArgumentName: 'encoding-type',
    });
  }
  return { type, encode: escapeUrl };
}
