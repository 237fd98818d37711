/**
 * The clockwork: `tick()` moves every job that is due by one step. Correctness rests on the stored due
 * times alone; `nudge` only makes the next step come sooner (after a submit or a callback) and may be lost.
 * Several brokers may tick at once: every stored move is conditional.
 */
import type { Job } from '../src/schemas/job.ts';
import { within } from './context.ts';
import { isTerminal } from './lifecycle.ts';
import type { Clock, JobStore, Log } from './ports.ts';

const BATCH = 50;
/** Steps under way at the same time in one process. */
const CONCURRENCY = 8;
/** The store is asked for due jobs this often; nudged jobs do not wait for it. */
const POLL_MS = 1_000;
/** A nudged job that has not ended is looked at again after these pauses; then its stored due time counts. */
const NUDGE_PAUSES_MS = [150, 300, 600, 1_200, 2_400];

export interface Ticker {
  /** Moves all due and nudged jobs one step; returns how many it looked at. Never throws for a single job. */
  tick(): Promise<number>;
  /** Looks at a job soon, and again a few times until it has ended. */
  nudge(jobId: string): void;
  /** Milliseconds until there is something to do. */
  idleMs(): number;
  /** `lagMs`: how long after its due time the latest job of the last round was looked at. Counts since the start. */
  stats(): { lagMs: number; steps: number; failedSteps: number };
  /** Called when something is nudged, so that the loop can wake up. */
  onWake(wake: () => void): void;
}

export interface TickerDeps {
  jobs: JobStore;
  start: (job: Job) => Promise<void>;
  observe: (job: Job) => Promise<Job | undefined>;
  clock: Clock;
  log: Log;
}

/** Creates the ticker of one broker process. */
export function createTicker({ jobs, start, observe, clock, log }: TickerDeps): Ticker {
  const nudged = new Map<string, { at: number; round: number }>();
  let nextPoll = 0;
  const stats = { lagMs: 0, steps: 0, failedSteps: 0 };
  let wake = (): void => {};

  async function advance(jobId: string): Promise<void> {
    stats.steps++;
    try {
      const job = await jobs.get(jobId);
      if (job?.dueAt !== undefined) stats.lagMs = Math.max(stats.lagMs, clock() - job.dueAt);
      if (!job || isTerminal(job.state)) {
        nudged.delete(jobId);
        return;
      }
      const unstarted = job.state === 'queued' || (job.state === 'starting' && !job.executionArn);
      const due = job.dueAt !== undefined && job.dueAt <= clock();
      if (unstarted) {
        // A job that somebody holds a lease on, or that waits for its back-off, is left alone until it is due.
        // After the start there is nothing to see until the worker reports, so the nudge has done its work.
        nudged.delete(jobId);
        if (due) await start(job);
        return;
      }
      const after = await observe(job);
      if (after && isTerminal(after.state)) nudged.delete(jobId);
    } catch (error) {
      stats.failedSteps++;
      // One job must never stop the others; its stored due time brings it back.
      log.error({ jobId, err: error }, 'a step failed');
    }
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

  return {
    async tick() {
      const now = clock();
      const ready = new Set(dueNudges(now));
      if (now >= nextPoll) {
        nextPoll = now + POLL_MS;
        const due = await jobs.due(now, BATCH);
        for (const jobId of due) ready.add(jobId);
        // A full batch means that more is waiting.
        if (due.length === BATCH) nextPoll = now;
      }
      const queue = [...ready];
      stats.lagMs = 0;
      const lanes = Array.from({ length: Math.min(CONCURRENCY, queue.length) }, async () => {
        for (let jobId = queue.shift(); jobId !== undefined; jobId = queue.shift()) {
          const id = jobId;
          await within({ jobId: id }, () => advance(id));
        }
      });
      await Promise.all(lanes);
      return ready.size;
    },
    stats: () => ({ ...stats }),
    nudge(jobId) {
      nudged.set(jobId, { at: clock(), round: 0 });
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
