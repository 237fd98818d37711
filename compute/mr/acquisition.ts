/**
 * What of a scan is used, and which scans are refused, before anything large is allocated.
 * Used: image readouts of the first contrast, phase and set; reference lines only if they are image lines too.
 */
import { WorkerError } from '../errors.ts';
import type { RawScan, ReadoutIndex, ScanHeader } from '../formats/scan.ts';
import type { KSpaceGrid, KSpaceSlice } from './kspace.ts';

const MOST_COILS = 256;
const LONGEST_AXIS = 16384;
/** Complex samples of the k-space of one slice over all coils: 1 GiB. */
const LARGEST_SLICE = 2 ** 27;

/** The readouts of a scan that make its image. */
export interface ImageReadouts {
  readonly wanted: (readout: ReadoutIndex) => boolean;
  /** Slice numbers of the file that have image lines, ascending. */
  readonly slices: readonly number[];
  readonly repetitions: number;
  readonly warnings: readonly string[];
}

/** True for readouts that belong to the image. */
export function isImage({ kind }: ReadoutIndex): boolean {
  return kind === 'image' || kind === 'calibration_and_image';
}

/** Throws `unsupported_sequence` or `input_unreadable` for scans that this worker cannot turn into images. */
export function mustBeSupported(header: ScanHeader): void {
  const { trajectory, encodedMatrix } = header;
  if (trajectory !== 'cartesian' || header.rampSampling) {
    const what =
      trajectory === 'cartesian'
        ? 'samples on the gradient ramps'
        : `has a trajectory of type "${trajectory}"`;
    throw new WorkerError(
      'unsupported_sequence',
      `The signal scan ${what}; only Cartesian acquisitions with a flat readout gradient can be reconstructed.`,
    );
  }
  if (encodedMatrix.z > 1) {
    throw new WorkerError(
      'unsupported_sequence',
      `The signal scan is three-dimensional (${encodedMatrix.z} partitions); only 2-D slices can be reconstructed.`,
      'Measure single slices or a stack of slices (2-D).',
    );
  }
  if ((header.simultaneousSlices ?? 1) > 1) {
    throw new WorkerError(
      'unsupported_sequence',
      `The signal scan excites ${header.simultaneousSlices} slices at a time; such data cannot be separated here.`,
      'Measure without simultaneous multi-slice (multiband) acceleration.',
    );
  }
}

/** Throws `input_unreadable` or `out_of_memory` for grids that are empty or absurdly large. */
export function mustBeReasonable(grid: KSpaceGrid): void {
  const { coils, lines, storedColumns, columns } = grid;
  const size = `${coils} coils, ${lines} lines, ${storedColumns} samples`;
  const positive = [coils, lines, storedColumns, columns].every((n) => Number.isInteger(n) && n >= 1);
  if (!positive || coils > MOST_COILS || lines > LONGEST_AXIS || storedColumns > LONGEST_AXIS) {
    throw new WorkerError('input_unreadable', `The header gives a k-space that cannot be: ${size}.`);
  }
  if (coils * lines * columns > LARGEST_SLICE) {
    throw new WorkerError('out_of_memory', `One slice of this scan is too large: ${size}.`);
  }
}

/** Selects the image readouts. Throws `input_unreadable` if there are none. */
export function imageReadouts(scan: RawScan): ImageReadouts {
  const images = scan.index.filter(isImage);
  if (images.length === 0) throw new WorkerError('input_unreadable', 'The signal file holds no image lines.');
  const warnings: string[] = [];
  const first = (name: 'contrast' | 'phase' | 'set' | 'partition'): number => {
    const values = new Set(images.map((readout) => readout[name]));
    if (values.size > 1) warnings.push(`The signal has ${values.size} ${name}s; only the first is used.`);
    return Math.min(...values);
  };
  const contrast = first('contrast');
  const phase = first('phase');
  const set = first('set');
  const partition = first('partition');
  const wanted = (readout: ReadoutIndex): boolean =>
    isImage(readout) &&
    readout.contrast === contrast &&
    readout.phase === phase &&
    readout.set === set &&
    readout.partition === partition;
  const chosen = images.filter(wanted);
  const slices = [...new Set(chosen.map((readout) => readout.slice))].sort((a, b) => a - b);
  const repetitions = new Set(chosen.map((readout) => readout.repetition)).size;
  return { wanted, slices, repetitions, warnings };
}

/** True if no line is missing between the first and the last measured line (partial Fourier is no gap). */
export function isFullySampled({ counts }: Pick<KSpaceSlice, 'counts'>): boolean {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  return counts.subarray(first, last + 1).every((count) => count > 0);
}
