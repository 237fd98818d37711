/** Which operation a request asks for; whatever is not in the table is refused by its name. */
import type { IncomingMessage } from 'node:http';
import { notImplemented, s3Error } from './errors.ts';
import { headerOf, parseTarget, type Target } from './request.ts';

type Level = 'service' | 'bucket' | 'object';

interface Route {
  readonly name: string;
  readonly method: string;
  readonly level: Level;
  /** A query parameter that must be there. */
  readonly marker?: string;
  /** Whether the x-amz-copy-source header must be there. */
  readonly copies?: true;
  /** Further parameters the operation understands. */
  readonly parameters?: readonly string[];
}

const OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
] as const;

const LIST = [
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
] as const;

/** The first route that fits wins: those with a marker stand before those without. */
const ROUTES = [
  { name: 'ListBuckets', method: 'GET', level: 'service' },
  { name: 'GetBucketLocation', method: 'GET', level: 'bucket', marker: 'location' },
  { name: 'GetBucketCors', method: 'GET', level: 'bucket', marker: 'cors' },
  { name: 'GetPublicAccessBlock', method: 'GET', level: 'bucket', marker: 'publicAccessBlock' },
  { name: 'GetBucketEncryption', method: 'GET', level: 'bucket', marker: 'encryption' },
  { name: 'GetBucketPolicy', method: 'GET', level: 'bucket', marker: 'policy' },
  { name: 'PutBucketCors', method: 'PUT', level: 'bucket', marker: 'cors' },
  { name: 'DeleteBucketCors', method: 'DELETE', level: 'bucket', marker: 'cors' },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    level: 'bucket',
    marker: 'uploads',
    parameters: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  },
  { name: 'ListObjectsV2', method: 'GET', level: 'bucket', marker: 'list-type', parameters: LIST },
  { name: 'DeleteObjects', method: 'POST', level: 'bucket', marker: 'delete' },
  { name: 'CreateBucket', method: 'PUT', level: 'bucket' },
  { name: 'HeadBucket', method: 'HEAD', level: 'bucket' },
  { name: 'DeleteBucket', method: 'DELETE', level: 'bucket' },
  { name: 'CreateMultipartUpload', method: 'POST', level: 'object', marker: 'uploads' },
  {
    name: 'UploadPart',
    method: 'PUT',
    level: 'object',
    marker: 'uploadId',
    parameters: ['partNumber'],
  },
  {
    name: 'ListParts',
    method: 'GET',
    level: 'object',
    marker: 'uploadId',
    parameters: ['max-parts', 'part-number-marker'],
  },
  { name: 'CompleteMultipartUpload', method: 'POST', level: 'object', marker: 'uploadId' },
  { name: 'AbortMultipartUpload', method: 'DELETE', level: 'object', marker: 'uploadId' },
  { name: 'CopyObject', method: 'PUT', level: 'object', copies: true },
  { name: 'PutObject', method: 'PUT', level: 'object' },
  { name: 'GetObject', method: 'GET', level: 'object', parameters: OVERRIDES },
  { name: 'HeadObject', method: 'HEAD', level: 'object', parameters: OVERRIDES },
  { name: 'DeleteObject', method: 'DELETE', level: 'object' },
] as const satisfies readonly Route[];

export type OperationName = (typeof ROUTES)[number]['name'];

/** Parts of S3 that requests name by a parameter and that are not emulated: parameter -> noun. */
const REFUSED: Record<string, string> = {
  accelerate: 'AccelerateConfiguration',
  acl: 'Acl',
  analytics: 'AnalyticsConfiguration',
  attributes: 'Attributes',
  encryption: 'Encryption',
  'intelligent-tiering': 'IntelligentTieringConfiguration',
  inventory: 'InventoryConfiguration',
  'legal-hold': 'LegalHold',
  lifecycle: 'LifecycleConfiguration',
  logging: 'Logging',
  metrics: 'MetricsConfiguration',
  notification: 'NotificationConfiguration',
  'object-lock': 'LockConfiguration',
  ownershipControls: 'OwnershipControls',
  policy: 'Policy',
  policyStatus: 'PolicyStatus',
  publicAccessBlock: 'PublicAccessBlock',
  replication: 'Replication',
  requestPayment: 'RequestPayment',
  restore: 'Restore',
  retention: 'Retention',
  select: 'SelectContent',
  session: 'Session',
  tagging: 'Tagging',
  torrent: 'Torrent',
  uploadId: 'UploadPart',
  versioning: 'Versioning',
  versions: 'Versions',
  website: 'Website',
};

/** x-amz-* headers that some operation understands; every other one asks for something not emulated. */
const HEADERS = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-if-modified-since',
  'x-amz-copy-source-if-none-match',
  'x-amz-copy-source-if-unmodified-since',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-metadata-directive',
  'x-amz-mp-object-size',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-source-expected-bucket-owner',
  'x-amz-trailer',
  'x-amz-user-agent',
]);
const HEADER_PREFIXES = ['x-amz-meta-', 'x-amz-checksum-'];

function isKnownHeader(name: string): boolean {
  return HEADERS.has(name) || HEADER_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** The name by which a request without a route is refused. */
function refusedName(method: string, level: Level, query: ReadonlyMap<string, string>): string {
  const verb = method[0] + method.slice(1).toLowerCase();
  const noun = level === 'object' ? 'Object' : 'Bucket';
  for (const parameter of query.keys()) {
    if (Object.hasOwn(REFUSED, parameter)) return `${verb}${noun}${REFUSED[parameter]} (?${parameter})`;
  }
  if (method === 'GET' && level === 'bucket') return 'ListObjects version 1 (use ListObjectsV2)';
  return `${verb}${noun}, such as browser form uploads`;
}

function findRoute(request: IncomingMessage, target: Target): (typeof ROUTES)[number] {
  const method = request.method ?? 'GET';
  const level: Level = target.key ? 'object' : target.bucket ? 'bucket' : 'service';
  const copies = headerOf(request, target.query, 'x-amz-copy-source') !== undefined;
  const fits = (route: Route) =>
    route.method === method &&
    route.level === level &&
    (!route.marker || target.query.has(route.marker)) &&
    (!route.copies || copies);
  const route = ROUTES.find(fits);
  const isRefused = [...target.query.keys()].some((name) => Object.hasOwn(REFUSED, name));
  if (route && (('marker' in route && route.marker) || !isRefused)) return route;
  if (!['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method)) throw s3Error('MethodNotAllowed');
  throw notImplemented(refusedName(method, level, target.query));
}

function refuseUnknown(route: Route, request: IncomingMessage, query: ReadonlyMap<string, string>): void {
  if (headerOf(request, query, 'x-amz-copy-source') && !route.copies) {
    throw notImplemented(route.name === 'UploadPart' ? 'UploadPartCopy' : `copying by ${route.name}`);
  }
  const presigned = query.has('X-Amz-Signature');
  for (const name of query.keys()) {
    const signing = name.startsWith('X-Amz-') || name === 'x-id';
    const known = name === route.marker || route.parameters?.includes(name);
    const header = presigned && isKnownHeader(name);
    if (!signing && !known && !header) throw notImplemented(`the parameter ${name} of ${route.name}`);
  }
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && !isKnownHeader(name)) {
      throw notImplemented(`the header ${name} of ${route.name}`);
    }
  }
}

/** Finds the operation. Throws NotImplemented naming what is asked for, or MethodNotAllowed. */
export function routeOf(request: IncomingMessage, target: Target): OperationName {
  const route = findRoute(request, target);
  refuseUnknown(route, request, target.query);
  return route.name;
}

/** Name of the S3 operation of any request, as fault orders and logs need it. Throws as `routeOf`. */
export function operationOf(request: IncomingMessage): OperationName {
  return routeOf(request, parseTarget(request.url ?? ''));
}
