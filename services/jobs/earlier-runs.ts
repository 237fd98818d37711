/**
 * What may still run of lost attempts that another one has followed. Nobody knew it when the next attempt began, and
 * nobody waits for it: it is stopped wherever it was begun, also in a place that its unit has left since. Pure.
 */
import type { EarlierAttempt, Job } from '../../src/schemas/job.ts';
import { D_JOB_MS } from '../clockwork/deadlines.ts';
import { executionArn, executionName } from './naming.ts';

/** Why it is stopped; Step Functions keeps it as the cause. */
export const TRIED_AGAIN = 'the job was lost and is tried again';

/** The execution of an attempt, if it can have begun. */
export function executionOfAttempt(
  jobId: string,
  { attempt, executionArn: known, place }: Pick<EarlierAttempt, 'attempt' | 'executionArn' | 'place'>,
): string | undefined {
  return known ?? (place && executionArn(place.stateMachineArn, executionName(jobId, attempt)));
}

/** The execution of the present attempt, if it can have begun: perhaps one that it has taken up. */
export function executionOfJob(job: Job): string | undefined {
  return executionOfAttempt(job.jobId, { ...job, attempt: job.adoptedAttempt ?? job.attempt });
}

export interface EarlierRun {
  readonly attempt: EarlierAttempt;
  readonly executionArn: string;
}

/** Those of a job, as long as their state machines let them run; not one that a later attempt has taken up. */
export function earlierRuns(job: Job, now: number): EarlierRun[] {
  const own = executionOfJob(job);
  return (job.earlier ?? []).flatMap((attempt) => {
    const arn = executionOfAttempt(job.jobId, attempt);
    const { state, place, finishedAt = 0 } = attempt;
    const mayRun = state === 'lost' && now < (place?.askedAt ?? finishedAt) + D_JOB_MS;
    return mayRun && arn !== undefined && arn !== own ? [{ attempt, executionArn: arn }] : [];
  });
}
