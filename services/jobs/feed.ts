/**
 * Live changes of jobs, for who follows them. What this broker writes is passed on without a read. What other
 * brokers write they tell (news.ts), and then it is read once per person who follows it, however many tabs they have;
 * where nothing changes nothing is read. While not all of them tell, it is found by polling: per person with an open
 * stream, only open jobs that nothing was heard of lately, plus one page of the list now and then for jobs that are new.
 * The feed carries states, not a log: whoever missed something is told how things are now.
 */
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { News } from '../clockwork/news.ts';
import type { Tidings } from '../clockwork/news-ports.ts';
import type { Clock, JobStore, Log, Timers } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { type Group, groupOf, type Listener, see, seeRemoved, snapshotOf } from './feed-group.ts';
import { isTerminal } from './lifecycle.ts';
import type { JobVersions } from './versions.ts';

/** Followed open jobs are read this often, if nothing was heard of them since. */
const POLL_MS = 3_000;
/** Every so many rounds the list is read, and jobs that have ended (somebody may retry them). */
const SLOW_ROUNDS = 5;
/** Jobs of one list page, and jobs read per person and round. */
const MAX_JOBS = 50;
/** Persons polled at the same time. */
const LANES = 4;
const MAX_STREAMS_PER_USER = 8;
const MAX_STREAMS = 1_000;

export interface Feed {
  /** A job was written by this broker. */
  publish(job: Job): void;
  /** A job was deleted by this broker. */
  removed(job: Pick<Job, 'jobId' | 'ownerId'>): void;
  /**
   * Follows one job, or all of a person. First come the states as they are: of the one job; of open jobs; or
   * with `lastEventId` of all jobs among the newest that have changed since. Returns the way to stop.
   * Throws AppError not_found, too_many_requests (too many streams).
   */
  follow(
    who: Principal,
    wish: { jobId?: string; lastEventId?: string },
    listener: Listener['listener'],
  ): Promise<() => void>;
  /** Open streams. */
  streams(): number;
  /** One round of polling, if others do not tell what they write; the feed's own timer calls it. */
  poll(): Promise<void>;
  /** Others have written this, or anything. Ends when those who follow it have been told. */
  heard(tidings: Tidings | undefined): Promise<void>;
}

export interface FeedDeps {
  jobs: Pick<JobStore, 'get' | 'listByOwner'>;
  clock: Clock;
  timers: Timers;
  log: Log;
  /** Whether other brokers tell what they write. Default: they do not. */
  news?: Pick<News, 'fresh'>;
  /** Where reads are shared with tabs that ask again. Default: nowhere. */
  versions?: Pick<JobVersions, 'job'>;
  /** A job as text, made once for all who follow it. */
  render: (job: Job) => string;
}

/** Creates the feed of one broker process. */
export function createFeed({ jobs, news, versions, clock, timers, log, render }: FeedDeps): Feed {
  const groups = new Map<string, Group>();
  let stopTimer: (() => void) | undefined;
  let round = 0;
  let polling = false;

  const note = (group: Group, job: Job): void =>
    see(group, {
      jobId: job.jobId,
      version: job.version,
      open: !isTerminal(job.state),
      changedAt: job.updatedAt,
      heardAt: clock(),
      text: () => render(job),
    });

  function streams(): number {
    let count = 0;
    for (const { listeners } of groups.values()) count += listeners.size;
    return count;
  }

  async function list(group: Group): Promise<void> {
    group.listing ??= readList(group).finally(() => {
      group.listing = undefined;
    });
    await group.listing;
  }

  async function readList(group: Group): Promise<void> {
    const { items } = await jobs.listByOwner(group.ownerId, { limit: MAX_JOBS });
    for (const job of items) note(group, job);
    group.listedAt = clock();
  }

  /** Brings the group up to date for a new listener; others who follow the same have done that already. */
  async function prepare(group: Group, jobId: string | undefined): Promise<void> {
    const followed = [...group.listeners].some((other) => !other.jobId || other.jobId === jobId);
    if (jobId === undefined) {
      const current = followsAll(group) && !group.stale && news?.fresh();
      if (!current && clock() - group.listedAt > POLL_MS * SLOW_ROUNDS) await list(group);
      return;
    }
    if (followed && group.known.has(jobId)) return;
    const job = await jobs.get(jobId);
    if (!job || job.ownerId !== group.ownerId) throw new AppError('not_found', `no job ${jobId}`);
    note(group, job);
  }

  function leave(group: Group): void {
    if (group.listeners.size > 0 || group.arriving > 0) return;
    groups.delete(group.ownerId);
    if (groups.size > 0) return;
    stopTimer?.();
    stopTimer = undefined;
  }

  function due(group: Group, slow: boolean): string[] {
    const all = followsAll(group);
    const single = new Set([...group.listeners].map(({ jobId }) => jobId));
    return [...group.known.values()]
      .filter(({ jobId, open }) => (open ? all || single.has(jobId) : slow && single.has(jobId)))
      .filter(({ heardAt }) => clock() - heardAt >= POLL_MS)
      .slice(-MAX_JOBS)
      .map(({ jobId }) => jobId);
  }

  async function look(group: Group, jobId: string): Promise<void> {
    const job = await (versions ? shared(versions, group, jobId) : jobs.get(jobId));
    if (job) note(group, job);
    else seeRemoved(group, jobId, clock());
  }

  /** Tabs of one person that ask for the job get the same answer. */
  async function shared(
    known: Pick<JobVersions, 'job'>,
    { ownerId }: Group,
    jobId: string,
  ): Promise<Job | undefined> {
    const read = async (): Promise<Job> => {
      const job = await jobs.get(jobId);
      if (!job) throw new AppError('not_found', `no job ${jobId}`);
      return job;
    };
    try {
      return await known.job({ userId: ownerId, jobId, mayBeKnown: true }, read);
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  async function pollGroup(group: Group, slow: boolean): Promise<void> {
    await patiently(group, async () => {
      if (slow && followsAll(group)) await list(group);
      for (const jobId of due(group, slow)) await look(group, jobId);
    });
  }

  /** What could not be read is asked for in the next round. */
  async function patiently(group: Group, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      group.stale = false;
    } catch (error) {
      group.stale = true;
      log.warn({ err: error }, 'followed jobs could not be read');
    }
  }

  /** Everything that is followed, by one read if that is all jobs of a person. */
  async function lookAtAll(group: Group): Promise<void> {
    const began = clock();
    await patiently(group, async () => {
      // A list that is being read already may have been read before the change.
      if (group.listing) await group.listing;
      if (followsAll(group)) await list(group);
      const single = new Set([...group.listeners].flatMap(({ jobId }) => jobId ?? []));
      const unseen = [...group.known.values()].filter(({ jobId, open, heardAt }) =>
        followsAll(group) ? open && heardAt < began : single.has(jobId),
      );
      for (const { jobId } of unseen) await look(group, jobId);
    });
  }

  async function inSomeLanes(queue: Group[], work: (group: Group) => Promise<void>): Promise<void> {
    const lanes = Array.from({ length: LANES }, async () => {
      for (let group = queue.shift(); group; group = queue.shift()) await work(group);
    });
    await Promise.all(lanes);
  }

  const feed: Feed = {
    streams,

    publish(job) {
      const group = groups.get(job.ownerId);
      if (group) note(group, job);
    },

    removed({ jobId, ownerId }) {
      const group = groups.get(ownerId);
      if (group) seeRemoved(group, jobId, clock());
    },

    async follow(who, { jobId, lastEventId }, listener) {
      const group = groups.get(who.userId) ?? groupOf(who.userId);
      if (group.listeners.size + group.arriving >= MAX_STREAMS_PER_USER || streams() >= MAX_STREAMS) {
        throw new AppError('too_many_requests', 'too many open event streams', {
          remedy: 'Close other streams (tabs); one stream of all jobs is enough for a person.',
        });
      }
      groups.set(who.userId, group);
      stopTimer ??= timers.every(POLL_MS, () => void feed.poll());
      group.arriving++;
      const entry: Listener = { jobId, listener };
      try {
        await prepare(group, jobId);
        // From here on nothing is awaited: no change can come between the snapshot and the listening.
        for (const event of snapshotOf(group, jobId, sinceOf(lastEventId))) listener(event);
        group.listeners.add(entry);
      } finally {
        group.arriving--;
        leave(group);
      }
      return () => {
        group.listeners.delete(entry);
        leave(group);
      };
    },

    async poll() {
      if (polling) return;
      polling = true;
      const slow = ++round % SLOW_ROUNDS === 0;
      const told = news?.fresh() ?? false;
      const queue = [...groups.values()].filter(({ stale }) => !told || stale);
      await inSomeLanes(queue, (group) => (told ? lookAtAll(group) : pollGroup(group, slow)));
      polling = false;
    },

    async heard(tidings) {
      if (!tidings) {
        await inSomeLanes([...groups.values()], lookAtAll);
        return;
      }
      const { ownerId, jobId } = tidings;
      const group = groups.get(ownerId);
      if (!group) return;
      if (jobId === undefined) return lookAtAll(group);
      const followed = [...group.listeners].some((other) => !other.jobId || other.jobId === jobId);
      if (followed) await patiently(group, () => look(group, jobId));
    },
  };
  return feed;
}

const followsAll = ({ listeners }: Group): boolean => [...listeners].some(({ jobId }) => jobId === undefined);

/** Ids of events are times of change, epoch ms; anything else counts as no id. */
function sinceOf(lastEventId: string | undefined): number | undefined {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : undefined;
}
