/**
 * The promise, as an independent witness sees it: every write of a job and every start of an execution is
 * compared with what may happen. It knows nothing of services/jobs/lifecycle.ts.
 */
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
  wrote(before: Job | undefined, after: Job | undefined): void;
  started(input: ExecutionInput, documentIsThere: boolean): void;
  /** A submit was answered. */
  accepted(key: string | undefined, job: Job): void;
  /** Looks at the jobs as they are when everything should have ended. */
  atTheEnd(jobs: ReadonlyMap<string, Job>): void;
}

/** Creates a witness who has seen nothing yet. */
export function createWitness(): Witness {
  const broken: string[] = [];
  const starts = new Map<string, number>();
  const accepted = new Set<string>();
  const keys = new Map<string, Job>();
  /** Attempts that were followed by another one without an end that anybody saw. */
  const unseen = new Map<string, number>();

  function follow(before: Job, after: Job): void {
    const { jobId } = after;
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
    wrote(before, after) {
      if (before && after) follow(before, after);
      else if (after && (after.state !== 'queued' || after.attempt !== 0))
        broken.push(`${after.jobId}: began as ${after.state}`);
      else if (before) broken.push(`${before.jobId}: vanished`);
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
    atTheEnd(jobs) {
      for (const jobId of accepted) if (!jobs.has(jobId)) broken.push(`${jobId}: accepted and lost`);
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
    ['preempted', 'worker_oom'].includes(last.failure?.code ?? '') &&
    after.automaticRetries?.at(-1)?.attempt === after.attempt
  );
}
