/** The embedded S3: path-style requests, verified by the gateway, to operations on buckets and objects. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Vault } from '../backup/vault.ts';
import {
  AwsError,
  type BodySignature,
  type BucketRegistry,
  type Clock,
  type RegisteredBucket,
  type S3Service,
  type ServiceContext,
} from '../contract.ts';
import { createBlobs } from './blobs.ts';
import { deleteBucketCors, getBucketCors, putBucketCors } from './bucket-cors.ts';
import { getBucketEncryption, getBucketPolicy, getPublicAccessBlock } from './bucket-settings.ts';
import {
  corsRules,
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './buckets.ts';
import { completeMultipartUpload } from './complete.ts';
import { copyObject } from './copy.ts';
import { answerPreflight, corsHeaders } from './cors.ts';
import { deleteObject, deleteObjects } from './delete.ts';
import { s3Error, writeError } from './errors.ts';
import { listObjectsV2 } from './list.ts';
import { listMultipartUploads } from './list-uploads.ts';
import { createLocks } from './locks.ts';
import { openMeta } from './meta.ts';
import { abortMultipartUpload, createMultipartUpload, listParts, uploadPart } from './multipart.ts';
import { createObjects, type Stores } from './objects.ts';
import { putObject } from './put.ts';
import { readObject } from './read.ts';
import { createCall, parseTarget, type S3Call, type Target } from './request.ts';
import { type OperationName, routeOf } from './routes.ts';

const OPERATIONS: Record<OperationName, (call: S3Call, stores: Stores) => Promise<void>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketCors: getBucketCors,
  GetPublicAccessBlock: getPublicAccessBlock,
  GetBucketEncryption: getBucketEncryption,
  GetBucketPolicy: getBucketPolicy,
  PutBucketCors: putBucketCors,
  DeleteBucketCors: deleteBucketCors,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: readObject,
  HeadObject: readObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};

/** A refused upload is read on for this many bytes, so that its sender sees the answer; then it is cut off. */
const MAX_DISCARDED = 64 * 1024 ** 2;

/** Reads away what is left of a body that nobody wants, within limits. */
function discardBody(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED) request.destroy();
  });
  request.on('error', () => request.destroy()); // the sender hung up, which ends the matter
  request.resume();
}

/** Whether an error only says that the other end closed the connection. */
function isHangUp(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** The bucket an operation works on; a bucket about to be created stands for itself. */
function bucketFor(
  operation: OperationName,
  target: Target,
  registry: BucketRegistry,
  context: ServiceContext,
): RegisteredBucket {
  const found = registry.bucket(target.bucket);
  if (found && operation !== 'CreateBucket') return found;
  if (operation !== 'CreateBucket' && operation !== 'ListBuckets') {
    throw s3Error('NoSuchBucket', undefined, { BucketName: target.bucket });
  }
  return { name: target.bucket, accountId: context.accountId, region: context.region };
}

/** Requests must be signed for the bucket's region, and for its owner if they name one. */
function checkBucketOf(call: S3Call, operation: OperationName): void {
  const { bucket, context, response } = call;
  const owner = call.header('x-amz-expected-bucket-owner');
  if (owner !== undefined && owner !== bucket.accountId) throw s3Error('AccessDenied');
  if (bucket.region === context.region || operation === 'GetBucketLocation') return;
  response.setHeader('x-amz-bucket-region', bucket.region);
  throw s3Error(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; the region '${context.region}' is wrong; expecting '${bucket.region}'`,
    { Region: bucket.region },
  );
}

/**
 * Opens the store under `dir/s3` and removes what a killed process left there.
 *
 * @param dir folder of the embedded cloud; one process at a time
 * @param report is told of failures that are not the caller's; by default one line on standard error
 */
export async function createS3Service(deps: {
  dir: string;
  clock: Clock;
  registry: BucketRegistry;
  report?: (error: unknown, requestId: string) => void;
  /** Told of metadata and contents, for backups. */
  vault?: Pick<Vault, 'add' | 'addBlobs'>;
}): Promise<S3Service> {
  const { dir, clock, registry } = deps;
  const report =
    deps.report ?? ((error, requestId) => console.error(`s3 request ${requestId} failed:`, error));
  const folder = join(dir, 's3');
  const blobs = createBlobs(folder);
  const meta = await openMeta(join(folder, 'meta'), (level) => deps.vault?.add('s3/meta', level));
  deps.vault?.addBlobs(blobs);
  await blobs.sweep(meta.referencedBlobs());
  const locks = createLocks();
  const objects = createObjects({ meta, blobs, locks, registry });
  const stores: Stores = { meta, blobs, locks, registry, clock, objects };

  function rulesOf(bucketName: string) {
    const bucket = registry.bucket(bucketName);
    return bucket ? corsRules(meta, bucket) : [];
  }

  async function run(
    request: IncomingMessage,
    response: ServerResponse,
    context: ServiceContext | undefined,
    body: BodySignature,
  ): Promise<void> {
    const target = parseTarget(request.url ?? '');
    if (request.method === 'OPTIONS') {
      answerPreflight(rulesOf(target.bucket), request, response);
      return;
    }
    for (const [name, value] of Object.entries(corsHeaders(rulesOf(target.bucket), request))) {
      response.setHeader(name, value);
    }
    if (!context) throw s3Error('AccessDenied');
    const operation = routeOf(request, target);
    const bucket = bucketFor(operation, target, registry, context);
    const call = createCall({ request, response, context, body, target, bucket });
    checkBucketOf(call, operation);
    await OPERATIONS[operation](call, stores);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown, requestId: string): void {
    if (isHangUp(error)) {
      response.destroy(); // nobody is left to answer
      return;
    }
    if (!(error instanceof AwsError)) report(error, requestId);
    writeError(request, response, error instanceof AwsError ? error : s3Error('InternalError'), requestId);
    discardBody(request);
  }

  return {
    async handle(request, response, context, body) {
      const requestId = context?.requestId ?? randomUUID();
      response.setHeader('x-amz-request-id', requestId);
      try {
        await run(request, response, context, body);
      } catch (error) {
        fail(request, response, error, requestId);
      }
    },
    corsHeaders(request) {
      try {
        return corsHeaders(rulesOf(parseTarget(request.url ?? '').bucket), request);
      } catch (error) {
        if (error instanceof AwsError) return {}; // an unreadable target names no bucket, so there are no rules
        throw error;
      }
    },
    close: () => meta.close(),
  };
}
