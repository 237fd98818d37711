/** The first steps of a run: the signal file and the noise. */
import type { RawScan } from './formats/scan.ts';
import type { ImageReadouts } from './mr/acquisition.ts';
import { imageReadouts, mustBeReasonable } from './mr/acquisition.ts';
import { mustBeCartesian } from './mr/cartesian.ts';
import { estimateNoise } from './mr/estimate-noise.ts';
import type { KSpaceGrid } from './mr/kspace.ts';
import { kSpaceGrid } from './mr/kspace.ts';
import type { NoiseModel } from './mr/noise.ts';
import { unitNoise } from './mr/noise.ts';
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

/** Opens the signal file and lays out its k-space. Nothing large is read yet. */
export async function readSignal(run: Run): Promise<Signal> {
  await run.step({ step: 'read', fraction: 0, message: 'Reading the signal file' });
  const scan = await run.open(run.request.inputs.signal);
  mustBeCartesian(scan.header);
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

/**
 * Measures the noise: in the noise file if there is one, else in the noise readouts of the signal file. Without
 * any, a method that does not need it goes on with coils as they are.
 */
export async function measureNoise(
  run: Run,
  task: SnrTask,
  plan: RunPlan,
  signal: Signal,
): Promise<NoiseModel> {
  const { noise: path } = run.request.inputs;
  const separate = path !== undefined && !task.multiraid;
  const isMeasured = separate || signal.scan.index.some((readout) => readout.kind === 'noise');
  if (!isMeasured && !plan.method.needs.noise) return unitNoise(signal.grid.coils);
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
