/**
 * A file from a presigned URL: under its name only when all of it is there, and when its checksum is the one that the
 * worker has stored with it. Where the connection breaks, or the program was stopped, it goes on behind what has arrived:
 * that lies beside the file, under a name that holds the ETag of the object, so that it is never part of another.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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
  /** Before the second try; twice as long before every further one. */
  readonly pauseMs?: number;
}

/** Downloads, or what is missing of it. Throws the signal's reason when aborted. Returns the number of bytes. */
export async function download(options: DownloadOptions): Promise<number> {
  const { sign, path, onProgress, signal, pauseMs = 500 } = options;
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const tried = await fetchRest(await sign(), path, onProgress, signal);
    if (typeof tried === 'object') {
      await rename(tried.partial, path);
      return tried.bytes;
    }
    if (attempt === TRIES) {
      throw new CommandFailed(
        `the download does not succeed: ${tried}`,
        'What has arrived is kept: the same command goes on there.',
      );
    }
    await pause(pauseMs * 2 ** (attempt - 1), undefined, { signal });
  }
}

/** Part of an object beside the file that it shall become. */
interface Arrived {
  readonly path: string;
  readonly etag: string;
  readonly bytes: number;
}

/** What earlier tries have left of the file at `path`; undefined if nothing that can be gone on with. */
export async function partialOf(path: string): Promise<Arrived | undefined> {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`];
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const name = names.find((one) => one.startsWith(prefix) && one.endsWith('.part'));
  if (name === undefined) return undefined;
  const { size } = await stat(join(folder, name));
  const etag = name.slice(prefix.length, -'.part'.length);
  return size > 0 ? { path: join(folder, name), etag, bytes: size } : undefined;
}

/** What is missing of the file; or what went wrong, in words. Throws if aborted, or if the disk refuses. */
async function fetchRest(
  url: string,
  path: string,
  onProgress: DownloadOptions['onProgress'],
  signal: AbortSignal,
): Promise<{ bytes: number; partial: string } | string> {
  const earlier = await partialOf(path);
  const answer = await answerOf(url, earlier, signal);
  if (typeof answer === 'string') {
    // The object is another one by now.
    if (earlier && answer === CHANGED) await rm(earlier.path, { force: true });
    return answer;
  }
  const goesOn = earlier !== undefined && answer.status === 206;
  if (earlier && !goesOn) await rm(earlier.path, { force: true });
  const offset = goesOn ? earlier.bytes - 1 : 0;
  const etag = (answer.headers.get('etag') ?? '').replace(/[^\w-]/g, '');
  const partial = goesOn ? earlier.path : `${path}.${etag}.part`;
  const size = offset + Number(answer.headers.get('content-length') ?? 0);
  let received = offset;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onProgress(received, size);
      done(undefined, chunk);
    },
  });
  onProgress(received, size);
  const body = Readable.fromWeb(answer.body as ReadableStream);
  let broken: string | undefined;
  // A connection that breaks, and a Ctrl-C, end the stream; what has arrived before is written.
  body.once('error', (error: Error & { cause?: { code?: string } }) => {
    broken = error.cause?.code ?? error.message;
    counter.end();
  });
  body.pipe(counter);
  await pipeline(counter, createWriteStream(partial, goesOn ? { flags: 'r+', start: offset } : {}));
  signal.throwIfAborted();
  if (broken || received !== size) return broken ?? `${received} of ${size} bytes have arrived`;
  const expected = answer.headers.get('x-amz-meta-sha256');
  if (!expected || (await sha256Of(partial)) === expected) return { bytes: received, partial };
  await rm(partial, { force: true });
  return 'its checksum does not agree';
}

const CHANGED = 'the result has changed meanwhile';

async function answerOf(
  url: string,
  earlier: Arrived | undefined,
  signal: AbortSignal,
): Promise<Response | string> {
  // From the last byte that is there: a range behind the end would be refused if all of it has arrived.
  const headers: Record<string, string> = earlier
    ? { range: `bytes=${earlier.bytes - 1}-`, 'if-match': `"${earlier.etag}"` }
    : {};
  try {
    const answer = await fetch(url, { signal, headers });
    if (answer.ok && answer.body) return answer;
    await answer.body?.cancel();
    return earlier && [412, 416].includes(answer.status) ? CHANGED : `the bucket answers ${answer.status}`;
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? message;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
