/** What an attempt of a job is called and where it writes: all of it follows from job, attempt and unit. */
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { D_JOB_MS } from '../clockwork/deadlines.ts';
import { executionName, jobLocations } from './naming.ts';
import { hashSecret, jobToken } from './token.ts';

export type AttemptNames = Pick<
  Job,
  'executionName' | 'document' | 'result' | 'failureBundle' | 'tokenHash' | 'deadlineAt'
>;

/** Names an attempt before anything of it exists. */
export function attemptNames(
  unit: Unit,
  { jobId, ownerId, attempt }: Pick<Job, 'jobId' | 'ownerId' | 'attempt'>,
  tokenSecret: string,
  now: number,
): AttemptNames {
  return {
    executionName: executionName(jobId, attempt),
    ...jobLocations(unit, ownerId, jobId, attempt),
    tokenHash: hashSecret(jobToken(tokenSecret, jobId, attempt)),
    deadlineAt: now + D_JOB_MS,
  };
}
