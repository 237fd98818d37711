/** The k-space grid of a scan: how large it must be, counted from the readouts, and what is beyond belief. */
import { WorkerError } from '../errors.ts';
import type { ReadoutIndex, ScanHeader } from './scan.ts';

/** More readouts than this are refused: the index would no longer be small (about 200 bytes a readout). */
export const MAX_READOUTS = 1_000_000;
/** Largest matrix side that is believed; real ones are below 2048. */
const MAX_SIDE = 16_384;

/** Number of values of a counter (slices, averages, ...) in the readouts: its largest value plus one. */
export function countOf(
  readouts: readonly ReadoutIndex[],
  counter: 'slice' | 'average' | 'repetition' | 'contrast',
): number {
  return readouts.reduce((largest, readout) => Math.max(largest, readout[counter]), 0) + 1;
}

/**
 * The smallest size of at least `nominal` on which every line fits when `center` is put at floor(size / 2).
 * `readouts`: those whose lines have to fit.
 */
export function roomFor(
  nominal: number,
  center: number,
  readouts: readonly ReadoutIndex[],
  counter: 'line' | 'partition',
): number {
  let first = center;
  let last = center;
  for (const readout of readouts) {
    first = Math.min(first, readout[counter]);
    last = Math.max(last, readout[counter]);
  }
  return Math.max(Math.round(nominal), 2 * (center - first), 2 * (last - center) + 1);
}

/** Throws WorkerError('input_unreadable') if a side is no whole number from 1 to 16384. */
export function mustBeMatrix(name: string, { x, y, z }: ScanHeader['encodedMatrix']): void {
  if (![x, y, z].every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE)) {
    throw new WorkerError(
      'input_unreadable',
      `The ${name} of the file is ${x} x ${y} x ${z}, which cannot be.`,
    );
  }
}
