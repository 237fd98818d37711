/**
 * Lambda behind EventBridge: tells the broker that a run has ended, however it ended. Step Functions says so for
 * every terminal status, and S3 says so a second time when a result or a failure bundle arrives. The token comes
 * from the job document; without it there is nothing to tell. What is thrown here is retried, then dead-lettered.
 */
import { z } from 'zod';
import type { WorkerObjects } from '../../src/aws/worker-objects.ts';
import { createWorkerObjects } from '../../src/aws/worker-objects.ts';
import { executionInput, type JobDocument } from '../../src/schemas/execution.ts';
import { readWorkerEnvironment } from '../environment.ts';
import { WorkerError } from '../errors.ts';
import { readDocument } from '../worker.ts';
import { sendCallback } from './send-callback.ts';

const DOCUMENT = 'job.json';

/** `<app>/<owner>/<job>/<attempt>/<name>`, as the broker names every object of an attempt. */
const OBJECT_KEY = /^([^/]+\/[^/]+\/([^/]+)\/(\d{1,6})\/)[^/]+$/;

const cloudEvent = z.object({
  detail: z.object({
    /** Of Step Functions: how it ended, and the input as text. */
    status: z.string().optional(),
    input: z.string().optional(),
    /** Of S3. */
    object: z.object({ key: z.string() }).optional(),
  }),
});
type Detail = z.infer<typeof cloudEvent>['detail'];

export interface CallbackDeps {
  readonly objects: WorkerObjects;
  readonly fetch: typeof fetch;
  readonly dataBucket: string;
  /** Where this stack's broker is; undefined: where the document says. */
  readonly apiUrl: string | undefined;
}

/** What was done, in words. @throws Error if it must be tried again. */
export async function callBackFor(event: unknown, deps: CallbackDeps): Promise<string> {
  const { detail } = cloudEvent.parse(event);
  const pointer = pointerOf(detail, deps.dataBucket);
  if (!pointer) return 'not a job of the broker';
  const document = await documentOf(pointer, deps.objects);
  if (!document) return 'the job is gone';
  const { jobId, attempt, callback } = document;
  if (!callback) return 'nobody waits for this job';
  const outcome = { status: (detail.status ?? 'ended').toLowerCase() };
  const told = { jobId, attempt, callback: { ...callback, url: deps.apiUrl ?? callback.url } };
  const problem = await sendCallback(told, outcome, deps.fetch);
  if (problem?.again) throw new Error(`the broker was not told of ${jobId}: ${problem.text}`);
  // Refused for good: another attempt has another token, and the broker knows better than this event.
  return problem ? `the broker refuses: ${problem.text}` : `told of ${jobId}`;
}

function pointerOf({ object, input }: Detail, bucket: string) {
  if (object) {
    const [, folder, jobId, attempt] = OBJECT_KEY.exec(object.key) ?? [];
    return folder ? { jobId, attempt: Number(attempt), bucket, key: folder + DOCUMENT } : undefined;
  }
  try {
    return executionInput.safeParse(JSON.parse(input ?? '')).data;
  } catch {
    // Somebody has started an execution by hand, with an input of their own.
    return undefined;
  }
}

async function documentOf(
  pointer: z.infer<typeof executionInput>,
  objects: WorkerObjects,
): Promise<JobDocument | undefined> {
  try {
    return await readDocument(pointer, objects);
  } catch (error) {
    // Deleted with its job.
    if (error instanceof WorkerError && error.code === 'input_not_found') return undefined;
    throw error;
  }
}

const environment = readWorkerEnvironment();
const objects = createWorkerObjects(environment);

export async function handler(event: unknown): Promise<void> {
  const { dataBucket = '', apiUrl } = environment;
  console.log(JSON.stringify({ message: await callBackFor(event, { objects, fetch, dataBucket, apiUrl }) }));
}
