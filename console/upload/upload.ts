/**
 * The upload of one file, straight to the bucket of a computing unit: parts side by side, sent again when the
 * connection was lost. Each goes with its MD5, which S3 compares with the bytes before it keeps them, whatever they
 * are encrypted with. Never more than a few parts are in memory.
 */
import { api, BrokerError, data } from '../lib/api.ts';
import { base64, digestOf } from './digests.ts';
import { forget, type Kept, keep, kept, keyOf } from './kept.ts';
import { ConnectionLost, PartRefused, putPart } from './put-part.ts';

/** Parts on their way at once. */
const LANES = 3;
/** URLs that are signed with one request. */
const SIGNED_AT_ONCE = 12;
const URL_SECONDS = 3_600;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** A bucket that refuses a part so often will not take it. */
const MAX_REFUSALS = 4;

export type Phase = 'sending' | 'waiting' | 'completing' | 'done' | 'stopped' | 'failed';

export interface UploadState {
  readonly phase: Phase;
  /** Bytes of the file that have arrived, or are being sent. */
  readonly sent: number;
  readonly error?: unknown;
  readonly dataId?: string;
  /** It goes on where an earlier attempt has stopped. */
  readonly resumed: boolean;
}

/** Sends a file. Answers the id of its record. @throws BrokerError, PartRefused, AbortError, Error for an empty file */
export async function sendFile(
  file: File,
  unitId: string,
  onChange: (state: Partial<UploadState>) => void,
  signal: AbortSignal,
): Promise<string> {
  if (file.size === 0) throw new Error('This file is empty: there is nothing in it to measure.');
  const key = keyOf(file, unitId);
  const earlier = kept(key);
  try {
    return await send(file, unitId, key, earlier, onChange, signal);
  } catch (error) {
    // The broker has given the earlier upload up, or its account is gone: from the beginning, once.
    const isGone = error instanceof BrokerError && (error.status === 404 || error.status === 409);
    if (!earlier || !isGone) throw error;
    forget(key);
    return send(file, unitId, key, undefined, onChange, signal);
  }
}

async function send(
  file: File,
  unitId: string,
  key: string,
  earlier: Kept | undefined,
  onChange: (state: Partial<UploadState>) => void,
  signal: AbortSignal,
): Promise<string> {
  const begun = earlier ?? (await begin(file, unitId));
  keep(key, begun);
  const etags = { ...begun.etags };
  const { dataId, partBytes, parts } = begun;
  const sizeOf = (part: number): number => Math.min(partBytes, file.size - (part - 1) * partBytes);
  const inFlight = new Map<number, number>();
  const report = (phase: Phase): void => {
    let sent = 0;
    for (const part of Object.keys(etags)) sent += sizeOf(Number(part));
    for (const bytes of inFlight.values()) sent += bytes;
    onChange({ phase, sent, dataId, resumed: earlier !== undefined });
  };
  const missing = Array.from({ length: parts }, (_, i) => i + 1).filter((part) => !etags[part]);
  const urls = createUrls(dataId, missing, signal);
  const queue = [...missing];

  async function lane(): Promise<void> {
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      const number = part;
      const slice = file.slice((number - 1) * partBytes, (number - 1) * partBytes + sizeOf(number));
      const digest = await digestOf(slice);
      const etag = await insist(
        async () =>
          putPart(
            await urls.of(number),
            slice,
            base64(digest),
            (sent) => {
              inFlight.set(number, sent);
              report('sending');
            },
            signal,
          ),
        () => urls.drop(number),
        () => {
          inFlight.delete(number);
          report('waiting');
        },
        signal,
      );
      inFlight.delete(number);
      etags[number] = etag;
      keep(key, { ...begun, etags });
      report('sending');
    }
  }

  report('sending');
  await Promise.all(Array.from({ length: LANES }, lane));
  report('completing');
  const list = Object.entries(etags).map(([part, etag]) => ({ partNumber: Number(part), etag }));
  await insist(
    () =>
      data(
        api.POST('/api/data/{dataId}/complete', {
          params: { path: { dataId } },
          body: { uploadId: begun.uploadId, parts: list },
          signal,
        }),
      ),
    () => {},
    () => report('waiting'),
    signal,
  );
  forget(key);
  onChange({ phase: 'done', sent: file.size, dataId });
  return dataId;
}

async function begin(file: File, unitId: string): Promise<Kept> {
  const body = { filename: file.name, sizeBytes: file.size, computingUnitId: unitId };
  const { dataId, uploadId, partBytes, parts } = await data(api.POST('/api/data/uploads', { body }));
  return { dataId, uploadId, partBytes, parts, etags: {} };
}

/** Signs a dozen parts at a time, and again when a URL has ended. */
function createUrls(dataId: string, missing: readonly number[], signal: AbortSignal) {
  const known = new Map<number, { url: string; until: number }>();
  let signing: Promise<void> | undefined;
  async function sign(first: number): Promise<void> {
    const partNumbers = missing.filter((part) => part >= first).slice(0, SIGNED_AT_ONCE);
    const { parts } = await data(
      api.POST('/api/data/{dataId}/parts', {
        params: { path: { dataId } },
        body: { partNumbers, expiresIn: URL_SECONDS },
        signal,
      }),
    );
    for (const { partNumber, url, expiresAt } of parts) {
      known.set(partNumber, { url, until: Date.parse(expiresAt) - 30_000 });
    }
  }
  return {
    async of(part: number): Promise<string> {
      for (;;) {
        const found = known.get(part);
        if (found && found.until > Date.now()) return found.url;
        signing ??= sign(part).finally(() => {
          signing = undefined;
        });
        await signing;
      }
    },
    drop: (part: number) => void known.delete(part),
  };
}

/** Tries until it works, as long as it is the connection that fails; a refusal a few times, with a new URL. */
async function insist<T>(
  work: () => Promise<T>,
  onRefused: () => void,
  onWaiting: () => void,
  signal: AbortSignal,
): Promise<T> {
  let refusals = 0;
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const isBusy = error instanceof BrokerError && (error.status === 429 || error.status >= 500);
      const isLost = error instanceof ConnectionLost || error instanceof TypeError || isBusy;
      if (error instanceof PartRefused) {
        if (++refusals >= MAX_REFUSALS) throw error;
        onRefused();
      } else if (!isLost) throw error;
      onWaiting();
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(tries, 5)), signal);
    }
  }
}

/** Waits, but no longer than until the connection is there again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}
