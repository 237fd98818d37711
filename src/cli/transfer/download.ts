/** A file from a presigned URL: under its name only when all of it is there. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { CommandFailed } from '../command.ts';

export interface DownloadOptions {
  readonly url: string;
  readonly path: string;
  readonly onProgress: (receivedBytes: number, sizeBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Downloads; a partial file is removed. Throws the signal's reason when aborted. Returns the number of bytes. */
export async function download({ url, path, onProgress, signal }: DownloadOptions): Promise<number> {
  const answer = await fetch(url, { signal });
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    throw new CommandFailed(`the download answered ${answer.status}`, 'Try again: the URL is made anew.');
  }
  const size = Number(answer.headers.get('content-length') ?? 0);
  let received = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onProgress(received, size);
      done(undefined, chunk);
    },
  });
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.part`;
  try {
    const body = Readable.fromWeb(answer.body as ReadableStream);
    await pipeline(body, counter, createWriteStream(partial), { signal });
    if (size > 0 && received !== size) throw new CommandFailed(`${received} of ${size} bytes have arrived`);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    signal.throwIfAborted();
    throw error;
  }
  return received;
}
