/** Percent-encoding and query strings as Signature Version 4 reads them (RFC 3986, upper-case hex). */
import { AwsError } from '../contract.ts';

export type QueryPair = readonly [name: string, value: string];

/** Encodes everything but the unreserved characters `A-Za-z0-9-._~`. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes percent-encoding; throws InvalidURI when it is broken. */
export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** Splits a request target at its first `?`; both halves stay encoded. */
export function splitTarget(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Decoded name/value pairs in the order they came; a parameter without `=` has the value ''. */
export function parseQuery(query: string): QueryPair[] {
  const pairs: QueryPair[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const mark = part.indexOf('=');
    const name = mark < 0 ? part : part.slice(0, mark);
    const value = mark < 0 ? '' : part.slice(mark + 1);
    pairs.push([decodeUri(name.replaceAll('+', ' ')), decodeUri(value.replaceAll('+', ' '))]);
  }
  return pairs;
}
