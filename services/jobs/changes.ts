/** Where every change of a job goes: to who follows it here, to what is remembered of it, and to other processes. */
import type { Job } from '../../src/schemas/job.ts';
import { createNews, type News, type NewsDeps } from '../clockwork/news.ts';
import type { Identity } from '../identity/identity.ts';
import { createFeed, type Feed, type FeedDeps } from './feed.ts';
import { createJobVersions, type JobVersions } from './versions.ts';
import type { JobWatcher } from './watched-jobs.ts';

export interface JobChangesDeps extends Omit<FeedDeps, 'news' | 'versions'>, Omit<NewsDeps, 'news'> {
  bulletins: NewsDeps['news'];
  /** Accounts that other processes have changed. */
  identity: () => Pick<Identity, 'forget'>;
  /** Called for every job that this process has written. */
  stored?: (job: Job) => void;
}

export interface JobChanges {
  readonly news: News;
  readonly feed: Feed;
  readonly versions: JobVersions;
  readonly watcher: JobWatcher;
}

/** Creates what one process needs. */
export function createJobChanges({ bulletins, identity, stored, ...deps }: JobChangesDeps): JobChanges {
  const news = createNews({ ...deps, news: bulletins });
  const versions = createJobVersions(news);
  const feed = createFeed({ ...deps, news, versions });
  news.onHeard((tidings) => {
    versions.changed(tidings?.ownerId);
    if (tidings?.jobId === undefined) identity().forget(tidings?.ownerId);
    void feed.heard(tidings);
  });
  const changed = ({ jobId, ownerId }: Pick<Job, 'jobId' | 'ownerId'>): void => {
    versions.changed(ownerId);
    news.tell({ ownerId, jobId });
  };
  return {
    news,
    feed,
    versions,
    watcher: {
      sure: news.sure,
      publish(job) {
        stored?.(job);
        changed(job);
        feed.publish(job);
      },
      removed(job) {
        changed(job);
        feed.removed(job);
      },
      doubt(job) {
        changed(job);
        void feed.heard(job);
      },
    },
  };
}
