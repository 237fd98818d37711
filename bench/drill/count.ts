/** What became of the jobs, by the table and by Step Functions themselves. */
import { HeadObjectCommand, NotFound, type S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { isTerminal } from '../../services/jobs/lifecycle.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Place } from './place.ts';

/** Executions described, and results looked at, at the same time. */
const LANES = 8;

/** All jobs of the person, as they are stored. */
export async function storedJobs({ stores, userId }: Place): Promise<Map<string, Job>> {
  const jobs = new Map<string, Job>();
  let cursor: string | undefined;
  do {
    const page = await stores.jobs.listByOwner(userId, { limit: 200, cursor });
    for (const job of page.items) jobs.set(job.jobId, job);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return jobs;
}

/** What Step Functions know of the run of one attempt. */
export interface Run {
  readonly jobId: string;
  readonly attempt: number;
  readonly status: string;
}

/** Every execution of a state machine: by what it was told to run, not by its name. */
export async function allRuns(sfn: SFNClient, stateMachineArn: string): Promise<Run[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(new ListExecutionsCommand({ stateMachineArn, nextToken, maxResults: 1_000 }));
    arns.push(...(page.executions ?? []).map(({ executionArn }) => executionArn ?? ''));
    nextToken = page.nextToken;
  } while (nextToken);
  return inLanes(arns, async (executionArn) => {
    const { input, status = '' } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    const { jobId, attempt } = JSON.parse(input ?? '{}') as ExecutionInput;
    return { jobId, attempt, status };
  });
}

/** Attempts that were started more than once. */
export function startedTwice(runs: readonly Run[]): string[] {
  const starts = new Map<string, number>();
  for (const { jobId, attempt } of runs) {
    const name = `${jobId}-${attempt}`;
    starts.set(name, (starts.get(name) ?? 0) + 1);
  }
  return [...starts].filter(([, count]) => count > 1).map(([name]) => name);
}

/** True if a job that nobody retried has ended as it was promised: once. What the broker retries itself is no end. */
export function endedOnce(job: Job): boolean {
  return isTerminal(job.state) && job.history.filter(({ state }) => isTerminal(state)).length === 1;
}

/**
 * Jobs that say another end than their last run, in words: `succeeded` is for a run that has SUCCEEDED and left its
 * result, and for no other; nobody cancels in a drill.
 */
export async function endedOtherwise(
  jobs: readonly Job[],
  runs: readonly Run[],
  s3: S3Client,
): Promise<string[]> {
  const statusOf = new Map(runs.map(({ jobId, attempt, status }) => [`${jobId}-${attempt}`, status]));
  const said = await inLanes([...jobs], async ({ jobId, attempt, state, result }) => {
    const status = statusOf.get(`${jobId}-${attempt}`) ?? 'no run';
    const whole = status === 'SUCCEEDED' && (await isThere(s3, result));
    const expected = whole ? 'succeeded' : status === 'FAILED' ? 'failed' : 'another end';
    return state === expected ? undefined : `${jobId} is ${state}, its run ${status}, result ${whole}`;
  });
  return said.filter((words) => words !== undefined);
}

async function isThere(s3: S3Client, { bucket, key }: Job['result']): Promise<boolean> {
  try {
    return (await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))).ContentLength !== 0;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

async function inLanes<T, R>(work: readonly T[], one: (what: T) => Promise<R>): Promise<R[]> {
  const left = [...work];
  const done: R[] = [];
  const lane = async (): Promise<void> => {
    for (let what = left.pop(); what !== undefined; what = left.pop()) done.push(await one(what));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return done;
}
