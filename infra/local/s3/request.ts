/** What an S3 request names: bucket, key and parameters, each decoded exactly once and strictly. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodySignature, RegisteredBucket, ServiceContext } from '../contract.ts';
import { s3Error } from './errors.ts';
import { type Address, scopeOf } from './keys.ts';

const MAX_KEY_BYTES = 1024;

/** 3-63 of a-z, 0-9, `.` and `-`, beginning and ending with a letter or digit, no `..`, not an IPv4 address. */
const BUCKET_NAME = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export interface Target {
  /** Empty for the service itself. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw s3Error('InvalidURI'); // bad escape, or bytes that are not UTF-8
  }
}

function parseQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (!pair) continue;
    const [name, value] = pair.replaceAll('+', ' ').split(/=(.*)/s);
    const key = decode(name);
    if (query.has(key)) throw s3Error('InvalidArgument', `The parameter ${key} is given more than once.`);
    query.set(key, decode(value ?? ''));
  }
  return query;
}

/** Throws KeyTooLongError for keys of more than 1024 bytes of UTF-8. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > MAX_KEY_BYTES) {
    throw s3Error('KeyTooLongError', undefined, { Size: size, MaxSizeAllowed: MAX_KEY_BYTES });
  }
}

/** Splits `/bucket/key` at the first slash: the key is all the rest, with its slashes and dots as they are. */
export function splitPath(path: string): { bucket: string; key: string } {
  const [bucket, key] = path.split(/\/(.*)/s);
  if (!BUCKET_NAME.test(bucket)) throw s3Error('InvalidBucketName', undefined, { BucketName: bucket });
  checkKey(key ?? '');
  return { bucket, key: key ?? '' };
}

/** Parses the target of a path-style request. Throws InvalidURI, InvalidBucketName, KeyTooLongError. */
export function parseTarget(url: string): Target {
  const [path, search] = url.split(/\?(.*)/s);
  if (!path.startsWith('/')) throw s3Error('InvalidURI');
  const query = parseQuery(search ?? '');
  if (path === '/') return { bucket: '', key: '', query };
  return { ...splitPath(decode(path.slice(1))), query };
}

/** A verified request on its way to its operation. */
export interface S3Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: ServiceContext;
  readonly body: BodySignature;
  readonly query: ReadonlyMap<string, string>;
  /** Of an object: its address; of a bucket: its scope and an empty key. */
  readonly address: Address;
  /** The bucket of the request; for ListBuckets and CreateBucket there is none yet. */
  readonly bucket: RegisteredBucket;
  /**
   * A header; presigned URLs carry x-amz-* headers (but no checksums) as parameters. An empty header counts as none:
   * browsers send `Content-Type:` without a value for untyped blobs.
   */
  header(name: string): string | undefined;
  /** Throws AccessDenied unless the caller may act on the bucket; `keys` are condition keys such as s3:prefix. */
  authorizeBucket(action: string, keys?: Readonly<Record<string, string>>): void;
  /** Throws AccessDenied unless the caller may act on the object, and use the key of the bucket for it. */
  authorizeObject(action: string): void;
}

/** What of AWS KMS S3 does in the caller's name. Parts are encrypted when they arrive, and read to be put together. */
function keyActionsOf(action: string, query: ReadonlyMap<string, string>): string[] {
  if (action === 's3:GetObject') return ['kms:Decrypt'];
  if (action !== 's3:PutObject') return [];
  const isPart = query.has('uploads') || query.has('uploadId');
  return isPart ? ['kms:GenerateDataKey', 'kms:Decrypt'] : ['kms:GenerateDataKey'];
}

/**
 * Headers that S3 ignores in a URL. The SDK signs the checksum of an empty body into every presigned upload
 * unless told otherwise; such a URL works for any body.
 */
const NEVER_HOISTED = /^x-amz-(checksum-|sdk-checksum-algorithm$)/;

/** The header of a request, as `S3Call.header` defines it; hoisted values as UTF-8 bytes, as headers hold them. */
export function headerOf(
  request: IncomingMessage,
  query: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  const sent = request.headers[name];
  if (sent) return Array.isArray(sent) ? sent.join(', ') : sent;
  if (!name.startsWith('x-amz-') || NEVER_HOISTED.test(name) || !query.has('X-Amz-Signature'))
    return undefined;
  return Buffer.from(query.get(name) ?? '').toString('latin1') || undefined;
}

/** Throws AccessDenied unless the caller may use the key of the bucket, if it has one. */
export function authorizeKey(
  context: Pick<ServiceContext, 'authorize'>,
  { kmsKeyArn, region }: RegisteredBucket,
  action: string,
): void {
  if (kmsKeyArn) context.authorize(action, kmsKeyArn, { 'kms:ViaService': `s3.${region}.amazonaws.com` });
}

export function createCall(parts: {
  request: IncomingMessage;
  response: ServerResponse;
  context: ServiceContext;
  body: BodySignature;
  target: Target;
  bucket: RegisteredBucket;
}): S3Call {
  const { request, response, context, body, target, bucket } = parts;
  const arn = `arn:aws:s3:::${bucket.name}`;
  return {
    request,
    response,
    context,
    body,
    query: target.query,
    address: { scope: scopeOf(bucket), key: target.key },
    bucket,
    header: (name) => headerOf(request, target.query, name),
    authorizeBucket: (action, keys) => context.authorize(action, arn, keys),
    authorizeObject(action) {
      context.authorize(action, `${arn}/${target.key}`);
      for (const keyAction of keyActionsOf(action, target.query)) authorizeKey(context, bucket, keyAction);
    },
  };
}
