/**
 * S3 as the worker needs it: documents in and out as JSON, large files streamed between bucket and disk.
 * Credentials come from where the SDK finds them in a Lambda or an ECS task.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { WorkerError } from '../../compute/errors.ts';
import { type ObjectLocation, UPLOAD_PART_BYTES } from '../schemas/execution.ts';

export interface ObjectHead {
  readonly sizeBytes: number;
  /** User metadata, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** As S3 computed it: see `runResult`. Undefined if the object was stored without one. */
  readonly checksumSHA256: string | undefined;
}

export interface UploadOptions {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** All methods throw WorkerError: `input_not_found`, `storage_denied`, or `worker_error` naming the object. */
export interface WorkerObjects {
  /** The parsed contents of a small JSON object (at most 1 MiB). */
  getJson(location: ObjectLocation): Promise<unknown>;
  putJson(location: ObjectLocation, value: unknown): Promise<void>;
  /** Streams an object to a file. Returns its size. */
  download(location: ObjectLocation, path: string, signal?: AbortSignal): Promise<number>;
  /** Streams a file to an object, in parts if it is large; S3 compares and keeps the SHA-256. */
  upload(path: string, location: ObjectLocation, options: UploadOptions): Promise<void>;
  /** Undefined if there is no such object. */
  head(location: ObjectLocation): Promise<ObjectHead | undefined>;
}

export interface WorkerObjectsOptions {
  readonly region?: string;
  /** The embedded cloud; undefined on AWS. */
  readonly endpoint?: string;
}

const LARGEST_JSON = 2 ** 20;
/** A stream that breaks off is begun anew this many times. */
const DOWNLOAD_TRIES = 3;

export function createWorkerObjects({ region, endpoint }: WorkerObjectsOptions): WorkerObjects {
  const client = new S3Client({ region, endpoint, forcePathStyle: endpoint !== undefined, maxAttempts: 5 });

  async function once(location: ObjectLocation, path: string, signal?: AbortSignal): Promise<number> {
    const command = new GetObjectCommand({ Bucket: location.bucket, Key: location.key });
    const { Body, ContentLength } = await client.send(command, { abortSignal: signal });
    await pipeline(Body as Readable, createWriteStream(path), { signal });
    const { size } = await stat(path);
    if (ContentLength !== undefined && size !== ContentLength) throw new Error('the transfer broke off');
    return size;
  }

  return {
    async getJson(location) {
      return translated('read', location, async () => {
        const command = new GetObjectCommand({ Bucket: location.bucket, Key: location.key });
        const { Body, ContentLength = 0 } = await client.send(command);
        if (!Body || ContentLength > LARGEST_JSON)
          throw new Error(`${ContentLength} bytes are not a document`);
        return JSON.parse(await Body.transformToString()) as unknown;
      });
    },

    async putJson(location, value) {
      await translated('write', location, () =>
        client.send(
          new PutObjectCommand({
            Bucket: location.bucket,
            Key: location.key,
            Body: JSON.stringify(value),
            ContentType: 'application/json',
          }),
        ),
      );
    },

    async download(location, path, signal) {
      return translated('read', location, async () => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await once(location, path, signal);
          } catch (error) {
            signal?.throwIfAborted();
            if (attempt === DOWNLOAD_TRIES || statusOf(error) !== undefined || isFull(error)) throw error;
          }
        }
      });
    },

    async upload(path, location, { contentType, metadata, signal }) {
      await translated('write', location, async () => {
        const upload = new Upload({
          client,
          // 10,000 parts of this size reach 160 GB.
          partSize: UPLOAD_PART_BYTES,
          queueSize: 4,
          params: {
            Bucket: location.bucket,
            Key: location.key,
            Body: createReadStream(path),
            ContentType: contentType,
            Metadata: { ...metadata },
            ChecksumAlgorithm: 'SHA256',
          },
        });
        const abort = (): void => void upload.abort();
        signal?.addEventListener('abort', abort, { once: true });
        try {
          await upload.done();
        } catch (error) {
          signal?.throwIfAborted();
          throw error;
        } finally {
          signal?.removeEventListener('abort', abort);
        }
      });
    },

    async head(location) {
      return translated('read', location, async () => {
        try {
          const command = new HeadObjectCommand({
            Bucket: location.bucket,
            Key: location.key,
            ChecksumMode: 'ENABLED',
          });
          const { ContentLength = 0, Metadata = {}, ChecksumSHA256 } = await client.send(command);
          return { sizeBytes: ContentLength, metadata: Metadata, checksumSHA256: ChecksumSHA256 };
        } catch (error) {
          if (statusOf(error) === 404) return undefined;
          throw error;
        }
      });
    },
  };
}

/** HTTP status of an answer of S3; undefined if there was no answer. */
function statusOf(error: unknown): number | undefined {
  const { $metadata: metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return metadata?.httpStatusCode;
}

function isFull(error: unknown): boolean {
  return (error as { code?: string } | undefined)?.code === 'ENOSPC';
}

async function translated<T>(
  what: 'read' | 'write',
  { bucket, key }: ObjectLocation,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkerError) throw error;
    const place = `s3://${bucket}/${key}`;
    const name = error instanceof Error ? error.name : '';
    const status = statusOf(error);
    if (isFull(error))
      throw new WorkerError('worker_oom', `The disk of this platform is too small for ${place}.`);
    if (status === 403) throw new WorkerError('storage_denied', `The worker may not ${what} ${place}.`);
    if (status === 404 && what === 'read') throw new WorkerError('input_not_found', `There is no ${place}.`);
    if (status === 404) throw new WorkerError('storage_denied', `The bucket of ${place} does not exist.`);
    const message = error instanceof Error ? error.message : String(error);
    throw new WorkerError('worker_error', `Could not ${what} ${place}: ${name} ${message}`);
  }
}
