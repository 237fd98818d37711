/**
 * From readouts to the k-space of one slice, `[coil, y, x]`, streaming: readouts are added as they come,
 * so memory is one slice whatever the number of averages.
 */
import type { ComplexArray } from '../array/complex.ts';
import { complexFrom, complexZeros } from '../array/complex.ts';
import { WorkerError } from '../errors.ts';
import type { RawScan, Readout, ReadoutIndex, ScanHeader } from '../formats/scan.ts';
import { mustBeFinite } from './finite.ts';
import { FULL, isOnLattice, latticeRows } from './lattice.ts';
import { createOversamplingRemover } from './oversampling.ts';
import type { Sampling } from './recon/reconstruction.ts';

/** The grid that readouts are put on. k = 0 stands at floor(n / 2) of both axes. */
export interface KSpaceGrid {
  readonly coils: number;
  /** Phase-encoding lines (y). */
  readonly lines: number;
  /** Samples of a stored line. */
  readonly storedColumns: number;
  /** Samples of a line after oversampling removal (x). */
  readonly columns: number;
  /** storedColumns / columns. */
  readonly oversampling: number;
  /** Line number of k = 0 in the file. */
  readonly centerLine: number;
}

/** k-space of one slice and what its sampling means for the noise. */
export interface KSpaceSlice {
  readonly slice: number;
  readonly kspace: ComplexArray;
  /** Acquisitions per line; 0 where nothing was measured and k-space is zero. */
  readonly counts: Uint32Array;
  /** Measured samples per line in units of a full line, all acquisitions together. */
  readonly measured: Float64Array;
  /** Mean number of acquisitions of the measured lines. */
  readonly averages: number;
  /** Measured part of the points of the sampling lattice (of the whole grid, if fully sampled), 0..1. */
  readonly sampledFraction: number;
  /**
   * G: mean over the lattice of sampled / acquisitions. The pixels of the unitary image have the noise
   * covariance G * Sigma, times the part of the grid that belongs to the lattice.
   */
  readonly noiseGain: number;
}

/** The grid of a scan. */
export function kSpaceGrid(header: ScanHeader): KSpaceGrid {
  const storedColumns = header.encodedMatrix.x;
  const columns = Math.max(1, Math.round(storedColumns / header.readoutOversampling));
  return {
    coils: header.coils,
    lines: header.encodedMatrix.y,
    storedColumns,
    columns,
    oversampling: storedColumns / columns,
    centerLine: header.centerLine,
  };
}

/** Row of the grid for a line of the file. Throws `input_unreadable` if it lies outside. */
export function rowOf(grid: KSpaceGrid, line: number): number {
  const row = line - grid.centerLine + Math.floor(grid.lines / 2);
  if (row < 0 || row >= grid.lines) {
    throw new WorkerError(
      'input_unreadable',
      `Line ${line} lies outside the k-space of ${grid.lines} lines around line ${grid.centerLine}.`,
    );
  }
  return row;
}

/**
 * A readout on the stored grid. A line that is as long as the grid fills it; a shorter one (partial echo)
 * is placed with its centre sample at the centre, as far as it fits, and the rest is zero.
 */
function onStoredGrid(readout: Readout, { coils, storedColumns }: KSpaceGrid): ComplexArray {
  const { samples, data } = readout;
  if (samples === storedColumns) return complexFrom(data, [coils, storedColumns]);
  const wanted = Math.floor(storedColumns / 2) - readout.centerSample;
  const start = Math.min(Math.max(0, wanted), storedColumns - samples);
  const line = complexZeros([coils, storedColumns]);
  for (let coil = 0; coil < coils; coil++) {
    const from = 2 * coil * samples;
    line.data.set(data.subarray(from, from + 2 * samples), 2 * (coil * storedColumns + start));
  }
  return line;
}

function mustFit(readout: Readout, grid: KSpaceGrid): void {
  if (readout.coils !== grid.coils || readout.samples > grid.storedColumns || readout.samples < 1) {
    throw new WorkerError(
      'input_unreadable',
      `The readout of slice ${readout.slice}, line ${readout.line} has ${readout.coils} coils and ${readout.samples} ` +
        `samples; the header says ${grid.coils} coils and ${grid.storedColumns} samples.`,
    );
  }
}

/**
 * Assembles the slice from the readouts that `wanted` selects: oversampling removed, acquisitions of the
 * same line averaged, lines without any left zero. Throws `input_unreadable` with the place of what does
 * not fit, and the reason of `signal` when that is aborted.
 */
export async function assembleSlice(
  scan: RawScan,
  grid: KSpaceGrid,
  slice: number,
  wanted: (readout: ReadoutIndex) => boolean,
  signal?: AbortSignal,
): Promise<KSpaceSlice> {
  const { coils, lines, columns } = grid;
  const kspace = complexZeros([coils, lines, columns]);
  const counts = new Uint32Array(lines);
  const removeOversampling = createOversamplingRemover(coils, grid.storedColumns, columns);
  // Measured samples per line, in units of a full line; a partial echo counts less than 1.
  const measured = new Float64Array(lines);
  let found = false;
  for await (const readout of scan.readouts((index) => index.slice === slice && wanted(index))) {
    signal?.throwIfAborted();
    mustFit(readout, grid);
    mustBeFinite(readout);
    found = true;
    const row = rowOf(grid, readout.line);
    counts[row] += 1;
    measured[row] += readout.samples / grid.storedColumns;
    const line = removeOversampling(onStoredGrid(readout, grid)).data;
    for (let coil = 0; coil < coils; coil++) {
      const to = 2 * (coil * lines + row) * columns;
      const from = 2 * coil * columns;
      for (let k = 0; k < 2 * columns; k++) kspace.data[to + k] += line[from + k];
    }
  }
  if (!found) throw new WorkerError('input_unreadable', `Slice ${slice} has no image lines.`);
  divideByCounts(kspace, counts);
  return { slice, kspace, counts, measured, ...latticeStatistics({ counts, measured }, FULL) };
}

function divideByCounts(kspace: ComplexArray, counts: Uint32Array): void {
  const [coils, lines, columns] = kspace.shape;
  for (let row = 0; row < lines; row++) {
    if (counts[row] < 2) continue;
    const factor = 1 / counts[row];
    for (let coil = 0; coil < coils; coil++) {
      const start = 2 * (coil * lines + row) * columns;
      for (let k = start; k < start + 2 * columns; k++) kspace.data[k] *= factor;
    }
  }
}

/** What the measurement of a lattice means for the noise; lines that are not on it do not count. */
export function latticeStatistics(
  { counts, measured }: Pick<KSpaceSlice, 'counts' | 'measured'>,
  sampling: Sampling,
): Pick<KSpaceSlice, 'averages' | 'sampledFraction' | 'noiseGain'> {
  let acquisitions = 0;
  let rows = 0;
  let sampled = 0;
  let gain = 0;
  counts.forEach((count, row) => {
    if (count === 0 || !isOnLattice(sampling, row)) return;
    acquisitions += count;
    rows += 1;
    sampled += measured[row] / count;
    gain += measured[row] / count ** 2;
  });
  const all = latticeRows(sampling, counts.length);
  return { averages: acquisitions / rows, sampledFraction: sampled / all, noiseGain: gain / all };
}
