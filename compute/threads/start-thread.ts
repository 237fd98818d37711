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

/** What waits for an answer. */
interface Waiting {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Starts the thread; questions that are asked before it is ready wait for it. */
export function startThread(start: ThreadStart): Thread {
  const worker = newWorker(start);
  let waiting: Waiting | undefined;
  let dead: { reason: unknown } | undefined;
  const fail = (reason: unknown): void => {
    dead ??= { reason };
    waiting?.reject(dead.reason);
    waiting = undefined;
  };
  worker.on('message', (answer: ThreadAnswer) => {
    const asked = waiting;
    waiting = undefined;
    if ('value' in answer) asked?.resolve(answer.value);
    else asked?.reject(new WorkerError(answer.failed.code, answer.failed.message, answer.failed.remedy));
  });
  worker.on('error', (error: Error & { code?: string }) => fail(failureOf(error)));
  worker.on('exit', () =>
    fail(new WorkerError('worker_error', 'A thread has ended before its work was done.')),
  );
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (dead) {
          reject(dead.reason);
          return;
        }
        waiting = { resolve, reject };
        worker.postMessage(request);
      }),
    async end(reason) {
      fail(reason);
      await worker.terminate();
    },
  };
}

function failureOf(error: Error & { code?: string }): WorkerError {
  const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new WorkerError(outOfMemory ? 'worker_oom' : 'worker_error', `A thread failed: ${error.message}`);
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
