/**
 * The main thread's side of ismrmrd-thread.ts: starts the thread, asks one thing after the other and ends it
 * when an answer stays out, so that a damaged file costs seconds and never the process.
 * Starting libhdf5 takes about 0.3 s, so a thread that came through unharmed serves the next file.
 */
import { Worker } from 'node:worker_threads';
import { WorkerError } from '../errors.ts';
import type {
  DecodedRows,
  DecoderAnswer,
  DecoderRequest,
  OpenedFile,
  RowsRequest,
} from './ismrmrd-thread.ts';

export interface IsmrmrdDecoder {
  open(path: string): Promise<OpenedFile>;
  /** Some rows; `buffer` is given away and comes back (or a larger one) under `samples`. */
  rows(request: RowsRequest): Promise<DecodedRows>;
  /** Closes the file; a thread that is still sound is kept for the next one. Safe to call twice. */
  release(): Promise<void>;
}

/** Starting the thread may take long on a loaded machine; it does not depend on the file. */
const START_TIMEOUT_MS = 60_000;
/**
 * Waiting is counted in ticks: while this thread computes (or the machine gives it no time) an answer may have
 * come unseen, and a long pause counts as one tick only.
 */
const TICK_MS = 100;
/** JavaScript heap of the thread; samples lie outside of it. */
const MAX_HEAP_MB = 256;

/** The same file as source (.ts) and as compiled (.js). */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './ismrmrd-thread.ts' : './ismrmrd-thread.js',
  import.meta.url,
);

/** A running thread that answers one request at a time. */
interface Thread {
  ask(request: DecoderRequest, timeoutMs: number, transfer: ArrayBuffer[]): Promise<DecoderAnswer>;
  end(): Promise<void>;
}

let spare: Thread | undefined;

/**
 * Takes a decoder thread for one file. `timeoutMs`: how long any single answer may take.
 * All methods throw WorkerError('input_unreadable') if the file is refused, the thread dies or does not answer.
 */
export async function takeDecoder(timeoutMs: number): Promise<IsmrmrdDecoder> {
  const idle = spare;
  spare = undefined;
  const thread = idle ?? (await startThread());
  let released = false;
  let harmed = false;
  const ask = async (request: DecoderRequest, transfer: ArrayBuffer[] = []): Promise<unknown> => {
    const outcome = await thread.ask(request, timeoutMs, transfer);
    if (!('refused' in outcome)) return outcome.value;
    harmed ||= !outcome.sound;
    throw new WorkerError('input_unreadable', outcome.refused);
  };
  return {
    open: async (path) => (await ask({ do: 'open', path })) as OpenedFile,
    rows: async (request) =>
      (await ask({ do: 'rows', ...request }, request.buffer ? [request.buffer] : [])) as DecodedRows,
    async release() {
      if (released) return;
      released = true;
      // A thread that cannot close its file is ended below; that is no trouble of whoever has read the file.
      if (!harmed) await Promise.allSettled([ask({ do: 'close' })]);
      if (harmed || spare) {
        await thread.end();
      } else {
        spare = thread;
      }
    },
  };
}

async function startThread(): Promise<Thread> {
  const worker = newWorker();
  let waiting: ((outcome: DecoderAnswer) => void) | undefined;
  const settle = (outcome: DecoderAnswer): void => {
    waiting?.(outcome);
    waiting = undefined;
  };
  let started = false;
  worker.on('message', settle);
  const fail = (refused: string): void => settle({ refused, sound: false });
  worker.on('exit', () => fail('The HDF5 decoder has ended.'));
  worker.on('error', (error) =>
    fail(started ? 'The HDF5 file is damaged: it broke the decoder.' : error.message),
  );
  // The timer of a question keeps the process alive; the thread never does (listening would).
  worker.unref();

  const answer = (timeoutMs: number, tooLate: string): Promise<DecoderAnswer> =>
    new Promise((resolve) => {
      let left = Math.ceil(timeoutMs / TICK_MS);
      const timer = setInterval(() => {
        if (--left > 0) return;
        fail(`${tooLate} within ${timeoutMs / 1000} s.`);
        void worker.terminate();
      }, TICK_MS);
      waiting = (outcome) => {
        clearInterval(timer);
        resolve(outcome);
      };
    });

  const start = await answer(START_TIMEOUT_MS, 'not ready');
  if ('refused' in start) {
    throw new WorkerError('worker_error', `The HDF5 decoder does not start: ${start.refused}`);
  }
  started = true;
  let last: Promise<DecoderAnswer> = Promise.resolve({ value: 'ready' });
  return {
    ask(request, timeoutMs, transfer) {
      last = last.then((previous) => {
        // What harmed the thread is also the answer to everything after it.
        if ('refused' in previous && !previous.sound) return previous;
        worker.postMessage(request, transfer);
        return answer(timeoutMs, 'The HDF5 file is damaged: decoding found no end');
      });
      return last;
    },
    async end() {
      await worker.terminate();
    },
  };
}

/**
 * Where Node cannot run TypeScript itself (version 20) the thread registers tsx. libhdf5 is loaded before
 * that, because tsx would take seconds to transform its 6 MB.
 */
function newWorker(): Worker {
  // No flags are inherited: a preloaded tsx would transform libhdf5 here, in a heap that is kept small.
  const options = { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }, execArgv: [] };
  const { typescript } = process.features as { typescript?: string | false };
  if (typescript || THREAD.pathname.endsWith('.js')) return new Worker(THREAD, options);
  const [hdf5, tsx] = ['h5wasm/node', 'tsx/esm/api'].map((name) => JSON.stringify(import.meta.resolve(name)));
  const start = `import(${hdf5})
    .then(() => import(${tsx}))
    .then(({ register }) => { register(); return import(${JSON.stringify(THREAD.href)}); });`;
  return new Worker(start, { ...options, eval: true });
}
