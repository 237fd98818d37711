/**
 * Lambda of the state machine's last states: finds out what became of a run, tells the broker, and hands
 * the outcome on. The broker may be away: it asks Step Functions later, so nothing here depends on it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { WorkerObjects } from '../../src/aws/worker-objects.ts';
import { createWorkerObjects } from '../../src/aws/worker-objects.ts';
import type { JobDocument, RunFailure, RunResult } from '../../src/schemas/execution.ts';
import { executionInput, runFailure, runResult } from '../../src/schemas/execution.ts';
import { classifyFailure } from '../classify.ts';
import { readWorkerEnvironment } from '../environment.ts';
import { toWorkerError, WorkerError } from '../errors.ts';
import { beside } from '../failure-bundle.ts';
import { readDocument } from '../worker.ts';
import { type Outcome, sendCallback } from './send-callback.ts';

const reportEvent = z.object({
  outcome: z.enum(['succeeded', 'failed']),
  state: executionInput.extend({
    run: z.object({ result: z.unknown() }).optional(),
    error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).optional(),
  }),
});
type State = z.infer<typeof reportEvent>['state'];

export interface ReportDeps {
  readonly objects: WorkerObjects;
  readonly fetch: typeof fetch;
  readonly pause: (ms: number) => Promise<unknown>;
}

const TRIES = 3;

/** Reports. Throws `result_missing` or `result_corrupt` if a success left no proper result. */
export async function report(
  event: unknown,
  deps: ReportDeps,
): Promise<{ result: RunResult } | { failure: RunFailure }> {
  const { outcome, state } = reportEvent.parse(event);
  if (outcome === 'succeeded') {
    const document = await readDocument(state, deps.objects);
    const result = await confirmedResult(state, document, deps.objects);
    await callBack(document, { status: 'succeeded', result }, deps);
    return { result };
  }
  let document: JobDocument | undefined;
  try {
    document = await readDocument(state, deps.objects);
  } catch (error) {
    // Without its document the failure is classified from the execution alone, and nobody can be called.
    console.warn(`the job document of ${state.jobId} cannot be read: ${toWorkerError(error).code}`);
  }
  const failure = await failureOf(state, document, deps.objects);
  if (document) await callBack(document, { status: 'failed', failure }, deps);
  return { failure };
}

/** The result of this run (from the state, else from its sidecar), compared with the object itself. */
async function confirmedResult(
  state: State,
  document: JobDocument,
  objects: WorkerObjects,
): Promise<RunResult> {
  const told = state.run?.result ?? (await sidecar(document.result, 'run.json', document, objects));
  const parsed = runResult.safeParse(told);
  if (!parsed.success) throw new WorkerError('result_missing', 'The run ended without naming its result.');
  const result = parsed.data;
  const { bucket, key } = document.result;
  if (result.bucket !== bucket || result.key !== key) {
    throw new WorkerError('result_missing', 'The run named a result that is not the one of this job.');
  }
  const object = await objects.head(document.result);
  if (!object) throw new WorkerError('result_missing', `There is no s3://${bucket}/${key}.`);
  if (object.sizeBytes !== result.sizeBytes) {
    throw new WorkerError(
      'result_corrupt',
      `The result has ${object.sizeBytes} bytes, but the worker wrote ${result.sizeBytes}.`,
    );
  }
  if (result.checksumSHA256 !== undefined && object.checksumSHA256 !== result.checksumSHA256)
    throw new WorkerError('result_corrupt', 'The result has other bytes than the worker wrote.');
  return result;
}

/** What the worker said itself, unless the execution knows better why the worker was stopped. */
async function failureOf(
  state: State,
  document: JobDocument | undefined,
  objects: WorkerObjects,
): Promise<RunFailure> {
  const seen = classifyFailure(state.error);
  if (!document) return seen;
  const said = runFailure.safeParse(await sidecar(document.failure, 'failure.json', document, objects));
  if (!said.success || (said.data.code === 'preempted' && seen.code !== 'worker_error')) return seen;
  return said.data;
}

/** The small file beside a result or bundle, if it is of this attempt. */
async function sidecar(
  location: JobDocument['result'],
  name: string,
  { jobId, attempt }: JobDocument,
  objects: WorkerObjects,
): Promise<unknown> {
  try {
    const value = await objects.getJson(beside(location, name));
    const { jobId: ofJob, attempt: ofAttempt } = (value ?? {}) as Partial<JobDocument>;
    return ofJob === jobId && ofAttempt === attempt ? value : undefined;
  } catch (error) {
    console.warn(`no ${name} of ${jobId}: ${toWorkerError(error).code}`);
    return undefined;
  }
}

/** Tells the broker, three times if need be. */
async function callBack(
  { jobId, attempt, callback }: JobDocument,
  outcome: Outcome,
  { fetch: post, pause }: ReportDeps,
): Promise<void> {
  if (!callback) return;
  for (let attemptNumber = 1; attemptNumber <= TRIES; attemptNumber++) {
    const problem = await sendCallback({ jobId, attempt, callback }, outcome, post);
    if (problem === undefined) return;
    console.warn(`callback of ${jobId}: ${problem.text}`);
    if (!problem.again || attemptNumber === TRIES) return;
    await pause(500 * 3 ** (attemptNumber - 1));
  }
}

const objects = createWorkerObjects(readWorkerEnvironment());

export async function handler(event: unknown): Promise<{ result: RunResult } | { failure: RunFailure }> {
  return report(event, { objects, fetch, pause: sleep });
}
