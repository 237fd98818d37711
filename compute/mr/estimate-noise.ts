/** Reads the noise readouts of a scan, one after the other, into the noise model of the signal. */
import { WorkerError } from '../errors.ts';
import type { RawScan, ReadoutIndex, ScanHeader } from '../formats/scan.ts';
import { mustBeFinite } from './finite.ts';
import type { KSpaceGrid } from './kspace.ts';
import type { NoiseModel } from './noise.ts';
import { noiseModel } from './noise.ts';
import { noiseFactors } from './noise-factors.ts';
import { createNoiseAccumulator } from './noise-statistics.ts';

export interface NoiseRequest {
  /** The file with the noise readouts. */
  readonly scan: RawScan;
  /** True if it is a noise scan of its own: all its lines are noise then. */
  readonly separate: boolean;
  readonly signal: ScanHeader;
  readonly grid: KSpaceGrid;
  readonly imageDwellMicroseconds: number | undefined;
  /** Told after every readout: how many of how many. */
  readonly onReadout?: (done: number, total: number) => Promise<void> | void;
}

/**
 * The noise model. In a noise scan of its own the image lines are the noise (it was measured without RF);
 * otherwise, and where it has none, the readouts marked as noise. Throws `noise_missing`, `noise_mismatch`.
 */
export async function estimateNoise(request: NoiseRequest): Promise<NoiseModel> {
  const { scan, separate, signal, grid, onReadout } = request;
  const lines = scan.index.filter((readout) => readout.kind !== 'noise');
  const useLines = separate && lines.length > 0;
  const wanted = (readout: ReadoutIndex): boolean => (readout.kind !== 'noise') === useLines;
  const total = useLines ? lines.length : scan.index.length - lines.length;
  if (total === 0) {
    throw new WorkerError(
      'noise_missing',
      separate
        ? 'The noise file holds no readouts.'
        : 'The signal file holds no noise readouts, and no noise file was given.',
    );
  }
  const statistics = createNoiseAccumulator(grid.coils);
  let dwell = useLines ? scan.header.imageDwellMicroseconds : scan.header.noiseDwellMicroseconds;
  let done = 0;
  for await (const readout of scan.readouts(wanted)) {
    if (readout.coils !== grid.coils) {
      throw new WorkerError(
        'noise_mismatch',
        `The noise was measured with ${readout.coils} coils, the signal with ${grid.coils}.`,
      );
    }
    mustBeFinite(readout);
    if (done === 0) dwell = readout.dwellMicroseconds ?? dwell;
    statistics.add(readout.data, readout.samples);
    done += 1;
    await onReadout?.(done, total);
  }
  const summary = statistics.finish();
  const factors = noiseFactors(signal, grid.oversampling, request.imageDwellMicroseconds, {
    header: scan.header,
    separate: useLines,
    dwellMicroseconds: dwell,
    bandwidthRatio: summary.bandwidthRatio,
  });
  return noiseModel(summary, factors);
}
