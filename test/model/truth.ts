/** Whether what a job says of its attempt agrees with what Step Functions and the result object say. */

import type { ExecutionState } from '../../services/ports.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { MemoryCloud } from '../helpers/memory-cloud.ts';

/** The execution of a job's last attempt, whatever it is called. */
export function executionOf(cloud: MemoryCloud, job: Job): ExecutionState | undefined {
  return [...cloud.executions.values()].find(({ input }) => {
    const { jobId, attempt } = JSON.parse(String(input)) as ExecutionInput;
    return jobId === job.jobId && attempt === (job.adoptedAttempt ?? job.attempt);
  });
}

/** What is not true of a job that has ended, in words. */
export function untrue(cloud: MemoryCloud, job: Job, now: number): string | undefined {
  const status = executionOf(cloud, job)?.status ?? 'none';
  const object = cloud.objects.get(`${job.result.bucket}/${job.result.key}`);
  const whole = status === 'SUCCEEDED' && object?.sizeBytes === 4;
  const code = job.failure?.code;
  const says = `${job.jobId}: ${code ?? job.state} although Step Functions says ${status}`;
  switch (job.state) {
    case 'succeeded':
      return whole ? undefined : says;
    case 'canceled':
      return status === 'ABORTED' || status === 'none' ? undefined : says;
    case 'lost':
      // Its time was up: the one thing that Step Functions does not decide.
      return now > job.deadlineAt ? undefined : says;
    case 'failed':
      if (code === 'worker_timeout') return ['TIMED_OUT', 'ABORTED'].includes(status) ? undefined : says;
      return whole || status === 'none' || status === 'RUNNING' ? says : undefined;
    default:
      return undefined;
  }
}
