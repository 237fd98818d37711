/** Figures for whoever runs the broker: open jobs, how late the ticker is, what AWS was asked. */
import type { JobState } from '../src/schemas/job.ts';
import { isTerminal } from './lifecycle.ts';
import type { Clock, JobStore } from './ports.ts';
import type { Ticker } from './ticker.ts';

/** Open jobs looked at for one answer; with more, the figures are those of the ones due first. */
const MAX_OPEN = 200;
const LANES = 8;
/** Later than any due time, and still a time that keys can hold. */
const END_OF_TIME = 9e14;

export interface OpenJobs {
  /** At most MAX_OPEN; `more` if there may be others. */
  readonly counted: number;
  readonly more: boolean;
  readonly byState: { readonly state: JobState; readonly jobs: number; readonly oldestSeconds: number }[];
}

export interface Figures {
  readonly openJobs: OpenJobs;
  readonly ticker: ReturnType<Ticker['stats']>;
}

export interface Operations {
  figures(): Promise<Figures>;
}

/** Creates the service. Its cost is bounded: one query per shard and MAX_OPEN reads. */
export function createOperations(deps: {
  jobs: Pick<JobStore, 'due' | 'get'>;
  ticker: Pick<Ticker, 'stats'>;
  clock: Clock;
}): Operations {
  const { jobs, ticker, clock } = deps;

  async function openJobs(): Promise<OpenJobs> {
    const queue = await jobs.due(END_OF_TIME, MAX_OPEN);
    const more = queue.length === MAX_OPEN;
    const byState = new Map<JobState, { jobs: number; oldest: number }>();
    let counted = 0;
    const lanes = Array.from({ length: LANES }, async () => {
      for (let jobId = queue.shift(); jobId !== undefined; jobId = queue.shift()) {
        const job = await jobs.get(jobId);
        if (!job || isTerminal(job.state)) continue;
        counted++;
        const row = byState.get(job.state) ?? { jobs: 0, oldest: job.createdAt };
        byState.set(job.state, { jobs: row.jobs + 1, oldest: Math.min(row.oldest, job.createdAt) });
      }
    });
    await Promise.all(lanes);
    const now = clock();
    const rows = [...byState].map(([state, row]) => ({
      state,
      jobs: row.jobs,
      oldestSeconds: Math.max(0, Math.round((now - row.oldest) / 1000)),
    }));
    return { counted, more, byState: rows.sort((a, b) => (a.state < b.state ? -1 : 1)) };
  }

  return {
    async figures() {
      return { openJobs: await openJobs(), ticker: ticker.stats() };
    },
  };
}
