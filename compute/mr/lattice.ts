/** The lattice of lines that an undersampled scan measured, found from its readouts. */
import type { ComplexArray } from '../array/complex.ts';
import { WorkerError } from '../errors.ts';
import type { Sampling } from './recon/reconstruction.ts';

/** What a task asks for; the data and the header decide what is not given. */
export interface Undersampling {
  /** Full data are undersampled in software. */
  readonly decimate: boolean;
  /** Acceleration along readout and phase encoding. */
  readonly accelerations?: readonly [x: number, y: number] | null;
  /** Central calibration columns and lines; null: all. */
  readonly acl?: readonly [x: number | null, y: number | null] | null;
}

/** Rows of the grid (not line numbers) that a slice has. */
export interface MeasuredRows {
  /** Lines for the image only. */
  readonly image: readonly number[];
  /** Lines that serve both, image and calibration. */
  readonly both: readonly number[];
}

export interface Lattice {
  readonly sampling: Sampling;
  readonly warnings: readonly string[];
}

export const FULL: Sampling = { factors: [1, 1], offsets: [0, 0] };
const AT = 'task.options.reconstructor.options';

/** True if row y of the grid belongs to the lattice. */
export function isOnLattice({ factors, offsets }: Sampling, y: number): boolean {
  return (y - offsets[1]) % factors[1] === 0;
}

/** How many rows of a grid of `lines` rows the lattice has. */
export function latticeRows({ factors, offsets }: Sampling, lines: number): number {
  return Math.floor((lines - 1 - offsets[1]) / factors[1]) + 1;
}

/** Sets everything to zero that is not on the lattice. */
export function decimateInPlace(kspace: ComplexArray, sampling: Sampling): void {
  const [coils, lines, columns] = kspace.shape;
  const { factors, offsets } = sampling;
  for (let row = 0; row < coils * lines; row++) {
    const start = 2 * row * columns;
    if (!isOnLattice(sampling, row % lines)) {
      kspace.data.fill(0, start, start + 2 * columns);
      continue;
    }
    if (factors[0] === 1) continue;
    for (let x = 0; x < columns; x++) {
      if ((x - offsets[0]) % factors[0] !== 0) kspace.data.fill(0, start + 2 * x, start + 2 * x + 2);
    }
  }
}

/** The lattice of software decimation: lines 0, R, 2R, ... of full data. Throws `bad_options`. */
export function decimation(wanted: Undersampling, [columns, lines]: readonly [number, number]): Sampling {
  const factors = wanted.accelerations;
  if (!factors) {
    throw new WorkerError(
      'bad_options',
      `${AT}.accelerations: decimate needs the accelerations [readout, phase encoding]; for example [1, 2].`,
    );
  }
  if (factors[0] > columns / 2 || factors[1] > lines / 2) {
    throw new WorkerError(
      'bad_options',
      `${AT}.accelerations: [${factors}] leaves less than two samples of a k-space of ${columns} x ${lines}.`,
    );
  }
  return { factors, offsets: [0, 0] };
}

/**
 * The lattice of measured rows. Rows without gaps are full sampling, whatever the header says. Otherwise the
 * distance of the image-only rows is the acceleration, and the first of them the offset; calibration rows
 * that fall between do not count. Throws `bad_options` if the task asks for another acceleration than the
 * data have, `unsupported_sequence` if the rows lie on no lattice.
 */
export function latticeOf(rows: MeasuredRows, wanted: Undersampling, nominal: number): Lattice {
  const [asX, asY] = wanted.accelerations ?? [1, undefined];
  if (asX > 1) {
    throw new WorkerError(
      'bad_options',
      `${AT}.accelerations: scanners do not skip samples along the readout; use [1, ${asY}], or decimate: true.`,
    );
  }
  const all = ascending([...rows.image, ...rows.both]);
  if (spacing(all) === 1 && all.length === all[all.length - 1] - all[0] + 1) return full(asY, nominal);
  const image = ascending(rows.image);
  const step = image.length > 1 ? spacing(image) : 1;
  const lattice = step > 1 ? { factor: step, first: image[0] } : unmarked(all, asY ?? nominal);
  if (lattice.factor < 2) throw irregular();
  mustBeComplete(all, lattice);
  return { sampling: samplingOf(lattice), warnings: judged(lattice.factor, step, asY, nominal) };
}

function full(asked: number | undefined, nominal: number): Lattice {
  if (asked !== undefined && asked > 1) {
    throw new WorkerError(
      'bad_options',
      `${AT}.accelerations: the signal has all its lines, so that an acceleration of ${asked} is none; use decimate: ` +
        'true to leave lines out in software, or accelerations [1, 1].',
    );
  }
  const warnings =
    nominal > 1
      ? [`The header says acceleration ${nominal}, but together the readouts fill all lines: taken as full.`]
      : [];
  return { sampling: FULL, warnings };
}

function judged(factor: number, step: number, asked: number | undefined, nominal: number): string[] {
  if (asked !== undefined && asked !== factor) {
    throw new WorkerError(
      'bad_options',
      `${AT}.accelerations: ${asked} along phase encoding was asked for, but the signal was measured with every ` +
        `${factor}. line; use [1, ${factor}].`,
    );
  }
  const warnings: string[] = [];
  if (nominal !== factor) {
    warnings.push(`The header says acceleration ${nominal}; the lines are ${factor} apart, which counts.`);
  }
  if (step === 1)
    warnings.push('The calibration lines are not marked as such; they were found by their place.');
  return warnings;
}

/** Calibration rows marked as image: the residue with most rows is the lattice, if the factor is known. */
function unmarked(all: readonly number[], factor: number): { factor: number; first: number } {
  const counts = new Array<number>(factor).fill(0);
  for (const row of all) counts[row % factor] += 1;
  return { factor, first: counts.indexOf(Math.max(...counts)) };
}

function samplingOf({ factor, first }: { factor: number; first: number }): Sampling {
  return { factors: [1, factor], offsets: [0, first % factor] };
}

/** Throws unless every lattice row between the first and the last measured row is there. */
function mustBeComplete(all: readonly number[], { factor, first }: { factor: number; first: number }): void {
  const on = all.filter((row) => (row - first) % factor === 0);
  if (on.length < 2 || on[on.length - 1] - on[0] !== factor * (on.length - 1)) throw irregular();
}

function irregular(): WorkerError {
  return new WorkerError(
    'unsupported_sequence',
    'The signal misses phase-encoding lines without a regular pattern (or its acceleration is not in the header); ' +
      'only full sampling and every R-th line can be reconstructed.',
    'Measure with regular parallel imaging (GRAPPA, SENSE) or without acceleration.',
  );
}

function ascending(rows: readonly number[]): number[] {
  return [...new Set(rows)].sort((a, b) => a - b);
}

/** Greatest common divisor of the distances. */
function spacing(rows: readonly number[]): number {
  return rows.slice(1).reduce((divisor, row, i) => gcd(divisor, row - rows[i]), 0) || 1;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
