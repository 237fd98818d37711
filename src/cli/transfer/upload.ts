/**
 * A file to the bucket of a computing unit, in parts: a few at a time from memory, each with its MD5 so that S3
 * refuses what was damaged on the way, tried again where the connection breaks. What has arrived is remembered after
 * every part, so that a program that was stopped goes on where it was.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type BrokerClient, BrokerError, dataOf } from '../../../client/index.js';
import { CommandFailed } from '../command.ts';

/** Parts in memory at once. */
const AT_ONCE = 3;
const TRIES = 6;
/** Part URLs signed with one request; they live for an hour. */
const SIGNED_AT_ONCE = 30;

export const uploadState = z.object({
  path: z.string(),
  sizeBytes: z.number(),
  modifiedAt: z.number(),
  dataId: z.string(),
  partBytes: z.number(),
  /** ETags of the parts that have arrived, by number. */
  parts: z.record(z.string(), z.string()),
  /** Set when the file is complete. */
  location: z.object({ Bucket: z.string(), Key: z.string() }).optional(),
});
export type UploadState = z.infer<typeof uploadState>;

export interface UploadOptions {
  readonly client: BrokerClient;
  readonly path: string;
  readonly unitId: string;
  /** What an earlier run has left. */
  readonly earlier: UploadState | undefined;
  /** Called after every step that should survive. */
  readonly save: (state: UploadState) => Promise<void>;
  readonly onProgress: (sentBytes: number, sizeBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Uploads the file, or what is missing of it; returns where it lies. Throws the signal's reason when aborted. */
export async function uploadFile(options: UploadOptions): Promise<UploadState> {
  const { path, earlier } = options;
  const { size, mtimeMs } = await stat(path);
  if (size === 0) throw new CommandFailed(`${path} is empty`);
  const same =
    earlier?.path === resolve(path) && earlier.sizeBytes === size && earlier.modifiedAt === mtimeMs;
  if (same && earlier.location) return earlier;
  if (same) {
    try {
      return await send(options, earlier);
    } catch (error) {
      // The upload was given up meanwhile: it begins anew.
      if (!(error instanceof BrokerError) || ![404, 409].includes(error.status)) throw error;
    }
  }
  return send(options, await begin(options, size, mtimeMs));
}

async function begin(
  { client, path, unitId, save }: UploadOptions,
  sizeBytes: number,
  modifiedAt: number,
): Promise<UploadState> {
  const body = { filename: basename(path), sizeBytes, computingUnitId: unitId };
  const { dataId, partBytes } = await dataOf(client.POST('/api/data/uploads', { body }));
  const state = { path: resolve(path), sizeBytes, modifiedAt, dataId, partBytes, parts: {} };
  await save(state);
  return state;
}

async function send(options: UploadOptions, begun: UploadState): Promise<UploadState> {
  const { client, save, onProgress, signal } = options;
  const { dataId, sizeBytes, partBytes } = begun;
  const state: UploadState = { ...begun, parts: { ...begun.parts } };
  const count = Math.ceil(sizeBytes / partBytes);
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((n) => !(n in state.parts));
  const lengthOf = (n: number): number => Math.min(partBytes, sizeBytes - (n - 1) * partBytes);
  let sent = sizeBytes - missing.reduce((sum, n) => sum + lengthOf(n), 0);
  onProgress(sent, sizeBytes);

  const urls = createPartUrls(client, dataId, missing);
  let saving = Promise.resolve();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const file = await open(options.path);
  try {
    const worker = async (): Promise<void> => {
      for (let n = missing.shift(); n !== undefined; n = missing.shift()) {
        state.parts[n] = await sendPart(file, n, (n - 1) * partBytes, lengthOf(n), urls, stop);
        sent += lengthOf(n);
        onProgress(sent, sizeBytes);
        saving = saving.then(() => save(state));
        await saving;
      }
    };
    const workers = Array.from({ length: AT_ONCE }, () =>
      worker().catch((error) => {
        failed.abort(error);
        throw error;
      }),
    );
    // All must have ended before the file is closed.
    const first = (await Promise.allSettled(workers)).find((one) => one.status === 'rejected');
    if (first) throw signal.aborted ? signal.reason : failed.signal.reason;
  } finally {
    await saving;
    await file.close();
  }
  signal.throwIfAborted();
  const parts = Object.entries(state.parts).map(([n, etag]) => ({ partNumber: Number(n), etag }));
  const path = { dataId };
  const { location } = await dataOf(
    client.POST('/api/data/{dataId}/complete', { params: { path }, body: { parts } }),
  );
  state.location = JSON.parse(location) as { Bucket: string; Key: string };
  await save(state);
  return state;
}

interface PartUrls {
  /** Where to PUT a part. */
  of(n: number): Promise<string>;
  /** The URL does not work any more: the next one is signed anew. */
  forget(n: number): void;
}

/** URLs of parts, some ahead, because each request signs as many as one likes. */
function createPartUrls(client: BrokerClient, dataId: string, wanted: readonly number[]): PartUrls {
  const known = new Map<number, Promise<string>>();
  function sign(n: number): Promise<string> {
    const partNumbers = [n, ...wanted.filter((next) => next > n && !known.has(next))].slice(
      0,
      SIGNED_AT_ONCE,
    );
    const answer = dataOf(
      client.POST('/api/data/{dataId}/parts', {
        params: { path: { dataId } },
        body: { partNumbers },
      }),
    );
    for (const number of partNumbers) {
      const url = answer.then(({ parts }) => parts.find((part) => part.partNumber === number)?.url ?? '');
      url.catch(() => known.delete(number));
      known.set(number, url);
    }
    return known.get(n) as Promise<string>;
  }
  return { of: (n) => known.get(n) ?? sign(n), forget: (n) => known.delete(n) };
}

/** Sends one part until it has arrived; returns its ETag. */
async function sendPart(
  file: FileHandle,
  n: number,
  position: number,
  length: number,
  urls: PartUrls,
  signal: AbortSignal,
): Promise<string> {
  const body = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(body, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new CommandFailed('the file has become shorter while it was sent');
    filled += bytesRead;
  }
  const md5 = createHash('md5').update(body).digest();
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const problem = await put(await urls.of(n), body, md5, signal);
    if (typeof problem === 'object') return problem.etag;
    if (attempt === TRIES) throw new CommandFailed(`part ${n} could not be sent: ${problem}`);
    urls.forget(n);
    await pause(250 * 2 ** attempt, undefined, { signal });
  }
}

/** The ETag, or what went wrong in words. Throws only if aborted. */
async function put(
  url: string,
  body: Buffer,
  md5: Buffer,
  signal: AbortSignal,
): Promise<{ etag: string } | string> {
  try {
    const headers = { 'content-md5': md5.toString('base64') };
    const answer = await fetch(url, {
      method: 'PUT',
      body: new Uint8Array(body.buffer, body.byteOffset, body.length),
      headers,
      signal,
    });
    const text = await answer.text();
    if (!answer.ok) return `${answer.status} ${/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? ''}`;
    const etag = (answer.headers.get('etag') ?? '').replaceAll('"', '');
    // An ETag that is an MD5 (no KMS) must be that of what was sent.
    if (/^[\da-f]{32}$/.test(etag) && etag !== md5.toString('hex')) return 'its checksum does not agree';
    return { etag };
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? message;
  }
}
