/** What became of the jobs, by the table and by Step Functions themselves. */
import { DescribeExecutionCommand, ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { isTerminal } from '../../services/jobs/lifecycle.ts';
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Place } from './place.ts';

/** Executions described at the same time. */
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

/** Attempts that were started more than once: by what executions were told to run, not by their names. */
export async function startedTwice(sfn: SFNClient, stateMachineArn: string): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(new ListExecutionsCommand({ stateMachineArn, nextToken, maxResults: 1_000 }));
    arns.push(...(page.executions ?? []).map(({ executionArn }) => executionArn ?? ''));
    nextToken = page.nextToken;
  } while (nextToken);
  const starts = new Map<string, number>();
  const lanes = Array.from({ length: LANES }, async () => {
    for (let executionArn = arns.pop(); executionArn; executionArn = arns.pop()) {
      const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      const { jobId, attempt } = JSON.parse(input ?? '{}') as ExecutionInput;
      const name = `${jobId}-${attempt}`;
      starts.set(name, (starts.get(name) ?? 0) + 1);
    }
  });
  await Promise.all(lanes);
  return [...starts].filter(([, count]) => count > 1).map(([name]) => name);
}

/** True if a job has ended as it was promised: once per attempt. */
export function endedOnce(job: Job): boolean {
  const ends = job.history.filter(({ state }) => isTerminal(state)).length;
  return isTerminal(job.state) && ends === job.attempt + 1;
}
