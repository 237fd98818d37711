/** What a contract test of S3 gets to work with: clients of the real SDK, buckets of its own, raw requests. */
import { randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

export interface Env {
  readonly endpoint: string;
  /** As applications use it: the SDK adds checksums by default. */
  readonly s3: S3Client;
  /** `requestChecksumCalculation: WHEN_REQUIRED`: presigned URLs without checksum parameters. */
  readonly plain: S3Client;
  /** The same endpoint with credentials of another account. */
  readonly foreign: S3Client;
  /** Makes a bucket with a name of its own. */
  bucket(): Promise<string>;
  close(): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request as it is written here: unlike fetch, no `..` is resolved and no header is added. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answer> {
  const [, host, port, path] = /^http:\/\/([^:/]+):(\d+)(.*)$/s.exec(url)!;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, path: path || '/', method: options.method ?? 'GET', headers: options.headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

export function createEnv(options: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  foreign: { accessKeyId: string; secretAccessKey: string };
}): Env {
  const { endpoint, region, credentials } = options;
  const common = { endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 };
  const s3 = new S3Client(common);
  const plain = new S3Client({
    ...common,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const foreign = new S3Client({ ...common, credentials: options.foreign });
  return {
    endpoint,
    s3,
    plain,
    foreign,
    async bucket() {
      const Bucket = `contract-${randomBytes(6).toString('hex')}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    close() {
      for (const client of [s3, plain, foreign]) client.destroy();
    },
  };
}

/** The `code` and status of the error a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<{ name: string; status: number }> {
  try {
    await promise;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode ?? 0 };
  }
  return { name: 'no error', status: 200 };
}
