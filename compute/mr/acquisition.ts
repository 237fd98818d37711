/**
 * What of a scan is used, and which scans are refused, before anything large is allocated.
 * Used: image readouts of the first contrast, phase and set; reference lines only if they are image lines too.
 */
import { WorkerError } from '../errors.ts';
import type { RawScan, ReadoutIndex } from '../formats/scan.ts';
import type { KSpaceGrid, KSpaceSlice } from './kspace.ts';

const MOST_COILS = 256;
const LONGEST_AXIS = 16384;
/** Complex samples of the k-space of one slice (3-D: of one slab) over all coils: 1 GiB. */
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

/** Throws `input_unreadable` or `worker_oom` for grids that are empty or absurdly large. */
export function mustBeReasonable(grid: KSpaceGrid): void {
  const { coils, lines, storedColumns, columns, partitions } = grid;
  const size = `${coils} coils, ${partitions > 1 ? `${partitions} partitions, ` : ''}${lines} lines, ${storedColumns} samples`;
  const positive = [coils, lines, storedColumns, columns, partitions].every(
    (n) => Number.isInteger(n) && n >= 1,
  );
  if (!positive || coils > MOST_COILS || Math.max(lines, storedColumns, partitions) > LONGEST_AXIS) {
    throw new WorkerError('input_unreadable', `The header gives a k-space that cannot be: ${size}.`);
  }
  if (coils * lines * columns * partitions > LARGEST_SLICE) {
    throw new WorkerError(
      'worker_oom',
      `One slice${partitions > 1 ? ' (slab)' : ''} of this scan is too large: ${size}.`,
    );
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
  const threeD = scan.header.encodedMatrix.z > 1;
  const partition = threeD ? undefined : first('partition');
  const wanted = (readout: ReadoutIndex): boolean =>
    isImage(readout) &&
    readout.contrast === contrast &&
    readout.phase === phase &&
    readout.set === set &&
    (partition === undefined || readout.partition === partition);
  const chosen = images.filter(wanted);
  if (threeD) mustHavePartitions(chosen);
  const slices = [...new Set(chosen.map((readout) => readout.slice))].sort((a, b) => a - b);
  const repetitions = new Set(chosen.map((readout) => readout.repetition)).size;
  return { wanted, slices, repetitions, warnings };
}

/** Throws `unsupported_sequence` if partitions are missing between the first and the last one. */
function mustHavePartitions(chosen: readonly ReadoutIndex[]): void {
  const partitions = [...new Set(chosen.map((readout) => readout.partition))].sort((a, b) => a - b);
  if (partitions[partitions.length - 1] - partitions[0] < partitions.length) return;
  throw new WorkerError(
    'unsupported_sequence',
    'The signal misses partitions (second phase encoding); only acceleration along the lines can be reconstructed.',
    'Measure without acceleration in the partition direction.',
  );
}

/** True if no line is missing between the first and the last measured line (partial Fourier is no gap). */
export function isFullySampled({ counts }: Pick<KSpaceSlice, 'counts'>): boolean {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  return counts.subarray(first, last + 1).every((count) => count > 0);
}
