/** What the worker of a job is told, in the document that its execution points to. */
import type { JobDocument } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import { jobToken } from './token.ts';

/** The same bytes at every repetition. */
export function documentOf(
  job: Job,
  deps: { readonly tokenSecret: string; readonly publicUrl: string },
): JobDocument {
  return {
    schema: 'cloudmr/job/1',
    jobId: job.jobId,
    attempt: job.attempt,
    userId: job.ownerId,
    appId: job.appId,
    alias: job.alias,
    mode: job.mode,
    task: taskOf(job),
    output: job.output,
    inputs: job.inputs,
    result: job.result,
    failure: job.failureBundle,
    callback: { url: deps.publicUrl, token: jobToken(deps.tokenSecret, job.jobId, job.attempt) },
  };
}

/** What the person asked for; an automatic attempt says where it has to run. */
function taskOf({ task, forcedPlatform }: Job): JobDocument['task'] {
  if (!forcedPlatform) return task;
  return { ...task, options: { ...(task['options'] as object), platform: forcedPlatform } };
}
