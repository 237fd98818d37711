/** The grid that readouts are put on, and what the way it was filled means for the noise. */
import type { ComplexArray } from '../array/complex.ts';
import { WorkerError } from '../errors.ts';
import type { ScanHeader } from '../formats/scan.ts';
import { isOnLattice, latticeRows } from './lattice.ts';
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
  /** Second phase encoding of 3-D acquisitions; 1 in 2-D. */
  readonly partitions: number;
  readonly centerPartition: number;
  /** Planes of the image of a 3-D slab, without slice oversampling; 1 in 2-D. */
  readonly planes: number;
}

/** How the lines of a k-space were measured; of a 3-D slab all partitions of a line together. */
export interface MeasuredLines {
  /** Acquisitions per line; 0 where nothing was measured and k-space is zero. */
  readonly counts: Uint32Array;
  /** Partitions of the line that were measured at all; 0 or 1 in 2-D. */
  readonly points: Uint32Array;
  /** Measured part of the line, 0..1: a partial echo, or missing partitions, count less. */
  readonly sampled: Float64Array;
  /** Mean over the line of sampled / acquisitions. */
  readonly gain: Float64Array;
}

/** k-space of one slice and what its sampling means for the noise. */
export interface KSpaceSlice extends MeasuredLines {
  /** `[coil, y, x]` */
  readonly kspace: ComplexArray;
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
    partitions: header.encodedMatrix.z,
    centerPartition: header.centerPartition,
    planes: Math.min(header.encodedMatrix.z, Math.max(1, header.reconMatrix.z)),
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

/** Place in the slab for a partition of the file. Throws `input_unreadable` if it lies outside; 0 in 2-D. */
export function partitionOf({ partitions, centerPartition }: KSpaceGrid, partition: number): number {
  if (partitions === 1) return 0;
  const place = partition - centerPartition + Math.floor(partitions / 2);
  if (place < 0 || place >= partitions) {
    throw new WorkerError(
      'input_unreadable',
      `Partition ${partition} lies outside the k-space of ${partitions} partitions around partition ${centerPartition}.`,
    );
  }
  return place;
}

/** What the measurement of a lattice means for the noise; lines that are not on it do not count. */
export function latticeStatistics(
  { counts, points, sampled, gain }: MeasuredLines,
  sampling: Sampling,
): Pick<KSpaceSlice, 'averages' | 'sampledFraction' | 'noiseGain'> {
  let acquisitions = 0;
  let measured = 0;
  let part = 0;
  let gains = 0;
  counts.forEach((count, row) => {
    if (count === 0 || !isOnLattice(sampling, row)) return;
    acquisitions += count;
    measured += points[row];
    part += sampled[row];
    gains += gain[row];
  });
  const all = latticeRows(sampling, counts.length);
  return { averages: acquisitions / measured, sampledFraction: part / all, noiseGain: gains / all };
}
