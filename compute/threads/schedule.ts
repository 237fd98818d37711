/**
 * Slices and their pieces handed out to solvers. A solver takes slice after slice; when none is left it helps with
 * the pieces of one that is still under way. What the pieces gave is collected in their order, whoever did
 * them, so that the result is the same for every number of solvers.
 */
import type { AcquiredSlice } from '../mr/acquire.ts';
import type { Collector } from '../mr/snr/method.ts';
import type { SliceInput, SliceOutcome } from '../slice-work.ts';
import { createSharedSlices, type SharedSlice } from './shared.ts';
import type { Solver, Solvers } from './solver.ts';

export interface SliceJobs {
  readonly slices: number;
  /** Pieces of every slice. */
  readonly pieces: number;
  /** Reads a slice; one call at a time. */
  read(slice: number): Promise<SliceInput>;
  /** Reads the repetition of a piece; one call at a time. Undefined for methods without repetitions. */
  readonly readRepetition?: (slice: number, piece: number) => Promise<AcquiredSlice>;
  collect(slice: number, outcome: SliceOutcome): Collector;
  /** Called once per slice, when all its pieces are collected. */
  finish(slice: number, outcome: SliceOutcome, collector: Collector): void;
  /** Called after each step; `done` counts slices begun and pieces collected, of `slices * (1 + pieces)`. */
  step(done: number): Promise<void>;
}

/** A slice in memory that threads see. */
interface ReadSlice {
  readonly input: SliceInput;
  release(): void;
}

/** A slice that some solver has begun. */
interface Open {
  readonly slice: number;
  readonly input: SliceInput;
  /** Called when nobody needs the input any more. */
  release(): void;
  nextPiece: number;
  /** Set by the solver that took the slice first. */
  owner?: { readonly outcome: SliceOutcome; readonly collector: Collector };
  /** Results whose turn has not come. */
  readonly early: Map<number, Float32Array>;
  collected: number;
}

export async function solveSlices(solvers: Solvers, jobs: SliceJobs): Promise<void> {
  const { slices, pieces } = jobs;
  const open = new Set<Open>();
  const reading = createQueue();
  let nextSlice = 0;
  let ahead: Promise<ReadSlice> | undefined;
  let done = 0;
  let stopped = false;

  const share = createSharedSlices();
  const shared = (acquired: AcquiredSlice): SharedSlice =>
    solvers.threaded ? share(acquired) : { acquired, release: () => undefined };
  const read = (slice: number): Promise<ReadSlice> =>
    reading(async () => {
      const input = await jobs.read(slice);
      const { acquired, release } = shared(input.acquired);
      return { input: { ...input, acquired }, release };
    });

  /** The next slice, with the one after it already being read if threads do the work. */
  async function take(): Promise<Open | undefined> {
    if (stopped || nextSlice === slices) return undefined;
    const slice = nextSlice++;
    const mine = ahead ?? read(slice);
    ahead = solvers.threaded && nextSlice < slices ? read(nextSlice) : undefined;
    ahead?.catch(() => undefined); // whoever takes it hears of it
    const taken: Open = { slice, ...(await mine), nextPiece: 0, early: new Map(), collected: 0 };
    open.add(taken);
    return taken;
  }

  async function step(): Promise<void> {
    done += 1;
    await jobs.step(done);
  }

  function settle(work: Open): void {
    const { owner, early } = work;
    if (!owner) return;
    for (let result = early.get(work.collected); result; result = early.get(work.collected)) {
      early.delete(work.collected);
      owner.collector.add(result);
      work.collected += 1;
    }
    if (work.collected < pieces || !open.delete(work)) return;
    // Those that help begin a slice again only when no other is left to be read into its memory.
    work.release();
    jobs.finish(work.slice, owner.outcome, owner.collector);
  }

  async function doPieces(solver: Solver, work: Open): Promise<void> {
    while (!stopped && work.nextPiece < pieces) {
      const index = work.nextPiece++;
      const repetition = jobs.readRepetition && (await reading(() => readShared(work.slice, index)));
      work.early.set(index, await solver.piece(index, repetition?.acquired));
      repetition?.release();
      settle(work);
      await step();
    }
  }

  async function readShared(slice: number, piece: number): Promise<SharedSlice> {
    return shared(await (jobs.readRepetition as NonNullable<SliceJobs['readRepetition']>)(slice, piece));
  }

  async function lane(solver: Solver): Promise<void> {
    for (let work = await take(); work; work = await take()) {
      const outcome = await solver.begin(work.input);
      work.owner = { outcome, collector: jobs.collect(work.slice, outcome) };
      await step();
      settle(work);
      await doPieces(solver, work);
    }
    // One piece left over is done before its slice is reconstructed a second time.
    const left = (work: Open): number => pieces - work.nextPiece;
    for (;;) {
      const [most] = [...open].sort((a, b) => left(b) - left(a));
      if (stopped || !most || left(most) < 2) return;
      await solver.begin(most.input);
      await doPieces(solver, most);
    }
  }

  try {
    await Promise.all(solvers.all.map(lane));
  } finally {
    // Nothing is read once the caller knows how it ended: it may close the file.
    stopped = true;
    await reading(async () => undefined);
  }
}

/** Runs one task after the other. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
