/**
 * Patience with a broker that is busy, or that misses a service it needs: it says how long to wait (Retry-After), and
 * is asked again then. Only what does no harm if it is asked twice.
 */
import { setTimeout } from 'node:timers/promises';

/** So long is waited for one answer, all in all; then the refusal itself is the answer. */
const PATIENCE_MS = 60_000;
/** Where nothing is said. */
const USUAL_MS = 5_000;
/** POSTs that the broker lets a client repeat; others only under an Idempotency-Key. */
const REPEATABLE = /\/(?:parts|complete|cancel|estimate)$/;

export interface PatienceOptions {
  /** Told to a person before each pause. */
  readonly say: (line: string) => void;
  readonly send?: (request: Request) => Promise<Response>;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** A `fetch` that waits as it is told. Throws what `fetch` throws, and the signal's reason when aborted. */
export function patientFetch(options: PatienceOptions): (request: Request) => Promise<Response> {
  const {
    say,
    send = fetch,
    pause = (ms: number, signal: AbortSignal) => setTimeout(ms, undefined, { signal }),
  } = options;
  return async (request) => {
    let [next, leftMs] = [request, PATIENCE_MS];
    for (;;) {
      const again = next.clone();
      const response = await send(next);
      const ms = pauseOf(response);
      if (ms === undefined || ms > leftMs || !mayRepeat(again, response)) return response;
      await response.body?.cancel();
      say(`The broker asks to wait for ${Math.ceil(ms / 1000)} s (${response.status}).`);
      await pause(ms, request.signal);
      [next, leftMs] = [again, leftMs - Math.max(ms, 1_000)];
    }
  };
}

/** Milliseconds after which the broker wants to be asked again; undefined: this is its answer. */
function pauseOf({ status, headers }: Response): number | undefined {
  if (status !== 503 && status !== 429) return undefined;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? 1000 * seconds : USUAL_MS;
}

/** 429 says that nothing was begun; behind 503 may be something whose end nobody has seen. */
function mayRepeat({ method, url, headers }: Request, { status }: Response): boolean {
  if (status === 429 || method === 'GET' || headers.has('idempotency-key')) return true;
  return REPEATABLE.test(new URL(url).pathname);
}
