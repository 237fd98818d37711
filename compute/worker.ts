/**
 * A job in the cloud, around the run of ./run-job.ts: document -> inputs -> run -> result. All names are
 * in the job document; nothing is invented here. A failure is stored as a bundle and then thrown.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerObjects } from '../src/aws/worker-objects.ts';
import type {
  ExecutionInput,
  JobDocument,
  PlatformName,
  RunResult,
  WorkerFacts,
} from '../src/schemas/execution.ts';
import { executionInput, jobDocument } from '../src/schemas/execution.ts';
import type { PlatformGiven } from './environment.ts';
import { toWorkerError, WorkerError } from './errors.ts';
import { beside, storeFailure, storeLog } from './failure-bundle.ts';
import type { RawScan } from './formats/scan.ts';
import type { Progress } from './progress.ts';
import { createProgress } from './progress.ts';
import { publishFiles } from './publish.ts';
import type { RunRequest } from './run.ts';
import { runJob } from './run-job.ts';
import type { RunLog } from './run-log.ts';
import { createRunLog } from './run-log.ts';
import { VERSION } from './version.ts';

export interface WorkerDeps {
  readonly objects: WorkerObjects;
  readonly openScan: (path: string) => Promise<RawScan>;
  readonly fetch: typeof fetch;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly tempRoot: string;
  /** Threads to work on; undefined: what the machine and the work suggest. */
  readonly threads?: number;
  readonly platform: PlatformName;
  /** What the platform gives, for info.json and for the checks of the unit. */
  readonly given?: PlatformGiven & Pick<WorkerFacts, 'limitSeconds'>;
  /** Aborted with a WorkerError when the platform stops the task. */
  readonly signal?: AbortSignal;
}

/** Where the job document lies; Fargate tasks know no more than that. */
export type Pointer = Pick<ExecutionInput, 'bucket' | 'key'> & Partial<ExecutionInput>;

/** The pointer that a state machine passes on. Throws `worker_error` for anything else. */
export function mustBePointer(value: unknown): ExecutionInput {
  const parsed = executionInput.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new WorkerError('worker_error', 'The input of the execution is no pointer to a job document.');
}

/** Runs the job behind a pointer. Throws WorkerError after the failure bundle is stored. */
export async function runFromPointer(pointer: Pointer, deps: WorkerDeps): Promise<RunResult> {
  const startedMs = deps.clock();
  const document = await readDocument(pointer, deps.objects);
  const stop = new AbortController();
  const stopWith = (reason: unknown): void => stop.abort(reason);
  const onPlatformStop = (): void => stopWith(deps.signal?.reason);
  deps.signal?.addEventListener('abort', onPlatformStop, { once: true });
  const progress = createProgress({
    jobId: document.jobId,
    attempt: document.attempt,
    callback: document.callback,
    platform: deps.platform,
    fetch: deps.fetch,
    clock: deps.clock,
    onCancel: () => stopWith(new WorkerError('canceled', 'The job was canceled.')),
  });
  const log = createRunLog(deps.clock);
  const worker = deps.given && { version: VERSION, platform: deps.platform, ...deps.given };
  const workDir = await mkdtemp(join(deps.tempRoot, 'cloudmr-'));
  const stopTelling = progress.keepTelling();
  try {
    deps.signal?.throwIfAborted();
    progress.report('start', 0, `Started on ${deps.platform}`);
    const inputs = await fetchInputs(document, workDir, deps.objects, progress, stop.signal);
    const outcome = await runJob({
      task: document.task,
      output: document.output,
      userId: document.userId,
      inputs,
      openScan: deps.openScan,
      clock: deps.clock,
      threads: deps.threads,
      worker,
      log,
      workDir,
      seed: document.seed ?? seedOf(document.jobId),
      signal: stop.signal,
      onProgress: ({ step, fraction, message }) => progress.report(step, 0.1 + 0.85 * fraction, message),
    });
    progress.report('upload', 0.95, 'Storing the result');
    const { sha256, checksumSHA256, sizeBytes, summary } = outcome;
    const made = { 'job-id': document.jobId };
    await publishFiles(outcome.files, document.result, deps.objects, made, stop.signal);
    await deps.objects.upload(outcome.zipPath, document.result, {
      contentType: 'application/zip',
      metadata: { ...made, sha256 },
      signal: stop.signal,
    });
    const seconds = (deps.clock() - startedMs) / 1000;
    const result: RunResult = {
      ...document.result,
      sizeBytes,
      sha256,
      checksumSHA256,
      seconds,
      summary,
      ...(worker && { worker }),
    };
    const { jobId, attempt } = document;
    await storeLog(document.result, log.entries, deps.objects);
    await deps.objects.putJson(beside(document.result, 'run.json'), { ...result, jobId, attempt });
    return result;
  } catch (error) {
    throw await settledFailure(error, document, progress, log, workDir, deps, worker);
  } finally {
    stopTelling();
    deps.signal?.removeEventListener('abort', onPlatformStop);
    await rm(workDir, { recursive: true, force: true });
  }
}

/** Reads and checks the job document. */
export async function readDocument(pointer: Pointer, objects: WorkerObjects): Promise<JobDocument> {
  const parsed = jobDocument.safeParse(await objects.getJson(pointer));
  const place = `s3://${pointer.bucket}/${pointer.key}`;
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new WorkerError(
      'worker_error',
      `${place} is no job document: ${issue.path.join('.')}: ${issue.message}`,
    );
  }
  const { jobId, attempt } = parsed.data;
  if (jobId !== (pointer.jobId ?? jobId) || attempt !== (pointer.attempt ?? attempt)) {
    throw new WorkerError('worker_error', `${place} is the document of another job or attempt.`);
  }
  return parsed.data;
}

/** Downloads the signal and what else the job has. */
async function fetchInputs(
  document: JobDocument,
  workDir: string,
  objects: WorkerObjects,
  progress: Progress,
  signal: AbortSignal,
): Promise<RunRequest['inputs']> {
  const fetched: Record<string, string> = {};
  for (const role of ['signal', 'noise', 'mask', 'sensitivityMapSource', 'faCorrection']) {
    const input = document.inputs[role];
    if (!input) continue;
    progress.report('read', 0.02, `Fetching the ${role} file`);
    const path = join(workDir, role);
    const size = await objects.download(input, path, signal);
    if (input.sizeBytes !== undefined && size !== input.sizeBytes) {
      throw new WorkerError(
        'input_unreadable',
        `The ${role} file has ${size} bytes, but ${input.sizeBytes} were announced: the upload was not complete.`,
      );
    }
    fetched[role] = path;
  }
  if (!fetched.signal) throw new WorkerError('bad_options', 'inputs.signal: the job names no signal file.');
  return { ...fetched, signal: fetched.signal };
}

/** Stores the failure and returns the error to throw. */
async function settledFailure(
  error: unknown,
  document: JobDocument,
  progress: Progress,
  log: RunLog,
  workDir: string,
  { objects }: WorkerDeps,
  worker: WorkerFacts | undefined,
): Promise<WorkerError> {
  let failure = toWorkerError(error);
  // A task is stopped in the same way whether the platform needs the place or a user canceled the job.
  if (failure.code === 'preempted' && (await progress.isCanceled())) {
    failure = new WorkerError('canceled', 'The job was canceled.');
  }
  log.add('ERROR', 'ERROR', { code: failure.code, message: failure.message });
  try {
    await storeFailure(document, failure, log.entries, workDir, objects, worker);
  } catch (storing) {
    // The failure itself still reaches the state machine as the thrown error.
    console.error(
      `the failure bundle of ${document.jobId} was not stored: ${toWorkerError(storing).message}`,
    );
  }
  return failure;
}

/** A seed that depends on the job only, so that a retry draws the same numbers. */
function seedOf(jobId: string): number {
  return createHash('sha256').update(jobId).digest().readUInt32LE(0);
}
