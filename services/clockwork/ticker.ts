/**
 * The clockwork: `tick()` moves every job that is due by one step. Correctness rests on the stored due
 * times alone; `nudge` only makes the next step come sooner (after a submit or a callback) and may be lost.
 * Several brokers may tick at once: every stored move is conditional. Each looks for due jobs in its own shards.
 */
import type { Job } from '../../src/schemas/job.ts';
import { within } from '../context.ts';
import { isTerminal, isUnstarted } from '../jobs/lifecycle.ts';
import type { Moves } from '../jobs/moves.ts';
import type { Observe } from '../jobs/observe.ts';
import type { Clock, Ids, JobStore, Log, Timers } from '../ports.ts';
import { createFairLanes } from './fair-lanes.ts';
import type { Held } from './held.ts';
import { inLanes } from './lanes.ts';
import { createLateJobs } from './late-jobs.ts';
import { createNudges } from './nudges.ts';
import type { Poison } from './poison.ts';
import type { Quarantine } from './quarantine.ts';
import type { Sweep } from './sweep.ts';

const BATCH = 50;
/** Jobs read at the same time in one process. */
const READS = 8;
/** Steps under way at the same time in one process; those that hang do not count for long, see fair-lanes.ts. */
const STEPS = { lanes: 10, perGroup: 8, slowMs: 1_000, slowPerGroup: 2, most: 120 };
/** A tick waits so long for its steps; what hangs goes on beside the next ticks. */
const PATIENCE_MS = 250;
/** Jobs whose steps are under way or wait for a lane. */
const MAX_HELD = 4_000;
/** Nudged jobs that one tick takes. */
const MAX_READY = 500;
/** So many of one unit wait for an account that hangs; more are put off, so that they take no room from others. */
const MAX_WAITING = 200;
/** They come back after this time to twice of it. */
const PUT_OFF_MS = 30_000;
/** The store is asked for due jobs this often; nudged jobs do not wait for it. */
const POLL_MS = 1_000;
/** Longer than all calls of a step with all their tries: a step that has not ended by then holds up nobody more. */
const STEP_LIMIT_MS = 3 * 60_000;
/** Where some may not be begun yet, they are looked for again after this. */
const HELD_BACK_MS = 100;
/** A process that ends waits so long for its steps. Others go on with what has not ended, as after a crash. */
const STOP_MS = 10_000;

export interface TickerStats {
  /** How long after its due time the latest job of the last round was looked at. */
  readonly lagMs: number;
  /** Counts since the start. */
  readonly steps: number;
  readonly failedSteps: number;
}

export interface Ticker {
  /**
   * Moves all due and nudged jobs one step; returns how many it looked at. Steps that hang are not waited for: they
   * go on, and no other is begun for their jobs meanwhile. Never throws for a single job; `beat` after
   * each step.
   */
  tick(beat?: () => void): Promise<number>;
  /** Begins no other step; resolves when those under way have ended, or after ten seconds. */
  stop(): Promise<void>;
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
  poison: Pick<Poison, 'mayTry' | 'waiting' | 'cleared' | 'failed'>;
  quarantine: Pick<Quarantine, 'admit' | 'waiting'>;
  held: Held;
  moves: Pick<Moves, 'move'>;
  /** Shards of the index of open jobs in which this process looks. Default: all. */
  shards?: () => readonly number[];
  clock: Clock;
  timers: Pick<Timers, 'after'>;
  ids: Pick<Ids, 'random'>;
  log: Log;
}

/** Creates the ticker of one broker process. */
export function createTicker(deps: TickerDeps): Ticker {
  const { jobs, start, observe, sweep, poison, quarantine, held, moves, shards, clock, timers, ids, log } =
    deps;
  const nudges = createNudges(clock);
  const late = createLateJobs(clock);
  const lanes = createFairLanes({ ...STEPS, timers });
  const rounds = new Set<Promise<void>>();
  let nextPoll = 0;
  let stopping = false;
  const stats = { lagMs: 0, steps: 0, failedSteps: 0 };
  let wake = (): void => {};

  /** One job must never stop the others; its stored due time brings it back. */
  async function step(jobId: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await within({ jobId }, () => limited(work()));
    } catch (error) {
      stats.failedSteps++;
      log.error({ jobId, err: error }, 'a step failed');
      // Its back-off says when it comes again, if it is not set aside.
      nudges.forget(jobId);
      await poison.failed(jobId, error);
    }
  }

  async function limited<T>(work: Promise<T>): Promise<T> {
    let stop = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      stop = timers.after(STEP_LIMIT_MS, () => reject(new Error('the step did not end in time')));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      stop();
    }
  }

  /** A step of a job that is held, when there is room for it. */
  function inTurn({ jobId, unitId }: Job, work: () => Promise<void>): Promise<void> {
    return lanes
      .run(unitId, async () => {
        if (!stopping) await step(jobId, work);
      })
      .finally(() => held.release(jobId));
  }

  /** What is to be done with a job, or undefined: nothing. Without `work`, it is looked at with others of its unit. */
  async function nextStep(
    jobId: string,
    wasNudged: boolean,
  ): Promise<{ job: Job; work?: () => Promise<void> } | undefined> {
    const job = await jobs.get(jobId);
    if (job?.dueAt !== undefined) stats.lagMs = Math.max(stats.lagMs, clock() - job.dueAt);
    if (job) late.seen(job);
    if (!job || isTerminal(job.state)) {
      nudges.forget(jobId);
      poison.cleared(jobId);
      return undefined;
    }
    // Set aside: only an operator lets it go.
    if (job.dueAt === undefined) return undefined;
    if (!isUnstarted(job)) return wasNudged ? { job, work: () => observed(job) } : { job };
    // A job that somebody holds a lease on, or that waits for its back-off, is left alone until it is due.
    // After the start there is nothing to see until the worker reports, so the nudge has done its work.
    nudges.forget(jobId);
    if (job.dueAt <= clock()) return { job, work: () => started(job) };
    poison.cleared(jobId);
    return undefined;
  }

  /** True if too many wait for the unit of a job already; then it comes back later. */
  async function putOff({ jobId, unitId, version, dueAt }: Job): Promise<boolean> {
    held.belongs(jobId, unitId);
    if (held.ofUnit(unitId) <= MAX_WAITING || !lanes.hangs(unitId)) return false;
    nudges.forget(jobId);
    const now = clock();
    const later = now + Math.round(PUT_OFF_MS * (1 + ids.random()));
    if (dueAt !== undefined && dueAt <= now)
      await moves.move(jobId, { by: 'broker' }, (latest) =>
        latest.version === version ? { dueAt: later } : undefined,
      );
    return true;
  }

  async function started(job: Job): Promise<void> {
    await start(job);
    poison.cleared(job.jobId);
  }

  async function observed(...[job, seen]: Parameters<Observe>): Promise<void> {
    const after = await observe(job, seen);
    if (after && isTerminal(after.state)) nudges.forget(job.jobId);
    poison.cleared(job.jobId);
  }

  /** Jobs of one unit that are due and run already: by its list where there are many. */
  async function sweepUnit(unitId: string, watched: readonly Job[], beat: () => void): Promise<void> {
    let rest = watched;
    await lanes.run(unitId, async () => {
      const apply: Parameters<Sweep['sift']>[1] = (job, seen) =>
        step(job.jobId, () => observed(job, seen)).then(beat);
      try {
        rest = await limited(sweep.sift(watched, apply));
      } catch (error) {
        // A list that is never answered: each of its jobs is looked at by itself, in a step that has an end.
        log.warn({ unitId, err: error }, 'the jobs of a unit were not looked at together');
      }
    });
    const others = new Set(rest.map(({ jobId }) => jobId));
    for (const { jobId } of watched) if (!others.has(jobId)) held.release(jobId);
    await Promise.all(rest.map((job) => inTurn(job, () => observed(job)).then(beat)));
  }

  /** One step of each of these jobs. */
  async function moveAll(
    jobIds: readonly string[],
    wasNudged: ReadonlySet<string>,
    beat: () => void,
  ): Promise<void> {
    const begun: Promise<void>[] = [];
    const watched = new Map<string, Job[]>();
    await inLanes(jobIds, READS, async (jobId) => {
      stats.steps++;
      let next: Awaited<ReturnType<typeof nextStep>>;
      await step(jobId, async () => {
        next = await nextStep(jobId, wasNudged.has(jobId));
        if (next && (await putOff(next.job))) next = undefined;
      });
      if (!next) held.release(jobId);
      else if (next.work) begun.push(inTurn(next.job, next.work).then(beat));
      else watched.set(next.job.unitId, [...(watched.get(next.job.unitId) ?? []), next.job]);
    });
    for (const [unitId, ofUnit] of watched) begun.push(sweepUnit(unitId, ofUnit, beat));
    await Promise.all(begun);
  }

  /** Waits for `work`, but not longer than `ms`. */
  async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
    let stop = (): void => {};
    const enough = new Promise<void>((resolve) => {
      stop = timers.after(ms, resolve);
    });
    try {
      await Promise.race([work, enough]);
    } finally {
      stop();
    }
  }

  async function dueJobs(now: number): Promise<string[]> {
    if (now < nextPoll) return [];
    nextPoll = now + POLL_MS;
    const mine = shards?.();
    if (mine?.length === 0) return [];
    if (held.size() >= MAX_HELD) return [];
    // Those that are held or wait after a failure are still due by their stored times, and may be the oldest.
    const limit = BATCH + held.size() + poison.waiting() + quarantine.waiting();
    const due = await jobs.due(now, limit, mine);
    const fresh = due.filter((jobId) => !held.has(jobId) && poison.mayTry(jobId));
    // A full answer means that more is waiting.
    if (due.length === limit && fresh.length > 0) nextPoll = now;
    return fresh;
  }

  return {
    async tick(beat = () => {}) {
      const room = Math.min(MAX_READY, MAX_HELD - held.size());
      const ready = new Set(nudges.ready(room, held.has).filter(poison.mayTry));
      const wanted = [...new Set([...ready, ...(await dueJobs(clock()))])];
      const begin = await quarantine.admit(wanted);
      if (begin.length < wanted.length) nextPoll = Math.min(nextPoll, clock() + HELD_BACK_MS);
      stats.lagMs = 0;
      for (const jobId of begin) held.take(jobId);
      const round = moveAll(begin, ready, beat).finally(() => rounds.delete(round));
      rounds.add(round);
      await atMost(PATIENCE_MS, round);
      return begin.length;
    },
    async stop() {
      stopping = true;
      await atMost(STOP_MS, Promise.all(rounds));
    },
    stats: () => ({ ...stats }),
    late: late.oldest,
    nudge(jobId, afterMs = 0) {
      nudges.add(jobId, afterMs);
      wake();
    },
    idleMs() {
      // The nudge of a job that is held comes after its step.
      let next = Math.min(nextPoll, nudges.nextAt(held.has) ?? nextPoll);
      if (held.size() >= MAX_HELD) next = Math.max(next, clock() + PATIENCE_MS);
      return Math.max(0, next - clock());
    },
    onWake(callback) {
      wake = callback;
    },
  };
}
