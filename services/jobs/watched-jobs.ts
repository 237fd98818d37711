/** The store of jobs with somebody looking over its shoulder: every write that succeeded is passed on. */
import type { Job } from '../../src/schemas/job.ts';
import type { JobStore } from '../ports.ts';
import type { Feed } from './feed.ts';

export interface JobWatcher extends Pick<Feed, 'publish' | 'removed'> {
  /** Comes before every write; fails if nobody would hear of it. */
  sure(): Promise<void>;
  /** A write whose answer never came: the job may have changed. */
  doubt(job: Pick<Job, 'jobId' | 'ownerId'>): void;
}

/** Wraps the store; reads pass through. */
export function watchJobs(jobs: JobStore, feed: JobWatcher): JobStore {
  async function doubting<T>(job: Pick<Job, 'jobId' | 'ownerId'>, write: () => Promise<T>): Promise<T> {
    await feed.sure();
    try {
      return await write();
    } catch (error) {
      feed.doubt(job);
      throw error;
    }
  }

  return {
    ...jobs,
    async create(job, idempotency, usages) {
      const stored = await doubting(job, () => jobs.create(job, idempotency, usages));
      if (typeof stored !== 'string') feed.publish(stored);
      return stored;
    },
    async replace(next, usages) {
      const written = await doubting(next, () => jobs.replace(next, usages));
      if (written) feed.publish(next);
      return written;
    },
    async remove(job) {
      const gone = await doubting(job, () => jobs.remove(job));
      if (gone) feed.removed(job);
      return gone;
    },
  };
}
