/**
 * From the readouts of a slice to what reconstructions take: k-space on its lattice, calibration lines apart,
 * both whitened. Three sources of calibration: the centre of full data (also before decimation in software),
 * reference lines within the scan, and reference lines measured on their own.
 */
import type { ComplexArray } from '../array/complex.ts';
import { WorkerError } from '../errors.ts';
import type { RawScan, ReadoutIndex } from '../formats/scan.ts';
import type { ImageReadouts } from './acquisition.ts';
import { type Block, centralBlock, copyBlock, keepBlock, longestRun, withinAcl } from './calibration.ts';
import type { KSpaceGrid, KSpaceSlice, MeasuredLines } from './kspace.ts';
import { latticeStatistics, rowOf } from './kspace.ts';
import { decimateInPlace, decimation, FULL, isOnLattice, latticeOf, type Undersampling } from './lattice.ts';
import type { NoiseModel } from './noise.ts';
import { prewhitenInPlace } from './prewhiten.ts';
import type { Sampling, WhitenedSlice } from './recon/reconstruction.ts';
import type { SliceReader } from './slice-reader.ts';

export interface Acquisition {
  readonly scan: RawScan;
  readonly grid: KSpaceGrid;
  readonly images: ImageReadouts;
  /** Undefined: full data are expected, nothing is left out and nothing calibrated. */
  readonly undersampling: Undersampling | undefined;
  readonly reader: SliceReader;
}

/** A slice as measured: not whitened, not yet decimated in software. */
export interface AcquiredSlice extends KSpaceSlice {
  readonly sampling: Sampling | undefined;
  readonly calibration: CalibrationLines | undefined;
  readonly warnings: readonly string[];
}

interface CalibrationLines {
  readonly block: Block;
  /** Undefined: the block of the slice's own k-space, which holds all lines. */
  readonly kspace: ComplexArray | undefined;
  /** Mean of 1 / acquisitions over the lines of the block. */
  readonly noiseGain: number;
}

/**
 * Reads one plane of the volume (a slice, or in 3-D plane z of slab s: s * planes + z); `repetition` undefined: the mean of all. Throws `bad_options`, `unsupported_sequence` or
 * `input_unreadable` for data that do not fit what the task asks for.
 */
export async function acquireSlice(
  acquisition: Acquisition,
  plane: number,
  repetition?: number,
): Promise<AcquiredSlice> {
  const { scan, grid, images, undersampling, reader } = acquisition;
  const slice = Math.floor(plane / grid.planes);
  const read = (
    readouts: (readout: ReadoutIndex) => boolean,
    what: 'image' | 'calibration' = 'image',
  ): Promise<KSpaceSlice> => reader({ what, plane, repetition, wanted: readouts });
  const wanted = (readout: ReadoutIndex): boolean =>
    images.wanted(readout) && (repetition === undefined || readout.repetition === repetition);
  if (!undersampling) {
    return { ...(await read(wanted)), sampling: undefined, calibration: undefined, warnings: [] };
  }
  const rows = measuredRows(grid, scan.index, (readout) => readout.slice === slice && wanted(readout));
  const found = latticeOf(
    rows,
    undersampling.decimate ? { ...undersampling, accelerations: null } : undersampling,
    scan.header.acceleration.phase,
  );
  const size = [grid.columns, grid.lines] as const;
  if (found.sampling.factors[1] === 1) {
    const sampling = undersampling.decimate ? decimation(undersampling, size) : FULL;
    const full = await read(wanted);
    const block = withinAcl(measuredBlock(full, size), size, undersampling.acl);
    const statistics = latticeStatistics(full, sampling);
    const calibration = { block, kspace: undefined, noiseGain: meanGain(full, block.y) };
    return { ...full, ...statistics, sampling, calibration, warnings: found.warnings };
  }
  if (undersampling.decimate) throw cannotDecimate(found.sampling);
  const { sampling, warnings } = found;
  const image = await read((readout) => wanted(readout) && isOnLattice(sampling, rowOf(grid, readout.line)));
  const lines = calibrationLines(scan.index, slice, wanted, repetition) ?? wanted;
  const reference = await read(lines, 'calibration');
  const run = longestRun(reference.counts);
  if (!run || run[1] - run[0] < 2) throw noCalibration();
  const block = withinAcl({ x: [0, grid.columns], y: run }, size, undersampling.acl);
  keepBlock(reference.kspace, block);
  const noiseGain = meanGain(reference, block.y);
  const calibration = { block, kspace: reference.kspace, noiseGain };
  return { ...image, ...latticeStatistics(image, sampling), sampling, calibration, warnings };
}

/** Whitens an acquired slice, which is used up, and leaves out what decimation leaves out. */
export function whitenSlice(acquired: AcquiredSlice, noise: NoiseModel): WhitenedSlice {
  const { kspace, noiseGain, sampling, calibration } = acquired;
  if (!sampling || !calibration) {
    prewhitenInPlace(kspace, noise, noiseGain);
    return { kspace, noise };
  }
  const { block } = calibration;
  const reference = calibration.kspace ?? copyBlock(kspace, block);
  if (!calibration.kspace) decimateInPlace(kspace, sampling);
  const lines = { from: sampling.offsets[1], to: kspace.shape[1], step: sampling.factors[1] };
  prewhitenInPlace(kspace, noise, noiseGain, lines);
  prewhitenInPlace(reference, noise, calibration.noiseGain, { from: block.y[0], to: block.y[1], step: 1 });
  return { kspace, noise, sampling, calibration: { kspace: reference, block } };
}

function measuredRows(
  grid: KSpaceGrid,
  index: readonly ReadoutIndex[],
  wanted: (readout: ReadoutIndex) => boolean,
): { image: number[]; both: number[] } {
  const image = new Set<number>();
  const both = new Set<number>();
  for (const readout of index) {
    if (wanted(readout)) (readout.kind === 'image' ? image : both).add(rowOf(grid, readout.line));
  }
  return { image: [...image], both: [...both] };
}

/**
 * The reference readouts of the slice: those of the repetition if it has its own, else all; of several
 * contrasts, phases and sets the first. Undefined if none are marked.
 */
function calibrationLines(
  index: readonly ReadoutIndex[],
  slice: number,
  wanted: (readout: ReadoutIndex) => boolean,
  repetition: number | undefined,
): ((readout: ReadoutIndex) => boolean) | undefined {
  const isReference = (readout: ReadoutIndex): boolean =>
    readout.kind === 'calibration' || (readout.kind === 'calibration_and_image' && wanted(readout));
  const marked = index.filter((readout) => readout.slice === slice && isReference(readout));
  if (marked.length === 0) return undefined;
  const own = marked.filter((readout) => readout.repetition === repetition);
  const [first] = own.length > 0 ? own : marked;
  return (readout) =>
    isReference(readout) &&
    (own.length === 0 || readout.repetition === repetition) &&
    readout.contrast === first.contrast &&
    readout.phase === first.phase &&
    readout.set === first.set;
}

/** The block of all measured lines: partial Fourier leaves out some at an edge. */
function measuredBlock({ counts }: KSpaceSlice, [columns]: readonly [number, number]): Block {
  const run = longestRun(counts);
  return run ? { x: [0, columns], y: run } : centralBlock([columns, counts.length], null);
}

/** Noise variance of the samples of the measured lines, relative to one acquisition. */
function meanGain({ gain, sampled }: MeasuredLines, [from, to]: readonly [number, number]): number {
  let sum = 0;
  for (let row = from; row < to; row++) sum += gain[row] / sampled[row];
  return sum / (to - from);
}

function cannotDecimate({ factors }: Sampling): WorkerError {
  return new WorkerError(
    'bad_options',
    `task.options.reconstructor.options.decimate: the signal was measured with every ${factors[1]}. line only; ` +
      'decimate is for full data. Use decimate: false.',
  );
}

function noCalibration(): WorkerError {
  return new WorkerError(
    'unsupported_sequence',
    'The signal is undersampled and has no calibration lines (no neighbouring lines in its centre).',
    'Measure with embedded or separate reference lines.',
  );
}
