/** The step of a run from k-space to SNR: slices are read one after the other and worked on by all threads. */
import { WorkerError } from './errors.ts';
import type { RawScan } from './formats/scan.ts';
import type { AcquiredSlice, Acquisition } from './mr/acquire.ts';
import { acquireSlice } from './mr/acquire.ts';
import { isFullySampled } from './mr/acquisition.ts';
import type { KSpaceSlice } from './mr/kspace.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { Sampling } from './mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from './mr/recon/registry.ts';
import { createSliceReader } from './mr/slice-reader.ts';
import type { CombinedMaps, SnrMaps } from './mr/snr/method.ts';
import type { RunPlan } from './plan.ts';
import type { Run } from './run.ts';
import type { Signal } from './run-steps.ts';
import type { SliceInput, SliceOutcome } from './slice-work.ts';
import type { SuppliedFor } from './supplied-images.ts';
import { suppliedImages } from './supplied-images.ts';
import type { SnrTask } from './task.ts';
import type { ThreadStart } from './threads/messages.ts';
import type { SliceJobs } from './threads/schedule.ts';
import { solveSlices } from './threads/schedule.ts';
import { solverHere, solverThreads } from './threads/solver.ts';
import { threadsFor } from './threads/thread-count.ts';

/** How a slice was measured, without its data. */
export type SliceSampling = Pick<KSpaceSlice, 'averages' | 'sampledFraction' | 'noiseGain'> & {
  /** Undefined: full. */
  readonly sampling: Sampling | undefined;
};

export interface SnrSlices {
  /** SNR of each slice, `[y, x]`, in the order of space. */
  readonly planes: readonly Float32Array[];
  /** Columns and lines of a plane. */
  readonly matrix: readonly [columns: number, lines: number];
  /** Relative standard deviation of the SNR by the finite number of replicas; empty without replicas. */
  readonly precision: readonly Float32Array[];
  /** g-factors with the noise of the replicas; empty unless asked for. */
  readonly replicaGFactor: readonly Float32Array[];
  /** g-factors by formula; empty unless they are kept. */
  readonly gFactor: readonly Float32Array[];
  /** Sensitivities of the physical coils, `[coil, y, x]`; empty unless they are kept. */
  readonly sensitivities: readonly Float32Array[];
  /** Where sensitivities were used; empty unless they are kept. */
  readonly masks: readonly Float32Array[];
  readonly sampling: readonly SliceSampling[];
  readonly warnings: readonly string[];
}

/** Coil sensitivities of all slices above this are not kept. */
const MOST_MAP_BYTES = 384 * 2 ** 20;

/** Turns slices into SNR: k-space -> whitened -> reconstructed -> SNR. */
export async function snrOfSlices(
  run: Run,
  task: SnrTask,
  plan: RunPlan,
  signal: Signal,
  noise: NoiseModel,
): Promise<SnrSlices> {
  const repetitions = repetitionsOf(signal);
  const { volume, grid } = signal;
  const pieces = plan.method.pieces(plan.options);
  const count = volume.order.length;
  const { coils } = grid;
  const pixels = grid.columns * grid.lines;
  const threads = threadsFor(run.request.threads, plan, { slices: count, pieces, coils, pixels });
  const supplied = await suppliedImages(run, task, signal, noise);
  const results = createResults(plan, task, count, coils * pixels);
  const progress = createSliceProgress(run, count, pieces);
  const jobs: SliceJobs = {
    slices: count,
    pieces,
    ...readers(run, task, plan, signal, repetitions, results, supplied),
    collect: (_, { maps }) => plan.method.collect(maps, plan.options),
    finish: (k, outcome, collector) => results.add(k, outcome, collector.finish()),
    step: progress.step,
  };
  const solvers =
    threads === 1 ? solverHere(plan, noise) : solverThreads(threads, threadStart(task, plan, noise));
  const stop = (): void => void solvers.end(run.request.signal?.reason);
  run.request.signal?.addEventListener('abort', stop, { once: true });
  try {
    await progress.begin();
    await solveSlices(solvers, jobs);
  } finally {
    run.request.signal?.removeEventListener('abort', stop);
    await solvers.end(new WorkerError('worker_error', 'The run has ended.'));
  }
  run.request.log.add('procedure', `SNR: ${plan.method.label}, ${plan.reconstruction.label}`);
  return results.all();
}

/** The plan as it can be sent to threads. */
function threadStart(task: SnrTask, plan: RunPlan, noise: NoiseModel): ThreadStart {
  const { method: _method, reconstruction: _reconstruction, ...rest } = plan;
  return { method: task.method, reconstruction: task.reconstruction, plan: rest, noise };
}

/** The numbers of the repetitions that the image readouts have. */
function repetitionsOf({ scan, images }: Signal): number[] {
  const found = new Set(scan.index.filter(images.wanted).map((readout) => readout.repetition));
  return [...found].sort((a, b) => a - b);
}

/** How slices and their repetitions are read. */
function readers(
  run: Run,
  task: SnrTask,
  plan: RunPlan,
  { scan, grid, images, volume }: Signal,
  repetitions: readonly number[],
  results: Pick<Results, 'measured'>,
  supplied: SuppliedFor,
): Pick<SliceJobs, 'read' | 'readRepetition'> {
  const { method, reconstruction, undersampling } = plan;
  const reader = createSliceReader(scan, grid, run.request.signal);
  const acquisition: Acquisition = { scan, grid, images, undersampling, reader };
  const acquire = async (k: number, repetition?: number): Promise<AcquiredSlice> => {
    const acquired = await acquireSlice(acquisition, volume.order[k], repetition);
    if (reconstruction.needs.fullSampling && !isFullySampled(acquired)) throw undersampled(task, scan);
    return acquired;
  };
  // Of undersampled repetitions the first makes the weights: together they may be no lattice, or another.
  const reference = method.needs.repetitions && undersampling ? repetitions[0] : undefined;
  return {
    async read(k): Promise<SliceInput> {
      const acquired = await acquire(k, reference);
      results.measured(k, acquired);
      return { number: volume.order[k], acquired, supplied: await supplied(k) };
    },
    // All repetitions are whitened alike, however often each was averaged: their scale must be the same.
    readRepetition: method.needs.repetitions
      ? async (k, piece) => ({ ...(await acquire(k, repetitions[piece])), noiseGain: 1 })
      : undefined,
  };
}

interface Results {
  measured(k: number, acquired: AcquiredSlice): void;
  add(k: number, outcome: SliceOutcome, snr: SnrMaps): void;
  all(): SnrSlices;
}

/** Takes what comes of the slices, in any order. */
function createResults(plan: RunPlan, task: SnrTask, count: number, samples: number): Results {
  const mapBytes = 8 * samples * count;
  const keepsMaps = mapBytes <= MOST_MAP_BYTES;
  const planes: Float32Array[] = new Array(count);
  const precision: Float32Array[] = [];
  const replicaGFactor: Float32Array[] = [];
  const gFactor: Float32Array[] = [];
  const sensitivities: Float32Array[] = [];
  const masks: Float32Array[] = [];
  const sampling: SliceSampling[] = new Array(count);
  const warnings: string[][] = Array.from({ length: count }, () => []);
  let matrix: [number, number] = [0, 0];
  return {
    measured(k, acquired) {
      const { averages, sampledFraction, noiseGain } = acquired;
      sampling[k] = { averages, sampledFraction, noiseGain, sampling: acquired.sampling };
      warnings[k].push(...acquired.warnings);
    },
    add(k, { maps, sensitivities: found, mask }, result) {
      const snr = result.snr.data;
      const lost = zeroWhatIsNoNumber(snr);
      if (lost > 0) warnings[k].push(`Slice ${k + 1}: ${lost} pixels had no finite SNR and are 0.`);
      warnings[k].push(...(maps.warnings ?? []));
      planes[k] = snr;
      matrix = [result.snr.shape[1], result.snr.shape[0]];
      if (plan.keep.gFactor && maps.gFactor) gFactor[k] = maps.gFactor.data;
      if (found && keepsMaps) sensitivities[k] = found.data;
      if (mask) masks[k] = mask.data;
      if (result.precision) precision[k] = result.precision.data;
      if (task.replicas?.gFactor && maps.gFactor && result.noise) {
        replicaGFactor[k] = gFactorOf(maps, result.noise.data);
      }
    },
    all() {
      const least = Math.min(...sampling.map((slice) => slice.sampledFraction));
      const partial =
        `Only ${Math.round(100 * least)} % of k-space was measured (partial Fourier or partial echo); ` +
        'the rest is zero.';
      const all = [...new Set(warnings.flat()), ...(least < 0.999 ? [partial] : [])];
      if (plan.keep.sensitivities && !keepsMaps) {
        const size = Math.round(mapBytes / 2 ** 20);
        all.push(
          `The coil sensitivities were not written: ${size} MiB are more than ${MOST_MAP_BYTES / 2 ** 20} MiB.`,
        );
      }
      if (task.replicas?.gFactor && replicaGFactor.length === 0) {
        all.push(`g-factors from replicas were asked for; "${plan.reconstruction.label}" has none.`);
      }
      return {
        planes,
        matrix,
        precision,
        replicaGFactor,
        gFactor,
        sensitivities,
        masks,
        sampling,
        warnings: all,
      };
    },
  };
}

/** The g-factor by formula, with the noise of the replicas in place of that of the formula. */
function gFactorOf({ gFactor, noiseDeviation }: CombinedMaps, noise: Float32Array): Float32Array {
  return noise.map((sigma, i) => {
    const expected = (noiseDeviation?.data[i] ?? 1) * Math.SQRT1_2;
    return expected > 0 ? ((gFactor?.data[i] ?? 0) * sigma) / expected : 0;
  });
}

interface SliceProgress {
  begin(): Promise<void>;
  step(done: number): Promise<void>;
}

/** Reports how far the slices are and how long the rest will take. */
function createSliceProgress(run: Run, slices: number, pieces: number): SliceProgress {
  const startedMs = run.request.clock();
  const total = slices * (1 + pieces);
  return {
    begin: () => run.step({ step: 'reconstruct', fraction: 0.25, message: `Slice 1 of ${slices}` }),
    step(done) {
      const part = done / total;
      const seconds = ((run.request.clock() - startedMs) / 1000) * (1 / part - 1);
      const where =
        pieces === 0
          ? `Slice ${done} of ${slices}`
          : `${Math.round(100 * part)} % of ${slices} slices with replicas`;
      const rest = seconds >= 1 ? `, about ${Math.round(seconds)} s left` : '';
      return run.step({ step: 'reconstruct', fraction: 0.25 + 0.65 * part, message: where + rest });
    },
  };
}

function undersampled(task: SnrTask, { header }: RawScan): WorkerError {
  const able = Object.entries(RECONSTRUCTIONS)
    .filter(([, reconstruction]) => !reconstruction.needs.fullSampling)
    .map(([name]) => name);
  return new WorkerError(
    'bad_options',
    `task.options.reconstructor.name: "${task.reconstruction}" needs fully sampled data, but lines are missing in the ` +
      `signal (acceleration ${header.acceleration.phase}); available for such data: ${able.join(', ') || 'none yet'}.`,
  );
}

/** Sets NaN and infinities to 0 and counts them. */
function zeroWhatIsNoNumber(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    values[i] = 0;
    count += 1;
  }
  return count;
}
