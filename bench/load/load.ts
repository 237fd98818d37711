/** One turn of submits in as many lanes as asked, with a list and a status now and then. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Member } from '../drill/fleet.ts';
import type { Place } from '../drill/place.ts';
import { submissionOf } from '../drill/submission.ts';

/** A person looks this often while the submits go on. */
const LOOK_MS = 100;

export interface Load {
  readonly perSecond: number;
  /** Submits per second of the broker's CPU. */
  readonly perCpuSecond: number;
  readonly submitMs: number[];
  readonly readMs: number[];
  /** Bytes of memory of the broker at the end. */
  readonly rss: number;
  /** Characters of a stored job. */
  readonly bodySize: number;
}

let serial = 0;

/** Submits for `seconds`, as fast as the answers come. Throws if one is refused. */
export async function runLoad(
  place: Place,
  broker: Member,
  { seconds, lanes }: { seconds: number; lanes: number },
): Promise<Load> {
  const { url } = broker;
  const authorization = await place.authorization();
  const submitMs: number[] = [];
  const readMs: number[] = [];
  let jobId = '';
  const before = await broker.used();
  const began = performance.now();
  const until = began + seconds * 1_000;

  async function ask(method: string, path: string, body?: object): Promise<{ ms: number; answer: unknown }> {
    const start = performance.now();
    const headers = {
      authorization,
      'content-type': 'application/json',
      'idempotency-key': `load-${++serial}`,
    };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return { ms: performance.now() - start, answer: JSON.parse(text) };
  }
  const submitting = async (): Promise<void> => {
    while (performance.now() < until) {
      const { ms, answer } = await ask('POST', '/api/task/queue', submissionOf(place, `load ${serial}`));
      submitMs.push(ms);
      jobId = (answer as { jobId: string }).jobId;
    }
  };
  const looking = async (): Promise<void> => {
    while (performance.now() < until) {
      await pause(LOOK_MS);
      if (jobId === '') continue;
      readMs.push((await ask('GET', `/api/job/${jobId}`)).ms);
      readMs.push((await ask('GET', '/api/job?limit=20')).ms);
    }
  };
  await Promise.all([...Array.from({ length: lanes }, submitting), looking()]);
  const took = (performance.now() - began) / 1_000;
  const after = await broker.used();
  const stored = await place.stores.jobs.get(jobId);
  return {
    perSecond: submitMs.length / took,
    perCpuSecond: submitMs.length / (after.cpuSeconds - before.cpuSeconds),
    submitMs,
    readMs,
    rss: after.rss,
    bodySize: JSON.stringify(stored).length,
  };
}
