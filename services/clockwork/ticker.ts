/**
 * The clockwork: `tick()` moves every job that is due by one step. Correctness rests on the stored due
 * times alone; `nudge` only makes the next step come sooner (after a submit or a callback) and may be lost.
 * Several brokers may tick at once: every stored move is conditional. Each looks for due jobs in its own shards.
 */
import type { Job } from '../../src/schemas/job.ts';
import { within } from '../context.ts';
import { isTerminal, isUnstarted } from '../jobs/lifecycle.ts';
import type { Observe } from '../jobs/observe.ts';
import type { Clock, JobStore, Log, Timers } from '../ports.ts';
import { inLanes } from './lanes.ts';
import { createLateJobs } from './late-jobs.ts';
import type { Poison } from './poison.ts';
import type { Sweep } from './sweep.ts';

const BATCH = 50;
/** Steps under way at the same time in one process. */
const CONCURRENCY = 8;
/** The store is asked for due jobs this often; nudged jobs do not wait for it. */
const POLL_MS = 1_000;
/**
 * A nudged job that has not ended is looked at again after these pauses; then its stored due time counts. Each look is
 * a DescribeExecution, of which AWS allows few: so the pauses grow as fast as what is waited for.
 */
const NUDGE_PAUSES_MS = [300, 900, 2_700];
/** Nudges remembered; what does not fit comes when it is due. */
const MAX_NUDGED = 10_000;
/** Longer than all calls of a step with all their tries: a step that has not ended by then holds up nobody more. */
const STEP_LIMIT_MS = 3 * 60_000;

export interface TickerStats {
  /** How long after its due time the latest job of the last round was looked at. */
  readonly lagMs: number;
  /** Counts since the start. */
  readonly steps: number;
  readonly failedSteps: number;
}

export interface Ticker {
  /**
   * Moves all due and nudged jobs one step; returns how many it looked at. Never throws for a single job; `beat` after
   * each step.
   */
  tick(beat?: () => void): Promise<number>;
  /** Looks at a job after `afterMs` (default: at once), and again a few times until it has ended. */
  nudge(jobId: string, afterMs?: number): void;
  /** Milliseconds until there is something to do. */
  idleMs(): number;
  stats(): TickerStats;
  /** Ids of the open jobs that have used the most of more time than they may, of those it has looked at. */
  late(): string[];
  /** Called when something is nudged, so that the loop can wake up. */
  onWake(wake: () => void): void;
}

export interface TickerDeps {
  jobs: JobStore;
  start: (job: Job) => Promise<void>;
  observe: Observe;
  sweep: Pick<Sweep, 'sift'>;
  poison: Pick<Poison, 'mayTry' | 'cleared' | 'failed'>;
  /** Shards of the index of open jobs in which this process looks. Default: all. */
  shards?: () => readonly number[];
  clock: Clock;
  timers: Pick<Timers, 'after'>;
  log: Log;
}

/** Creates the ticker of one broker process. */
export function createTicker(deps: TickerDeps): Ticker {
  const { jobs, start, observe, sweep, poison, shards, clock, timers, log } = deps;
  const nudged = new Map<string, { at: number; round: number }>();
  const late = createLateJobs(clock);
  let nextPoll = 0;
  const stats = { lagMs: 0, steps: 0, failedSteps: 0 };
  let wake = (): void => {};

  /** One job must never stop the others; its stored due time brings it back. */
  async function step(jobId: string, work: () => Promise<unknown>): Promise<void> {
    stats.steps++;
    try {
      await within({ jobId }, () => limited(work()));
    } catch (error) {
      stats.failedSteps++;
      log.error({ jobId, err: error }, 'a step failed');
      // Its back-off says when it comes again, if it is not set aside.
      nudged.delete(jobId);
      await poison.failed(jobId, error);
    }
  }

  async function limited(work: Promise<unknown>): Promise<void> {
    let stop = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      stop = timers.after(STEP_LIMIT_MS, () => reject(new Error('the step did not end in time')));
    });
    try {
      await Promise.race([work, late]);
    } finally {
      stop();
    }
  }

  /** Starts a job, or says that it is to be observed. */
  async function advance(jobId: string, wasNudged: boolean, watched: Job[]): Promise<void> {
    const job = await jobs.get(jobId);
    if (job?.dueAt !== undefined) stats.lagMs = Math.max(stats.lagMs, clock() - job.dueAt);
    if (job) late.seen(job);
    if (!job || isTerminal(job.state)) {
      nudged.delete(jobId);
      poison.cleared(jobId);
      return;
    }
    if (isUnstarted(job)) {
      // A job that somebody holds a lease on, or that waits for its back-off, is left alone until it is due.
      // After the start there is nothing to see until the worker reports, so the nudge has done its work.
      nudged.delete(jobId);
      if (job.dueAt !== undefined && job.dueAt <= clock()) await start(job);
      poison.cleared(jobId);
    } else if (wasNudged) await observed(job);
    else watched.push(job);
  }

  async function observed(...[job, seen]: Parameters<Observe>): Promise<void> {
    const after = await observe(job, seen);
    if (after && isTerminal(after.state)) nudged.delete(job.jobId);
    poison.cleared(job.jobId);
  }

  /** Jobs that are due and run already: by the list of their unit where there are many. */
  async function sweepAll(watched: readonly Job[], beat: () => void): Promise<void> {
    if (watched.length === 0) return;
    const rest = await sweep.sift(watched, (job, seen) =>
      step(job.jobId, () => observed(job, seen)).then(beat),
    );
    await inLanes(rest, CONCURRENCY, (job) => step(job.jobId, () => observed(job)).then(beat));
  }

  function dueNudges(now: number): string[] {
    const ready: string[] = [];
    for (const [jobId, nudge] of nudged) {
      if (nudge.at > now) continue;
      ready.push(jobId);
      const pause = NUDGE_PAUSES_MS[nudge.round];
      if (pause === undefined) nudged.delete(jobId);
      else nudged.set(jobId, { at: now + pause, round: nudge.round + 1 });
    }
    return ready;
  }

  async function dueJobs(now: number): Promise<string[]> {
    if (now < nextPoll) return [];
    nextPoll = now + POLL_MS;
    const mine = shards?.();
    if (mine?.length === 0) return [];
    const due = await jobs.due(now, BATCH, mine);
    // A full batch means that more is waiting, unless it is what has failed and waits as well.
    if (due.length === BATCH && due.some(poison.mayTry)) nextPoll = now;
    return due;
  }

  return {
    async tick(beat = () => {}) {
      const now = clock();
      const ready = new Set(dueNudges(now));
      const all = new Set([...ready, ...(await dueJobs(now))]);
      const watched: Job[] = [];
      stats.lagMs = 0;
      await inLanes([...all].filter(poison.mayTry), CONCURRENCY, (jobId) =>
        step(jobId, () => advance(jobId, ready.has(jobId), watched)).then(beat),
      );
      await sweepAll(watched, beat);
      return all.size;
    },
    stats: () => ({ ...stats }),
    late: late.oldest,
    nudge(jobId, afterMs = 0) {
      if (nudged.size < MAX_NUDGED) nudged.set(jobId, { at: clock() + afterMs, round: 0 });
      wake();
    },
    idleMs() {
      let next = nextPoll;
      for (const { at } of nudged.values()) next = Math.min(next, at);
      return Math.max(0, next - clock());
    },
    onWake(callback) {
      wake = callback;
    },
  };
}
