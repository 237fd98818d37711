/** One turn of submits from another process, with a list and a status now and then from this one. */
import type { ChildProcess } from 'node:child_process';
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { answerOf, type Member } from '../drill/fleet.ts';
import type { Place } from '../drill/place.ts';
import { submissionOf } from '../drill/submission.ts';
import type { Submitted, SubmitWish } from './submitter.ts';

/** People look this often while the submits go on. */
const LOOK_MS = 50;

export interface Load {
  readonly perSecond: number;
  /** Submits per second of the broker's CPU. */
  readonly perCpuSecond: number;
  readonly submitMs: number[];
  readonly readMs: number[];
  /** Submits that were told to come later. */
  readonly refused: number;
  /** Bytes of memory of the broker at the end. */
  readonly rss: number;
  /** Characters of a stored job. */
  readonly bodySize: number;
}

/** Submits for `seconds` in `lanes` at once. Throws if one is refused for another reason than haste. */
export async function runLoad(
  place: Place,
  broker: Member,
  submitter: ChildProcess,
  { seconds, lanes }: { seconds: number; lanes: number },
): Promise<Load> {
  const port = Number(new URL(broker.url ?? '').port);
  const authorization = await place.authorization();
  const agent = new Agent({ keepAlive: true });
  const readMs: number[] = [];
  const newest = (await place.stores.jobs.listByOwner(place.userId, { limit: 1 })).items[0];
  let over = false;

  /** Milliseconds until the whole answer is there. */
  const look = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const start = performance.now();
      const request = get({ port, host: '127.0.0.1', path, agent, headers: { authorization } }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${path}: ${answer.statusCode}`));
        answer.on('end', () => resolve(performance.now() - start)).resume();
      });
      request.on('error', reject);
    });
  const looking = async (): Promise<void> => {
    while (!over) {
      await pause(LOOK_MS);
      if (newest) readMs.push(await look(`/api/job/${newest.jobId}`));
      readMs.push(await look('/api/job?limit=20'));
    }
  };

  const before = await broker.used();
  const body = JSON.stringify(submissionOf(place, 'ALIAS'));
  submitter.send({ port, authorization, body, seconds, lanes } satisfies SubmitWish);
  const submitting = answerOf<Submitted>(submitter, 1_000 * seconds + 60_000).finally(() => {
    over = true;
  });
  const [submitted] = await Promise.all([submitting, looking()]);
  const after = await broker.used();
  agent.destroy();
  const stored = await place.stores.jobs.get(submitted.jobId);
  return {
    perSecond: submitted.ms.length / submitted.seconds,
    perCpuSecond: submitted.ms.length / (after.cpuSeconds - before.cpuSeconds),
    submitMs: submitted.ms,
    readMs,
    refused: submitted.refused,
    rss: after.rss,
    bodySize: JSON.stringify(stored).length,
  };
}
