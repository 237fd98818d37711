/** Workers on slices behind one interface: a thread each, or the thread that calls. */
import type { AcquiredSlice } from '../mr/acquire.ts';
import type { NoiseModel } from '../mr/noise.ts';
import type { RunPlan } from '../plan.ts';
import type { SliceInput, SliceOutcome } from '../slice-work.ts';
import { createSliceWork } from '../slice-work.ts';
import type { ThreadStart } from './messages.ts';
import { startThread } from './start-thread.ts';

/** Works on one slice at a time. */
export interface Solver {
  /** Takes over a slice. */
  begin(input: SliceInput): Promise<SliceOutcome>;
  /** A piece of the slice that was begun last. */
  piece(index: number, repetition?: AcquiredSlice): Promise<Float32Array>;
}

export interface Solvers {
  readonly all: readonly Solver[];
  /** True if slices must lie in shared memory. */
  readonly threaded: boolean;
  end(reason: unknown): Promise<void>;
}

/** One solver on the calling thread. */
export function solverHere(plan: RunPlan, noise: NoiseModel): Solvers {
  const work = createSliceWork(plan, noise);
  const solver: Solver = {
    begin: async (input) => work.begin(input),
    piece: async (index, repetition) => work.piece(index, repetition),
  };
  return { all: [solver], threaded: false, end: async () => undefined };
}

/** `count` threads. They start while the first slices are being read. */
export function solverThreads(count: number, start: ThreadStart): Solvers {
  const threads = Array.from({ length: count }, () => startThread(start));
  const all = threads.map(
    (thread): Solver => ({
      begin: async (input) => (await thread.ask({ do: 'begin', input })) as SliceOutcome,
      piece: async (index, repetition) =>
        (await thread.ask({ do: 'piece', index, repetition })) as Float32Array,
    }),
  );
  return {
    all,
    threaded: true,
    end: async (reason) => void (await Promise.all(threads.map((thread) => thread.end(reason)))),
  };
}
