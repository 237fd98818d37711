/**
 * A file from a presigned URL: under its name only when all of it is there, and when its checksum is the one that the
 * worker has stored with it. Where the connection breaks it goes on behind what has arrived.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailed } from '../command.ts';

const TRIES = 5;

export interface DownloadOptions {
  /** Signs anew for every try: a URL may have ended meanwhile. */
  readonly sign: () => Promise<string>;
  readonly path: string;
  readonly onProgress: (receivedBytes: number, sizeBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Downloads; a partial file is removed in the end. Throws the signal's reason when aborted. Returns the number of bytes. */
export async function download({ sign, path, onProgress, signal }: DownloadOptions): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.part`;
  // Of whatever it was a part.
  await rm(partial, { force: true });
  try {
    for (let attempt = 1; ; attempt++) {
      const tried = await fetchRest(await sign(), partial, onProgress, signal);
      if (typeof tried === 'object') {
        await rename(partial, path);
        return tried.bytes;
      }
      if (attempt === TRIES) throw new CommandFailed(`the download does not succeed: ${tried}`);
      await pause(250 * 2 ** attempt, undefined, { signal });
    }
  } catch (error) {
    await rm(partial, { force: true });
    signal.throwIfAborted();
    throw error;
  }
}

/** What is missing of the partial file; or what went wrong, in words. Throws only if aborted, or if the disk refuses. */
async function fetchRest(
  url: string,
  partial: string,
  onProgress: DownloadOptions['onProgress'],
  signal: AbortSignal,
): Promise<{ bytes: number } | string> {
  const there = await sizeOf(partial);
  const answer = await answerOf(url, there, signal);
  if (typeof answer === 'string') return answer;
  const offset = answer.status === 206 ? there : 0;
  const size = offset + Number(answer.headers.get('content-length') ?? 0);
  let received = offset;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onProgress(received, size);
      done(undefined, chunk);
    },
  });
  const body = Readable.fromWeb(answer.body as ReadableStream);
  let broken: string | undefined;
  // A connection that breaks ends the stream; what has arrived before is written.
  body.once('error', (error: Error & { cause?: { code?: string } }) => {
    broken = error.cause?.code ?? error.message;
    counter.end();
  });
  body.pipe(counter);
  await pipeline(counter, createWriteStream(partial, { flags: offset > 0 ? 'a' : 'w' }), { signal });
  if (broken || received !== size) return broken ?? `${received} of ${size} bytes have arrived`;
  const expected = answer.headers.get('x-amz-meta-sha256');
  if (!expected || (await sha256Of(partial)) === expected) return { bytes: received };
  await rm(partial, { force: true });
  return 'its checksum does not agree';
}

async function answerOf(url: string, there: number, signal: AbortSignal): Promise<Response | string> {
  try {
    const answer = await fetch(url, { signal, headers: there > 0 ? { range: `bytes=${there}-` } : {} });
    if (answer.ok && answer.body) return answer;
    await answer.body?.cancel();
    return `the bucket answers ${answer.status}`;
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? message;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return 0;
    throw error;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
