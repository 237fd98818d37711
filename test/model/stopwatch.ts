/**
 * The printed deadlines, each measured from when nothing hindered a job any more. What hinders all jobs: a fault, an
 * account that refuses, and time in which no broker ran. What hinders one: its own defect. It measures while the world
 * runs undisturbed (spell.ts), and keeps the longest times that were seen.
 */
import { D_CANCEL_MS, D_CB_MS, D_OPEN_MS, D_ROOM_MS, D_SUB_MS } from '../../services/clockwork/deadlines.ts';
import type { ExecutionState } from '../../services/ports.ts';
import type { Job, JobState } from '../../src/schemas/job.ts';
import { LAG_MS, type Moods } from './account.ts';
import { ENDS } from './promise.ts';

/** The step itself: brokers look for what is due once a second, and a step of two calls may see the first one late. */
const STEP_MS = 3_000;
/** What refuses is looked at five times before it is lost, with up to two minutes between. */
const UNKNOWN_MS = 10 * 60_000;
const NO_ROOM: readonly string[] = ['no_capacity', 'quota_fargate_vcpu'];

export type Promised =
  | 'start'
  | 'start where there was no room'
  | 'start after a pause'
  | 'end'
  | 'cancel'
  | 'deadline';

const WITHIN: Record<Promised, number> = {
  start: D_SUB_MS,
  'start where there was no room': D_ROOM_MS,
  'start after a pause': D_OPEN_MS,
  end: D_CB_MS,
  cancel: D_CANCEL_MS,
  deadline: 0,
};

export interface Stopwatch {
  /** Something went wrong: whatever is promised counts from now on. `jobId`: for this job alone. */
  hindered(jobId?: string): void;
  /** No broker ran until now, or one of its own calls failed. */
  away(): void;
  /** Compares all open jobs with what is promised. */
  check(jobs: Iterable<Job>): void;
  /** The longest time that was measured of each promise, ms. */
  readonly longest: ReadonlyMap<Promised, number>;
}

export interface StopwatchDeps {
  now: () => number;
  moods: Moods;
  /** Whether an operator has to let it go first. */
  isAside: (jobId: string) => boolean;
  executionOf: (job: Job) => ExecutionState | undefined;
  broken: string[];
}

/** Creates the watch of one world. */
export function createStopwatch({ now, moods, isAside, executionOf, broken }: StopwatchDeps): Stopwatch {
  let clearSince = now();
  let ranSince = now();
  const hinderedAt = new Map<string, number>();
  const longest = new Map<Promised, number>();
  const said = new Set<string>();

  const late = (): number => (moods.lags ? LAG_MS : 0);

  /** What has to happen next with a job, and since when that could be. */
  function next(job: Job): { what: Promised; since: number } | undefined {
    const execution = executionOf(job);
    const hidden = execution !== undefined && moods.hidden.has(execution.arn);
    if (job.state === 'canceling')
      return hidden ? undefined : { what: 'cancel', since: since(job, 'canceling') };
    if (job.state === 'running' || job.executionArn !== undefined) {
      if (hidden || execution?.stoppedAt === undefined) return undefined;
      // An execution that was taken up had ended before anybody could look again.
      const takenUp = job.adoptedAttempt === undefined ? 0 : since(job, 'running');
      return { what: 'end', since: Math.max(execution.stoppedAt, takenUp) + late() };
    }
    const queued = since(job, 'queued');
    if (job.history.at(-1)?.note?.startsWith('waits: '))
      return { what: 'start after a pause', since: queued };
    const again = job.automaticRetries?.at(-1);
    const room = again?.attempt === job.attempt && NO_ROOM.includes(again.code);
    return { what: room ? 'start where there was no room' : 'start', since: queued };
  }

  function measure(job: Job, what: Promised, from: number): void {
    const took = now() - from;
    longest.set(what, Math.max(longest.get(what) ?? 0, took));
    if (took <= WITHIN[what] + STEP_MS || said.has(`${job.jobId} ${job.attempt} ${what}`)) return;
    said.add(`${job.jobId} ${job.attempt} ${what}`);
    broken.push(`${job.jobId}: ${job.state}, and no ${what} for ${took} ms: promised within ${WITHIN[what]}`);
  }

  function look(job: Job): void {
    const { refusal } = moods;
    const itself = hinderedAt.get(job.jobId) ?? 0;
    const waits = next(job);
    if (waits && refusal === undefined) measure(job, waits.what, Math.max(waits.since, clearSince, itself));
    // Whether it can be known or not: except where nobody may look, or is told to come again.
    if (refusal === 'throttle' || refusal === 'paused' || now() <= job.deadlineAt) return;
    const known = Math.max(ranSince, clearSince, itself) + UNKNOWN_MS;
    const canceled = job.state === 'canceling' ? since(job, 'canceling') + D_CANCEL_MS : 0;
    measure(job, 'deadline', Math.max(job.deadlineAt, known, canceled) + late());
  }

  return {
    longest,
    hindered(jobId) {
      if (jobId === undefined) clearSince = now();
      else hinderedAt.set(jobId, now());
    },
    away() {
      clearSince = now();
      ranSince = now();
    },
    check(jobs) {
      for (const job of jobs) {
        if (ENDS.includes(job.state)) continue;
        if (moods.poisoned.has(job.jobId) || isAside(job.jobId)) hinderedAt.set(job.jobId, now());
        look(job);
      }
    },
  };
}

/** When it came into this state last. */
function since({ history, createdAt }: Job, wanted: JobState): number {
  return history.findLast(({ state }) => state === wanted)?.at ?? createdAt;
}
