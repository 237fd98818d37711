/** The steps of a run between the raw data and the SNR of each slice. */
import { WorkerError } from './errors.ts';
import type { RawScan } from './formats/scan.ts';
import type { Acquisition } from './mr/acquire.ts';
import { acquireSlice, whitenSlice } from './mr/acquire.ts';
import type { ImageReadouts } from './mr/acquisition.ts';
import { imageReadouts, isFullySampled, mustBeReasonable, mustBeSupported } from './mr/acquisition.ts';
import { estimateNoise } from './mr/estimate-noise.ts';
import type { KSpaceGrid, KSpaceSlice } from './mr/kspace.ts';
import { kSpaceGrid } from './mr/kspace.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { Sampling } from './mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from './mr/recon/registry.ts';
import { createSliceReader } from './mr/slice-reader.ts';
import type { RunPlan } from './plan.ts';
import type { Run } from './run.ts';
import type { SnrTask } from './task.ts';
import type { Volume } from './volume.ts';
import { planePositions, volumeOf } from './volume.ts';

export interface Signal {
  readonly scan: RawScan;
  readonly grid: KSpaceGrid;
  readonly images: ImageReadouts;
  readonly volume: Volume;
}

/** How a slice was measured, without its data. */
export type SliceSampling = Pick<KSpaceSlice, 'averages' | 'sampledFraction' | 'noiseGain'> & {
  /** Undefined: full. */
  readonly sampling: Sampling | undefined;
};

export interface SnrSlices {
  /** SNR of each slice, `[y, x]`, in the order of space. */
  readonly planes: readonly Float32Array[];
  readonly sampling: readonly SliceSampling[];
  readonly warnings: readonly string[];
}

/** Opens the signal file and lays out its k-space. Nothing large is read yet. */
export async function readSignal(run: Run): Promise<Signal> {
  await run.step({ step: 'read', fraction: 0, message: 'Reading the signal file' });
  const scan = await run.open(run.request.inputs.signal);
  mustBeSupported(scan.header);
  const grid = kSpaceGrid(scan.header);
  mustBeReasonable(grid);
  const images = imageReadouts(scan);
  const { coils, columns, lines, planes } = grid;
  const numbers = images.slices.flatMap((slice) =>
    Array.from({ length: planes }, (_, z) => slice * planes + z),
  );
  run.request.log.add('procedure', `Signal: ${coils} coils, ${columns} x ${lines}, ${numbers.length} slices`);
  return {
    scan,
    grid,
    images,
    volume: volumeOf({ header: scan.header, slicePositions: planePositions(scan, grid) }, grid, numbers),
  };
}

/** Measures the noise: in the noise file if there is one, else in the noise readouts of the signal file. */
export async function measureNoise(run: Run, task: SnrTask, signal: Signal): Promise<NoiseModel> {
  const { noise: path } = run.request.inputs;
  const separate = path !== undefined && !task.multiraid;
  await run.step({ step: 'noise', fraction: 0.05, message: 'Measuring the noise' });
  const noise = await estimateNoise({
    scan: separate ? await run.open(path) : signal.scan,
    separate,
    signal: signal.scan.header,
    grid: signal.grid,
    imageDwellMicroseconds: signal.scan.index.find(signal.images.wanted)?.dwellMicroseconds,
    onReadout: async (done, total) => {
      if (done % 64 !== 0) return;
      const fraction = 0.05 + (0.2 * done) / total;
      await run.step({ step: 'noise', fraction, message: `Noise readout ${done} of ${total}` });
    },
  });
  run.request.log.add(
    'procedure',
    `Noise: ${noise.samples} samples, condition number ${noise.conditionNumber.toPrecision(4)}`,
  );
  return noise;
}

/** Turns one slice after the other into SNR: k-space -> whitened -> reconstructed -> SNR. */
export async function snrOfSlices(
  run: Run,
  task: SnrTask,
  plan: RunPlan,
  { scan, grid, images, volume }: Signal,
  noise: NoiseModel,
): Promise<SnrSlices> {
  const planes: Float32Array[] = [];
  const sampling: SliceSampling[] = [];
  const warnings: string[] = [];
  const acquisition: Acquisition = {
    scan,
    grid,
    images,
    undersampling: plan.undersampling,
    reader: createSliceReader(scan, grid, run.request.signal),
  };
  const count = volume.order.length;
  for (const [k, slice] of volume.order.entries()) {
    const fraction = 0.25 + (0.65 * k) / count;
    await run.step({ step: 'reconstruct', fraction, message: `Slice ${k + 1} of ${count}` });
    const acquired = await acquireSlice(acquisition, slice);
    if (plan.reconstruction.needs.fullSampling && !isFullySampled(acquired)) throw undersampled(task, scan);
    warnings.push(...acquired.warnings.filter((warning) => !warnings.includes(warning)));
    const { averages, sampledFraction, noiseGain } = acquired;
    const snr = plan.method.snr(whitenSlice(acquired, noise), plan.reconstruction, plan.options).data;
    const lost = zeroWhatIsNoNumber(snr);
    if (lost > 0) warnings.push(`Slice ${k + 1}: ${lost} pixels had no finite SNR and are 0.`);
    planes.push(snr);
    sampling.push({ averages, sampledFraction, noiseGain, sampling: acquired.sampling });
  }
  const least = Math.min(...sampling.map((slice) => slice.sampledFraction));
  if (least < 0.999) {
    warnings.push(
      `Only ${Math.round(100 * least)} % of k-space was measured (partial Fourier or partial echo); the rest is zero.`,
    );
  }
  run.request.log.add('procedure', `SNR: ${plan.method.label}, ${plan.reconstruction.label}`);
  return { planes, sampling, warnings };
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
