/**
 * Decodes the `aws-chunked` content encoding while it streams, and checks chunk signatures when there are any:
 *
 *     hex-size[;chunk-signature=hex] CRLF data CRLF ... 0[;chunk-signature=hex] CRLF trailers CRLF
 *
 * "Signature calculations for the Authorization header: transferring payload in multiple chunks", S3 API reference.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { BodySignature } from '../contract.ts';
import { s3Error } from './errors.ts';

/** A chunk header or a trailer line is at most about 150 bytes long; more is not waited for. */
const MAX_LINE = 1024;
const MAX_TRAILERS = 10;
const EMPTY_SHA256 = createHash('sha256').update('').digest('hex');

export type Seed = NonNullable<BodySignature['seed']>;

interface ByteReader {
  /** A line without its CRLF. Throws IncompleteBody at the end of the body or when it is too long. */
  line(): Promise<string>;
  /** Between 1 and `most` bytes. Throws IncompleteBody at the end of the body. */
  some(most: number): Promise<Buffer>;
  /** Throws IncompleteBody unless the body has ended. */
  end(): Promise<void>;
}

function createByteReader(source: AsyncIterator<Buffer>): ByteReader {
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<Buffer> {
    const { done, value } = await source.next();
    if (done) throw s3Error('IncompleteBody', 'The body ended before its last chunk.');
    return value;
  }

  async function line(): Promise<string> {
    for (;;) {
      const end = rest.indexOf('\r\n');
      if (end > MAX_LINE || (end < 0 && rest.length > MAX_LINE)) {
        throw s3Error('IncompleteBody', 'A chunk header is too long.');
      }
      if (end >= 0) {
        const text = rest.toString('latin1', 0, end);
        rest = rest.subarray(end + 2);
        return text;
      }
      rest = Buffer.concat([rest, await more()]);
    }
  }

  async function some(most: number): Promise<Buffer> {
    while (!rest.length) rest = await more();
    const piece = rest.subarray(0, most);
    rest = rest.subarray(piece.length);
    return piece;
  }

  async function end(): Promise<void> {
    if (rest.length || !(await source.next()).done) {
      throw s3Error('IncompleteBody', 'The body goes on after its last chunk.');
    }
  }

  return { line, some, end };
}

interface Signer {
  /** Throws SignatureDoesNotMatch. `hashes` end the string to sign. */
  check(algorithm: string, hashes: readonly string[], given: string | undefined): void;
}

/** Compares signatures in constant time and remembers each as the seed of the next. */
function createSigner(seed: Seed): Signer {
  let previous = seed.signature;
  return {
    check(algorithm, hashes, given) {
      const text = [algorithm, seed.amzDate, seed.scope, previous, ...hashes].join('\n');
      const wanted = createHmac('sha256', seed.signingKey).update(text).digest();
      const bytes = Buffer.from(given ?? '', 'hex');
      if (bytes.length !== wanted.length || !timingSafeEqual(bytes, wanted)) {
        throw s3Error('SignatureDoesNotMatch');
      }
      previous = wanted.toString('hex');
    },
  };
}

function parseHeader(line: string): { size: number; signature?: string } {
  const match = /^([0-9a-f]{1,11})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line);
  if (!match) throw s3Error('IncompleteBody', 'A chunk header is malformed.');
  return { size: Number.parseInt(match[1], 16), signature: match[2] };
}

/**
 * Yields the decoded data; a signed chunk's last piece is followed by its check, so the reader must not rely on
 * data before the iteration has ended without an error. Trailers are put into `trailers` under lower-case names.
 *
 * @param seed what the chunk signatures chain from; undefined when chunks are not signed
 * @throws IncompleteBody, SignatureDoesNotMatch, MalformedTrailerError
 */
export async function* decodeChunks(
  source: AsyncIterator<Buffer>,
  seed: Seed | undefined,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  try {
    yield* decodeAll(createByteReader(source), seed && createSigner(seed), trailers);
  } finally {
    await source.return?.(); // lets go of the request, whose rest is then read away
  }
}

async function* decodeAll(
  reader: ByteReader,
  signer: Signer | undefined,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  for (;;) {
    const { size, signature } = parseHeader(await reader.line());
    const hash = signer && createHash('sha256');
    for (let left = size; left > 0; ) {
      const piece = await reader.some(left);
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    if (hash) signer?.check('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, hash.digest('hex')], signature);
    if (!size) break;
    if ((await reader.line()) !== '') throw s3Error('IncompleteBody', 'A chunk is longer than announced.');
  }
  await readTrailers(reader, trailers);
  const trailerSignature = trailers.get('x-amz-trailer-signature');
  if (signer && trailers.size) {
    trailers.delete('x-amz-trailer-signature');
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    const hash = createHash('sha256').update(text).digest('hex');
    signer.check('AWS4-HMAC-SHA256-TRAILER', [hash], trailerSignature);
  }
  await reader.end();
}

async function readTrailers(reader: ByteReader, trailers: Map<string, string>): Promise<void> {
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const match = /^([A-Za-z0-9-]+):(.*)$/.exec(line);
    const name = match?.[1].toLowerCase() ?? '';
    if (!match || trailers.has(name) || trailers.size >= MAX_TRAILERS) throw s3Error('MalformedTrailerError');
    trailers.set(name, match[2].trim());
  }
}
