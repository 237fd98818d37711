/** Starts a worker thread of ours that answers one request at a time. */
import { Worker } from 'node:worker_threads';
import { WorkerError } from '../errors.ts';
import type { ThreadAnswer, ThreadRequest, ThreadStart } from './messages.ts';

export interface Thread {
  /** Throws what the thread threw, or the reason of `end`. */
  ask(request: ThreadRequest): Promise<unknown>;
  /** Ends the thread at once, also in the midst of its work. */
  end(reason: unknown): Promise<void>;
}

/** The same file as source (.ts) and as compiled (.js). */
const FILE = new URL(
  import.meta.url.endsWith('.ts') ? './slice-thread.ts' : './slice-thread.js',
  import.meta.url,
);

/** Resolves when the thread is ready. */
export async function startThread(start: ThreadStart): Promise<Thread> {
  const worker = newWorker(start);
  let settle: { resolve(value: unknown): void; reject(reason: unknown): void } | undefined;
  let dead: { reason: unknown } | undefined;
  const fail = (reason: unknown): void => {
    dead ??= { reason };
    settle?.reject(dead.reason);
    settle = undefined;
  };
  worker.on('message', (answer: ThreadAnswer) => {
    const waiting = settle;
    settle = undefined;
    if ('value' in answer) waiting?.resolve(answer.value);
    else waiting?.reject(new WorkerError(answer.failed.code, answer.failed.message, answer.failed.remedy));
  });
  worker.on('error', (error: Error & { code?: string }) => fail(failureOf(error)));
  worker.on('exit', () =>
    fail(new WorkerError('worker_error', 'A thread has ended before its work was done.')),
  );

  const answer = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (dead) reject(dead.reason);
      else settle = { resolve, reject };
    });
  await answer();
  return {
    ask(request) {
      const answered = answer();
      worker.postMessage(request);
      return answered;
    },
    async end(reason) {
      fail(reason);
      await worker.terminate();
    },
  };
}

function failureOf(error: Error & { code?: string }): WorkerError {
  const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new WorkerError(outOfMemory ? 'out_of_memory' : 'worker_error', `A thread failed: ${error.message}`);
}

/** Where Node cannot run TypeScript itself (version 20), the thread registers tsx; no flags are inherited. */
function newWorker(workerData: ThreadStart): Worker {
  const options = { workerData, execArgv: [] };
  const { typescript } = process.features as { typescript?: string | false };
  if (typescript || FILE.pathname.endsWith('.js')) return new Worker(FILE, options);
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const program = `import(${tsx}).then(({ register }) => { register(); return import(${JSON.stringify(FILE.href)}); });`;
  return new Worker(program, { ...options, eval: true });
}
