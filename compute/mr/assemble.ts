/**
 * From readouts to k-space, streaming: readouts are added as they come, so memory is one slice (or one 3-D slab)
 * whatever the number of averages.
 */
import type { ComplexArray } from '../array/complex.ts';
import { complexFrom, complexZeros } from '../array/complex.ts';
import { WorkerError } from '../errors.ts';
import type { RawScan, Readout, ReadoutIndex } from '../formats/scan.ts';
import { centredFftInto } from '../math/fft.ts';
import { mustBeFinite } from './finite.ts';
import type { KSpaceGrid, KSpaceSlice, MeasuredLines } from './kspace.ts';
import { latticeStatistics, partitionOf, rowOf } from './kspace.ts';
import { FULL } from './lattice.ts';
import { createOversamplingRemover } from './oversampling.ts';

/** The planes of a slab: k-space along x and y, image along z. A 2-D slice is a slab of one plane. */
export interface KSpaceSlab {
  /** `[coil, y, x]` each, in the direction of the slice normal. */
  readonly planes: readonly ComplexArray[];
  readonly lines: MeasuredLines;
}

/** Pixels of a slab that are transformed along z at a time. */
const TILE = 4096;

/**
 * Assembles the slab `slice` from the readouts that `wanted` selects: oversampling removed, acquisitions of
 * the same line averaged, lines without any left zero, transformed along z. Throws `input_unreadable` with
 * the place of what does not fit, and the reason of `signal` when that is aborted.
 */
export async function assembleSlab(
  scan: RawScan,
  grid: KSpaceGrid,
  slice: number,
  wanted: (readout: ReadoutIndex) => boolean,
  signal?: AbortSignal,
): Promise<KSpaceSlab> {
  const { coils, lines, columns, partitions } = grid;
  const planes = Array.from({ length: partitions }, () => complexZeros([coils, lines, columns]));
  const counts = new Uint32Array(partitions * lines);
  // Samples per line, in units of a full line; a partial echo counts less than 1.
  const measured = new Float64Array(partitions * lines);
  const removeOversampling = createOversamplingRemover(coils, grid.storedColumns, columns);
  let found = false;
  for await (const readout of scan.readouts((index) => index.slice === slice && wanted(index))) {
    signal?.throwIfAborted();
    mustFit(readout, grid);
    mustBeFinite(readout);
    found = true;
    const row = rowOf(grid, readout.line);
    const partition = partitionOf(grid, readout.partition);
    counts[partition * lines + row] += 1;
    measured[partition * lines + row] += readout.samples / grid.storedColumns;
    addLine(planes[partition], row, removeOversampling(onStoredGrid(readout, grid)));
  }
  if (!found) throw new WorkerError('input_unreadable', `Slice ${slice} has no image lines.`);
  planes.forEach((plane, partition) => {
    divideByCounts(plane, counts.subarray(partition * lines, (partition + 1) * lines));
  });
  transformAlongZ(planes);
  const first = Math.floor(partitions / 2) - Math.floor(grid.planes / 2);
  return { planes: planes.slice(first, first + grid.planes), lines: lineStatistics(grid, counts, measured) };
}

/** The same for a 2-D slice. */
export async function assembleSlice(
  scan: RawScan,
  grid: KSpaceGrid,
  slice: number,
  wanted: (readout: ReadoutIndex) => boolean,
  signal?: AbortSignal,
): Promise<KSpaceSlice> {
  const { planes, lines } = await assembleSlab(scan, grid, slice, wanted, signal);
  return { kspace: planes[0], ...lines, ...latticeStatistics(lines, FULL) };
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

function addLine({ data, shape }: ComplexArray, row: number, line: ComplexArray): void {
  const [coils, lines, columns] = shape;
  for (let coil = 0; coil < coils; coil++) {
    const to = 2 * (coil * lines + row) * columns;
    const from = 2 * coil * columns;
    for (let k = 0; k < 2 * columns; k++) data[to + k] += line.data[from + k];
  }
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

/** In place: the inverse transform across the planes, a tile of pixels at a time. */
function transformAlongZ(planes: readonly ComplexArray[]): void {
  if (planes.length < 2) return;
  const total = planes[0].data.length / 2;
  for (let start = 0; start < total; start += TILE) {
    const count = Math.min(TILE, total - start);
    const tile = complexZeros([planes.length, count]);
    planes.forEach(({ data }, z) => {
      tile.data.set(data.subarray(2 * start, 2 * (start + count)), 2 * z * count);
    });
    centredFftInto(tile, tile, [0], 'inverse');
    planes.forEach(({ data }, z) => {
      data.set(tile.data.subarray(2 * z * count, 2 * (z + 1) * count), 2 * start);
    });
  }
}

/** Counts of `[partition, line]` as what they mean for each line. */
function lineStatistics(
  { lines, partitions }: KSpaceGrid,
  counts: Uint32Array,
  measured: Float64Array,
): MeasuredLines {
  const out = {
    counts: new Uint32Array(lines),
    points: new Uint32Array(lines),
    sampled: new Float64Array(lines),
    gain: new Float64Array(lines),
  };
  counts.forEach((count, i) => {
    if (count === 0) return;
    const row = i % lines;
    out.counts[row] += count;
    out.points[row] += 1;
    out.sampled[row] += measured[i] / count / partitions;
    out.gain[row] += measured[i] / count ** 2 / partitions;
  });
  return out;
}
