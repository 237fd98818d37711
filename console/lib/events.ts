/**
 * Changes of jobs as they happen: server-sent events over fetch, because EventSource cannot send a token. Where the
 * stream does not come through (a proxy that collects answers), jobs are asked for with their ETag instead.
 */
import { api, BrokerError, type Job } from './api.ts';
import { accessToken } from './session.ts';

export interface Watching {
  /** A job as it is now. */
  job(job: Job): void;
  removed(jobId: string): void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
const POLL_MS = 4_000;
/** A stream that has shown no sign of life for so long is not one: a comment comes every 15 seconds. */
const SILENCE_MS = 40_000;
/** Failures of the stream in a row before jobs are asked for. */
const TRIES = 3;

/** Follows one job, or all; returns what ends it. */
export function watchJobs(watching: Watching, jobId?: string): () => void {
  const stop = new AbortController();
  void follow(watching, jobId, stop.signal);
  return () => stop.abort();
}

async function follow(watching: Watching, jobId: string | undefined, signal: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    if (failures >= TRIES) {
      await poll(watching, jobId, signal);
      failures = TRIES - 1;
      continue;
    }
    try {
      for await (const event of stream(jobId, lastId, signal)) {
        failures = 0;
        lastId = event.id ?? lastId;
        if (event.name === 'job') watching.job(JSON.parse(event.data));
        if (event.name === 'removed') watching.removed(JSON.parse(event.data).jobId);
        if (event.name === 'expired') break;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A stream may break at any time; what it was is not news.
      if (!passes(error)) throw error;
      failures++;
    }
    await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), signal);
  }
}

class StreamRefused extends Error {}

/**
 * True if the same may work later: the connection is gone, or who renews the session cannot do that now. Whoever is not
 * signed in any more is told so elsewhere; coming back, they are followed again.
 */
function passes(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof DOMException || error instanceof StreamRefused)
    return true;
  return error instanceof BrokerError;
}

interface StreamEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: string;
}

async function* stream(jobId: string | undefined, lastId: string | undefined, signal: AbortSignal) {
  const own = new AbortController();
  const end = () => own.abort();
  signal.addEventListener('abort', end);
  let silence = setTimeout(end, SILENCE_MS);
  try {
    const response = await fetch(jobId ? `/api/job/${jobId}/events` : '/api/job/events', {
      headers: {
        authorization: `Bearer ${await accessToken()}`,
        ...(lastId ? { 'last-event-id': lastId } : {}),
      },
      signal: own.signal,
    });
    if (!response.ok || !response.body) throw new StreamRefused(String(response.status));
    let text = '';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      const frames = (text + value).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const event = parsed(frame);
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', end);
    own.abort();
  }
}

/** One frame; comments and the pause that the server asks for are none. */
function parsed(frame: string): StreamEvent | undefined {
  const fields: Record<string, string> = {};
  for (const line of frame.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  return fields['data']
    ? { name: fields['event'] ?? 'message', id: fields['id'], data: fields['data'] }
    : undefined;
}

/** One look at the newest jobs, or at the one that is followed; unchanged ones answer 304 without a body. */
async function poll(watching: Watching, jobId: string | undefined, signal: AbortSignal): Promise<void> {
  await pause(POLL_MS, signal);
  if (signal.aborted || document.hidden) return;
  const headers = etags.get(jobId ?? '') ? { 'if-none-match': etags.get(jobId ?? '') } : {};
  try {
    const answer = jobId
      ? await api.GET('/api/job/{jobId}', { params: { path: { jobId } }, headers, signal })
      : await api.GET('/api/job', { params: { query: { limit: 25 } }, headers, signal });
    const etag = answer.response.headers.get('etag');
    if (etag) etags.set(jobId ?? '', etag);
    const { data } = answer;
    if (!data) return;
    for (const job of 'jobs' in data ? data.jobs : [data]) watching.job(job);
  } catch (error) {
    if (!passes(error)) throw error;
  }
}

const etags = new Map<string, string>();

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
