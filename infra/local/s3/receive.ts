/** Takes in a body: decodes it, checks it against everything its request announces, and hands it on as it comes. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { decodeChunks } from './aws-chunked.ts';
import type { Blobs } from './blobs.ts';
import { type BodyPlan, planBody } from './body-plan.ts';
import { createHasher, type Hasher } from './checksums.ts';
import { s3Error } from './errors.ts';
import type { Checksum, Segment } from './records.ts';
import type { S3Call } from './request.ts';

/** S3 takes at most 5 GiB in one request. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** What is known of a body that has passed all checks. */
export interface Received {
  readonly md5: Buffer;
  readonly checksum?: Omit<Checksum, 'type'>;
}

export interface StoredBody extends Received {
  readonly segment: Segment;
}

/** The bytes of a request; unlike `for await` on it, leaving early does not cut the connection. */
function bytesOf(request: IncomingMessage): AsyncIterator<Buffer> {
  return request.iterator({ destroyOnReturn: false });
}

function checkChecksum(
  plan: BodyPlan,
  hasher: Hasher,
  trailers: ReadonlyMap<string, string>,
): Received['checksum'] {
  if (!plan.checksum) return undefined;
  const { algorithm, value = trailers.get(`x-amz-checksum-${algorithm}`) } = plan.checksum;
  if (value === undefined) throw s3Error('MalformedTrailerError', 'The announced trailer did not arrive.');
  if (hasher.digest() !== value) {
    const name = algorithm.toUpperCase();
    throw s3Error('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
  }
  return { algorithm, value };
}

/** Yields the body's data; its return value stands only if every check passes at the end. */
async function* checked(call: S3Call, plan: BodyPlan): AsyncGenerator<Buffer, Received> {
  const trailers = new Map<string, string>();
  const source = bytesOf(call.request);
  const seed = plan.encoding === 'signed-chunks' ? call.body.seed : undefined;
  const data =
    plan.encoding === 'plain'
      ? { [Symbol.asyncIterator]: () => source }
      : decodeChunks(source, seed, trailers);
  const md5 = createHash('md5');
  const sha256 = plan.sha256 === undefined ? undefined : createHash('sha256');
  const hasher = plan.checksum && createHasher(plan.checksum.algorithm);
  let size = 0;
  for await (const chunk of data) {
    size += chunk.length;
    if (size > plan.length) throw s3Error('IncompleteBody', 'The body is longer than announced.');
    md5.update(chunk);
    sha256?.update(chunk);
    hasher?.update(chunk);
    yield chunk;
  }
  if (size !== plan.length) throw s3Error('IncompleteBody');
  if (sha256 && sha256.digest('hex') !== plan.sha256) throw s3Error('XAmzContentSHA256Mismatch');
  const digest = md5.digest();
  if (plan.md5 !== undefined && plan.md5 !== digest.toString('base64')) throw s3Error('BadDigest');
  return { md5: digest, checksum: hasher && checkChecksum(plan, hasher, trailers) };
}

/**
 * Stores the body of a request as a new content file.
 *
 * @throws EntityTooLarge before reading anything; else what `planBody` throws, IncompleteBody, BadDigest,
 * XAmzContentSHA256Mismatch, SignatureDoesNotMatch, MalformedTrailerError; nothing is kept then
 */
export async function storeBody(call: S3Call, blobs: Blobs): Promise<StoredBody> {
  const plan = planBody(call);
  if (plan.length > MAX_PUT_BYTES) {
    throw s3Error('EntityTooLarge', undefined, { ProposedSize: plan.length, MaxSizeAllowed: MAX_PUT_BYTES });
  }
  let received: Received | undefined;
  async function* source(): AsyncGenerator<Buffer> {
    received = yield* checked(call, plan);
  }
  const blob = await blobs.write(source());
  if (!received) throw s3Error('IncompleteBody');
  return { ...received, segment: { blob, size: plan.length } };
}

/**
 * The body of a request as text.
 *
 * @param limit largest body in bytes
 * @param checksumOf what x-amz-checksum-* headers speak of, as in `planBody`
 * @throws MaxMessageLengthExceeded before reading anything; else as `storeBody`
 */
export async function readText(
  call: S3Call,
  limit: number,
  checksumOf: 'body' | 'object' = 'body',
): Promise<string> {
  const plan = planBody(call, checksumOf);
  if (plan.length > limit)
    throw s3Error('MaxMessageLengthExceeded', undefined, { MaxMessageLengthBytes: limit });
  const chunks: Buffer[] = [];
  for await (const chunk of checked(call, plan)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
