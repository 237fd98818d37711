/** Figures for whoever runs the broker: open jobs, how late the ticker is. */

import type { Ticker } from '../clockwork/ticker.ts';
import type { Clock, JobStore } from '../ports.ts';
import { countOpenJobs, type OpenJobs } from './open-jobs.ts';
import type { Overview } from './overview.ts';
import type { QueueStore } from './overview-ports.ts';

export interface Figures {
  readonly openJobs: OpenJobs;
  readonly ticker: ReturnType<Ticker['stats']>;
}

export interface Operations {
  figures(): Promise<Figures>;
  /** The operator's view. */
  overview: Overview;
}

/** Creates the service. */
export function createOperations(deps: {
  queues: QueueStore;
  jobs: Pick<JobStore, 'get'>;
  ticker: Pick<Ticker, 'stats'>;
  overview: Overview;
  clock: Clock;
}): Operations {
  return {
    overview: deps.overview,
    async figures() {
      return { openJobs: await countOpenJobs(deps), ticker: deps.ticker.stats() };
    },
  };
}
