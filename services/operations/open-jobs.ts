/**
 * Open jobs by state and age, at a bounded cost: the keys of up to MAX_KEYS, those that are due first; reads of the MAX_READ
 * oldest of them, and of those that processes have found too old (clockwork/late-jobs.ts). So whatever is too old is seen,
 * however much is open: it is looked at and told, or nobody looks at it and it is among those that are due first.
 */
import { AppError } from '../../src/errors.ts';
import { AGE_LIMITS } from '../../src/schemas/figures.ts';
import { type Job, type JobState, jobState } from '../../src/schemas/job.ts';
import { D_JOB_MS } from '../clockwork/deadlines.ts';
import { inLanes } from '../clockwork/lanes.ts';
import { isTerminal, isUnstarted } from '../jobs/lifecycle.ts';
import type { Clock, JobStore } from '../ports.ts';
import type { QueueStore } from './overview-ports.ts';

const MAX_KEYS = 2_000;
const MAX_READ = 200;
/** Of those that processes have found. */
const MAX_TOLD = 50;
const LANES = 8;
/** Of those that have used the most time, so that somebody can look at them. */
const MAX_LONGEST = 5;

export interface StateRow {
  readonly state: JobState;
  readonly jobs: number;
  readonly oldestSeconds: number;
  /** Jobs by age: one count more than AGE_LIMITS has. */
  readonly byAge: readonly number[];
}

/** An open job for whoever runs the broker: nothing of its task, inputs or owner. */
export interface LongOpenJob {
  readonly jobId: string;
  readonly unitId: string;
  readonly state: JobState;
  /** Of its attempt, see `longestAttemptSeconds`. */
  readonly attemptSeconds: number;
  /** When it is looked at next, epoch ms; undefined if it never is. */
  readonly dueAt: number | undefined;
  /** What was noted last in its history. */
  readonly note: string | undefined;
}

export interface OpenJobs {
  /** Those whose state was read, the oldest: at most MAX_READ and MAX_TOLD. */
  readonly counted: number;
  /** True if there are open jobs that were not read. */
  readonly more: boolean;
  /** As a job goes through them. */
  readonly byState: StateRow[];
  /** All open jobs, counted up to about MAX_KEYS. */
  readonly open: number;
  /** True if there may be more than these. */
  readonly openMore: boolean;
  /** How long the job that is most overdue waits for its next step. */
  readonly lagSeconds: number;
  /**
   * How much of the time of its attempt (D_JOB_MS) an open job has used, and one that has not started yet: what a
   * retry or a paused unit gives back is not counted, as it is not for the promise.
   */
  readonly longestAttemptSeconds: number;
  readonly longestWaitSeconds: number;
  /** Those that have used the most of it, at most MAX_LONGEST. */
  readonly longest: readonly LongOpenJob[];
}

/** Counts them. A job that cannot be read is left out of the states. `late`: ids of jobs that processes have found too old. */
export async function countOpenJobs(
  deps: { queues: Pick<QueueStore, 'openJobs'>; jobs: Pick<JobStore, 'get'>; clock: Clock },
  late: readonly string[] = [],
): Promise<OpenJobs> {
  const { queues, jobs, clock } = deps;
  const found = await queues.openJobs(MAX_KEYS);
  const now = clock();
  // Ids sort by the time at which they were made, so these are the oldest.
  const oldest = found.jobs.map(({ jobId }) => jobId).sort();
  const rows = new Map<JobState, { jobs: number; oldest: number; byAge: number[] }>();
  let counted = 0;
  const seen: LongOpenJob[] = [];
  let longestWaitSeconds = 0;
  const wanted = new Set([...oldest.slice(0, MAX_READ), ...late.slice(0, MAX_TOLD)]);
  await inLanes([...wanted], LANES, async (jobId) => {
    const job = await readable(jobs, jobId);
    if (!job || isTerminal(job.state)) return;
    counted++;
    const used = secondsBetween(job.deadlineAt - D_JOB_MS, now);
    const { unitId, state, dueAt, history } = job;
    seen.push({ jobId, unitId, state, attemptSeconds: used, dueAt, note: history.at(-1)?.note });
    if (isUnstarted(job)) longestWaitSeconds = Math.max(longestWaitSeconds, used);
    const row = rows.get(job.state) ?? { jobs: 0, oldest: now, byAge: Array(AGE_LIMITS.length + 1).fill(0) };
    const ageSeconds = (now - job.createdAt) / 1000;
    const younger = AGE_LIMITS.findIndex((limit) => ageSeconds < limit);
    row.byAge[younger === -1 ? AGE_LIMITS.length : younger]++;
    rows.set(job.state, { ...row, jobs: row.jobs + 1, oldest: Math.min(row.oldest, job.createdAt) });
  });
  const longest = seen.sort((a, b) => b.attemptSeconds - a.attemptSeconds).slice(0, MAX_LONGEST);
  const due = found.jobs.reduce((earliest, { dueAt }) => Math.min(earliest, dueAt), now);
  return {
    counted,
    more: found.more || oldest.length > MAX_READ,
    open: found.jobs.length,
    openMore: found.more,
    lagSeconds: secondsBetween(due, now),
    longestAttemptSeconds: longest[0]?.attemptSeconds ?? 0,
    longestWaitSeconds,
    longest,
    byState: [...rows]
      .map(([state, row]) => ({
        state,
        jobs: row.jobs,
        oldestSeconds: secondsBetween(row.oldest, now),
        byAge: row.byAge,
      }))
      .sort((a, b) => jobState.options.indexOf(a.state) - jobState.options.indexOf(b.state)),
  };
}

/** Undefined if it cannot be understood: such a job is on its way to those that are set aside, shown beside these. */
async function readable(jobs: Pick<JobStore, 'get'>, jobId: string): Promise<Job | undefined> {
  try {
    return await jobs.get(jobId);
  } catch (error) {
    if (error instanceof AppError && error.code === 'internal') return undefined;
    throw error;
  }
}

/** Whole seconds, never negative. */
export function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1000));
}
