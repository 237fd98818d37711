/** What a request claims about its signer, read from the Authorization header or from the query. */
import { AwsError, notEmulated } from '../contract.ts';
import { authError } from './auth-errors.ts';
import { ALGORITHM, parseAmzDate } from './canonical.ts';
import { parseQuery, type QueryPair, splitTarget } from './encoding.ts';

/** The parts of an HTTP request that a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** Request target: encoded path and query. */
  readonly url: string;
  /** Name, value, name, value, ... as they came. */
  readonly rawHeaders: readonly string[];
}

export interface SignatureClaim {
  readonly presigned: boolean;
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** `YYYYMMDD/REGION/SERVICE/aws4_request` */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  /** 64 hex digits. */
  readonly signature: string;
  readonly amzDate: string;
  /** Epoch ms of `amzDate`. */
  readonly signedAt: number;
  readonly token: string | undefined;
  /** Only of presigned requests. */
  readonly expiresSeconds: number | undefined;
  readonly path: string;
  readonly query: readonly QueryPair[];
  readonly headers: ReadonlyMap<string, string>;
}

const MAX_EXPIRES_SECONDS = 604_800;
const ONCE = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature', 'Security-Token'];

/** Lower-case header names; repeated headers joined by a comma, as the canonical request wants them. */
export function headerMap(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? rawHeaders[i + 1] : `${before},${rawHeaders[i + 1]}`);
  }
  return headers;
}

/** The service a request without a readable scope was most likely meant for; decides how errors look. */
export function guessService(method: string, headers: ReadonlyMap<string, string>): string {
  const target = headers.get('x-amz-target');
  if (target) return target.startsWith('DynamoDB') ? 'dynamodb' : 'states';
  const form = headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  return method === 'POST' && form ? 'sts' : 's3';
}

/** Undefined for an anonymous request; throws the service's own error for a malformed claim. */
export function readClaim(request: SignedRequest): SignatureClaim | undefined {
  const headers = headerMap(request.rawHeaders);
  const guess = guessService(request.method, headers);
  const target = splitTarget(request.url);
  const query = parseQuery(target.query);
  const authorization = headers.get('authorization');
  const presigned = query.some(([name]) => /^X-Amz-(Algorithm|Credential|Signature)$/.test(name));
  if (presigned && authorization !== undefined) {
    throw new AwsError(
      'InvalidArgument',
      'Only one auth mechanism allowed: the Authorization header or the query.',
    );
  }
  if (!presigned && authorization === undefined) return undefined;
  const fields = presigned
    ? queryFields(query, guess)
    : {
        ...headerFields(authorization!, guess),
        Date: dateOf(headers, guess),
        token: headers.get('x-amz-security-token'),
      };
  return {
    presigned,
    ...readFields(fields, (what) =>
      authError(guess, presigned ? 'malformed_query' : 'malformed', `${what} of the signature is malformed.`),
    ),
    token: fields.token,
    expiresSeconds: presigned ? readExpires(query, guess) : undefined,
    path: target.path,
    query,
    headers,
  };
}

interface Fields {
  readonly Credential?: string;
  readonly SignedHeaders?: string;
  readonly Signature?: string;
  readonly Date?: string;
  readonly token?: string;
}

function headerFields(authorization: string, service: string): Fields {
  const space = authorization.indexOf(' ');
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  if (algorithm.startsWith('AWS4-ECDSA')) throw notEmulated('Signature Version 4A');
  if (algorithm !== ALGORITHM) {
    throw authError(service, 'malformed', `The authorization mechanism is not supported; use ${ALGORITHM}.`);
  }
  const fields: Record<string, string> = {};
  for (const part of authorization.slice(space + 1).split(',')) {
    const mark = part.indexOf('=');
    const name = part.slice(0, mark).trim();
    if (mark < 0 || name in fields) {
      throw authError(service, 'malformed', 'The Authorization header is malformed.');
    }
    fields[name] = part.slice(mark + 1).trim();
  }
  return fields;
}

function dateOf(headers: ReadonlyMap<string, string>, service: string): string {
  const date = headers.get('x-amz-date');
  if (date === undefined) throw authError(service, 'malformed', 'The request has no X-Amz-Date header.');
  return date;
}

function queryFields(query: readonly QueryPair[], service: string): Fields {
  for (const name of ONCE) {
    if (query.filter(([given]) => given === `X-Amz-${name}`).length > 1) {
      throw authError(service, 'malformed_query', `X-Amz-${name} is given more than once.`);
    }
  }
  const value = (name: string) => query.find(([given]) => given === `X-Amz-${name}`)?.[1];
  if (value('Algorithm') !== ALGORITHM) {
    throw authError(service, 'malformed_query', `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  return {
    Credential: value('Credential'),
    SignedHeaders: value('SignedHeaders'),
    Signature: value('Signature'),
    Date: value('Date'),
    token: value('Security-Token'),
  };
}

function readFields(fields: Fields, malformed: (what: string) => AwsError) {
  const [accessKeyId, date, region, service, terminator, ...rest] = (fields.Credential ?? '').split('/');
  if (!accessKeyId || terminator !== 'aws4_request' || rest.length > 0) throw malformed('Credential');
  if (!/^\w{1,128}$/.test(accessKeyId)) throw malformed('Access key');
  if (!/^[a-z0-9-]{1,32}$/.test(region) || !/^[a-z0-9-]{1,32}$/.test(service)) throw malformed('Scope');
  const amzDate = fields.Date ?? '';
  const signedAt = parseAmzDate(amzDate);
  if (Number.isNaN(signedAt) || date !== amzDate.slice(0, 8)) throw malformed('Date');
  const signedHeaders = (fields.SignedHeaders ?? '').split(';');
  if (signedHeaders.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/.test(name))) {
    throw malformed('SignedHeaders');
  }
  if (!/^[0-9a-f]{64}$/.test(fields.Signature ?? '')) throw malformed('Signature');
  return {
    accessKeyId,
    region,
    service,
    scope: `${date}/${region}/${service}/aws4_request`,
    signedHeaders,
    signature: fields.Signature!,
    amzDate,
    signedAt,
  };
}

function readExpires(query: readonly QueryPair[], service: string): number {
  const text = query.find(([name]) => name === 'X-Amz-Expires')?.[1] ?? '';
  const seconds = Number(text);
  if (!/^\d{1,9}$/.test(text) || seconds < 1 || seconds > MAX_EXPIRES_SECONDS) {
    throw authError(
      service,
      'malformed_query',
      `X-Amz-Expires must be a number of seconds from 1 to ${MAX_EXPIRES_SECONDS} (a week).`,
    );
  }
  return seconds;
}
