/**
 * The promise, as an independent witness sees it: every write of a job and every start of an execution is
 * compared with what may happen. It knows nothing of services/jobs/lifecycle.ts.
 */
import { D_JOB_MS } from '../../services/clockwork/deadlines.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job, JobState } from '../../src/schemas/job.ts';

/** What may follow a state within one attempt; a state may also be written again. */
const FOLLOWS: Record<JobState, readonly JobState[]> = {
  queued: ['starting', 'running', 'failed', 'canceled', 'lost'],
  // Throttling sends a job back into the queue.
  starting: ['queued', 'running', 'canceling', 'succeeded', 'failed', 'canceled', 'lost'],
  running: ['canceling', 'succeeded', 'failed', 'canceled', 'lost'],
  canceling: ['succeeded', 'failed', 'canceled', 'lost'],
  succeeded: [],
  failed: [],
  canceled: [],
  lost: [],
};
export const ENDS: readonly JobState[] = ['succeeded', 'failed', 'canceled', 'lost'];

/** An idempotency key is remembered for a day, in whole seconds. */
const KEY_LIFE_MS = 24 * 3_600_000 - 1_000;

export interface Witness {
  /** Everything that broke the promise so far, in words. */
  readonly broken: string[];
  /** `unwanted`: somebody wants to delete it. */
  wrote(before: Job | undefined, after: Job | undefined, unwanted: boolean): void;
  started(input: ExecutionInput, documentIsThere: boolean): void;
  /** A submit was answered. */
  accepted(key: string | undefined, job: Job): void;
  /** Looks at the jobs as they are when everything should have ended. */
  atTheEnd(): void;
}

/** Failures after which the broker begins another attempt by itself. */
const ANOTHER: readonly string[] = [
  'preempted',
  'worker_oom',
  'worker_timeout',
  'no_capacity',
  'quota_fargate_vcpu',
];

export interface WitnessDeps {
  now: () => number;
  /** Jobs as they were stored before. */
  jobs: ReadonlyMap<string, Job>;
  /** Jobs at once that the owner of the unit allows. */
  atOnce?: number;
}

/** Creates a witness who has seen nothing yet. */
export function createWitness({ now, jobs, atOnce }: WitnessDeps): Witness {
  const broken: string[] = [];
  const deleted = new Set<string>();
  const starts = new Map<string, number>();
  const accepted = new Set<string>();
  const keys = new Map<string, Job>();
  /** Attempts that were followed by another one without an end that anybody saw. */
  const unseen = new Map<string, number>();

  /** A person has begun a job, or another attempt of one: executions that turn up again count for nobody. */
  function count(begun: Job): void {
    const others = [...jobs.values()].filter(
      ({ jobId, state, adoptedAttempt }) =>
        jobId !== begun.jobId && !ENDS.includes(state) && adoptedAttempt === undefined,
    );
    if (atOnce !== undefined && others.length + 1 > atOnce)
      broken.push(`${begun.jobId}: is one of ${others.length + 1} at once, and ${atOnce} are allowed`);
  }

  function follow(before: Job, after: Job): void {
    const { jobId } = after;
    if (after.history.some(({ at }, i) => at < (after.history[i - 1]?.at ?? 0)))
      broken.push(`${jobId}: its history is out of order`);
    if (after.deadlineAt > now() + D_JOB_MS) broken.push(`${jobId}: its deadline is too late`);
    if (deleted.has(jobId)) broken.push(`${jobId}: came back after it was deleted`);
    if (!before.history.every((entry, i) => JSON.stringify(entry) === JSON.stringify(after.history[i]))) {
      broken.push(`${jobId}: what its history said was changed`);
    }
    if (after.attempt !== before.attempt) {
      if (isAutomatic(before, after)) {
        unseen.set(jobId, (unseen.get(jobId) ?? 0) + 1);
        return;
      }
      const fair = after.attempt === before.attempt + 1 && ENDS.includes(before.state);
      // An attempt that takes up the execution of a lost one begins as running; nothing is started for it.
      const adopts = before.state === 'lost' && after.adoptedAttempt !== undefined;
      if (!fair || before.state === 'succeeded' || after.state !== (adopts ? 'running' : 'queued')) {
        broken.push(`${jobId}: attempt ${before.attempt} ${before.state} -> ${after.attempt} ${after.state}`);
      }
      if (!adopts) count(after);
      return;
    }
    if (ENDS.includes(before.state)) {
      const { state, failure, runResult } = after;
      const same = state === before.state && failure?.code === before.failure?.code;
      if (!same || runResult?.sha256 !== before.runResult?.sha256) {
        broken.push(`${jobId}: ${before.state} was not its end: ${state} ${failure?.code ?? ''}`);
      }
    } else if (after.state !== before.state && !FOLLOWS[before.state].includes(after.state)) {
      broken.push(`${jobId}: ${after.state} after ${before.state}`);
    }
  }

  return {
    broken,
    wrote(before, after, unwanted) {
      if (before && after) follow(before, after);
      else if (after) {
        count(after);
        if (deleted.has(after.jobId)) broken.push(`${after.jobId}: came back after it was deleted`);
        if (after.state !== 'queued' || after.attempt !== 0)
          broken.push(`${after.jobId}: began as ${after.state}`);
      } else if (before) {
        deleted.add(before.jobId);
        if (!unwanted || !ENDS.includes(before.state)) broken.push(`${before.jobId}: vanished`);
      }
    },
    started({ jobId, attempt }, documentIsThere) {
      const name = `${jobId}, attempt ${attempt}`;
      starts.set(name, (starts.get(name) ?? 0) + 1);
      if (starts.get(name) !== 1) broken.push(`${name}: started ${starts.get(name)} times`);
      if (!documentIsThere) broken.push(`${name}: started without its document`);
    },
    accepted(key, job) {
      accepted.add(job.jobId);
      if (key === undefined) return;
      const known = keys.get(key);
      const remembered = known && job.createdAt - known.createdAt < KEY_LIFE_MS;
      if (remembered && known.jobId !== job.jobId) broken.push(`${key}: stands for two jobs`);
      if (!known || known.createdAt < job.createdAt) keys.set(key, job);
    },
    atTheEnd() {
      for (const jobId of accepted)
        if (!jobs.has(jobId) && !deleted.has(jobId)) broken.push(`${jobId}: accepted and lost`);
      for (const job of jobs.values()) {
        if (!ENDS.includes(job.state)) broken.push(`${job.jobId}: still ${job.state}`);
        const ends = job.history.filter(({ state }) => ENDS.includes(state)).length;
        if (ends + (unseen.get(job.jobId) ?? 0) !== job.attempt + 1)
          broken.push(`${job.jobId}: ${ends} ends in ${job.attempt + 1} attempts`);
      }
    },
  };
}

/** The broker begins another attempt in the write that ends a failed one: not for a canceled job, nor for any failure. */
function isAutomatic(before: Job, after: Job): boolean {
  const last = after.earlier?.at(-1);
  return (
    (before.state === 'running' || before.state === 'starting' || before.state === 'queued') &&
    after.attempt === before.attempt + 1 &&
    after.state === 'queued' &&
    last?.attempt === before.attempt &&
    ANOTHER.includes(last.failure?.code ?? '') &&
    after.automaticRetries?.at(-1)?.attempt === after.attempt
  );
}
