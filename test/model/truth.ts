/** Whether what a job says of its attempt agrees with what Step Functions and the result object say. */

import type { ExecutionState } from '../../services/ports.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { MemoryCloud } from '../helpers/memory-cloud.ts';

/** Failures that keep an execution from beginning. */
export const UNSTARTED: readonly string[] = [
  'unit_trust_broken',
  'unit_permission_missing',
  'unit_paused',
  'unit_changed',
];
/** A job waits for a paused unit no longer than this. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** What the world knows and no broker may ask. */
export interface Facts {
  readonly cloud: MemoryCloud;
  readonly now: () => number;
  /** Executions that the account did not know for a while. */
  readonly everHidden: Set<string>;
  /** Jobs that somebody wanted to delete: their objects may be gone already. */
  readonly deleting: Set<string>;
  /** For how long the unit was closed without a break. */
  longestPauseMs: number;
}

/** The execution of a job's last attempt, whatever it is called. */
export function executionOf(cloud: MemoryCloud, job: Job): ExecutionState | undefined {
  return [...cloud.executions.values()].find(({ input }) => {
    const { jobId, attempt } = JSON.parse(String(input)) as ExecutionInput;
    return jobId === job.jobId && attempt === (job.adoptedAttempt ?? job.attempt);
  });
}

/** What is not true of a job that has ended, in words. */
export function untrue(facts: Facts, job: Job): string | undefined {
  const { cloud, now, everHidden, deleting, longestPauseMs } = facts;
  const execution = executionOf(cloud, job);
  const status = execution?.status ?? 'none';
  const object = cloud.objects.get(`${job.result.bucket}/${job.result.key}`);
  const there = object?.sizeBytes === 4 || deleting.has(job.jobId);
  const code = job.failure?.code;
  const says = `${job.jobId}: ${code ?? job.state} although Step Functions says ${status}`;
  switch (job.state) {
    case 'succeeded':
      return status === 'SUCCEEDED' && there ? undefined : says;
    case 'canceled':
      return status === 'ABORTED' || status === 'none' ? undefined : says;
    case 'lost': {
      // Its time was up, or the account did not know it any more: the one thing that Step Functions does not decide.
      const forgotten = execution !== undefined && everHidden.has(execution.arn);
      return now() > job.deadlineAt || forgotten || longestPauseMs > LONGEST_PAUSE_MS ? undefined : says;
    }
    case 'failed':
      // One that was under way all the same is stopped as soon as that is seen.
      if (UNSTARTED.includes(code ?? '')) return ['none', 'ABORTED'].includes(status) ? undefined : says;
      if (code === 'worker_timeout') return ['TIMED_OUT', 'ABORTED'].includes(status) ? undefined : says;
      if (code === 'result_missing' && deleting.has(job.jobId)) return undefined;
      return (status === 'SUCCEEDED' && object?.sizeBytes === 4) || status === 'none' || status === 'RUNNING'
        ? says
        : undefined;
    default:
      return undefined;
  }
}
