/** The store of jobs with somebody looking over its shoulder: every write that succeeded is passed on. */
import type { Feed } from './feed.ts';
import type { JobStore } from './ports.ts';

/** Wraps the store; reads pass through. */
export function watchJobs(jobs: JobStore, feed: Pick<Feed, 'publish' | 'removed'>): JobStore {
  return {
    ...jobs,
    async create(job, idempotency) {
      const stored = await jobs.create(job, idempotency);
      if (stored !== 'key_reused') feed.publish(stored);
      return stored;
    },
    async replace(next) {
      const written = await jobs.replace(next);
      if (written) feed.publish(next);
      return written;
    },
    async remove(job) {
      const gone = await jobs.remove(job);
      if (gone) feed.removed(job);
      return gone;
    },
  };
}
