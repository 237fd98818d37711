/** The store of jobs with somebody looking over its shoulder: every write that succeeded is passed on. */
import type { Feed } from './feed.ts';
import type { JobStore } from './ports.ts';

/** Wraps the store; reads pass through. */
export function watchJobs(jobs: JobStore, feed: Pick<Feed, 'publish' | 'removed'>): JobStore {
  return {
    ...jobs,
    async create(job, idempotency, usages) {
      const stored = await jobs.create(job, idempotency, usages);
      if (typeof stored !== 'string') feed.publish(stored);
      return stored;
    },
    async replace(next, usages) {
      const written = await jobs.replace(next, usages);
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
