/**
 * A convolution of k-space across coils (a GRAPPA kernel) in image space: with zero-filled coil images x~ the
 * reconstructed ones are x(r) = W(r) x~(r),
 *
 *   W(r) = I + sum over taps of w exp(-2 pi i (dx (x - cx) / nx + dy (y - cy) / ny))
 *
 * A combination y = q^H x is then a^H x~ with a = W^H q. Only a is kept, coils x pixels, never W.
 * (Breuer, Magn Reson Med 62:739, 2009, with another normalisation of W.)
 */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

/** Weights of the k-space points at k + (dx, dy) for the point at k: interleaved complex `[coil to, coil from]`. */
export interface Tap {
  readonly dx: number;
  readonly dy: number;
  readonly weights: Float64Array;
}

/** Columns that are worked on at once: the lanes of a vector. */
const LANES = 4;
/** Numbers of a cell: four real, four imaginary parts. */
const CELL = 8;

/**
 * a = W^H q, `[coil, y, x]`, for q = x / ||x|| (root of sums of squares) or for q = the given coil weights over
 * their norm. Zero where there is no signal (no weight).
 */
export function combinedWeights(
  taps: readonly Tap[],
  folded: ComplexArray,
  fixed?: ComplexArray,
): ComplexArray {
  const [coils, ny, nx] = folded.shape;
  const heights = [...new Set(taps.map(({ dy }) => dy))];
  const out = complexZeros(folded.shape);
  const block = CELL * coils * ny;
  const wavesLength = CELL * coils * coils * heights.length;
  const k = kernels();
  k.scoped((scratch) => {
    const waves = scratch.floats(wavesLength);
    const phases = scratch.floats(2 * ny * heights.length);
    const images = scratch.floats(block);
    const given = fixed ? scratch.floats(block) : 0;
    const adjoint = scratch.floats(block);
    const work = scratch.imageWeightsWork(coils);
    const wavesView = scratch.view(waves, wavesLength);
    scratch.view(phases, 2 * ny * heights.length).set(phasesAlong(heights, ny));
    for (let x = 0; x < nx; x += LANES) {
      fillWaves(wavesView, taps, heights, coils, nx, x);
      toCells(folded, x, scratch.view(images, block));
      if (fixed) toCells(fixed, x, scratch.view(given, block));
      k.imageWeights(waves, phases, images, given, adjoint, work, coils, heights.length, ny);
      fromCells(scratch.view(adjoint, block), x, out);
    }
  });
  return out;
}

/** exp(-2 pi i d (y - c) / n) as `[y, d]`. */
function phasesAlong(offsets: readonly number[], n: number): Float32Array {
  const out = new Float32Array(2 * n * offsets.length);
  const c = Math.floor(n / 2);
  for (let y = 0; y < n; y++) {
    offsets.forEach((d, t) => {
      const angle = (-2 * Math.PI * ((d * (y - c)) % n)) / n;
      out[2 * (y * offsets.length + t)] = Math.cos(angle);
      out[2 * (y * offsets.length + t) + 1] = Math.sin(angle);
    });
  }
  return out;
}

/** For four columns: the taps of one height summed with their phases along x, cells `[coil to, coil from, height]`. */
function fillWaves(
  cells: Float32Array,
  taps: readonly Tap[],
  heights: readonly number[],
  coils: number,
  nx: number,
  first: number,
): void {
  cells.fill(0);
  const c = Math.floor(nx / 2);
  for (const { dx, dy, weights } of taps) {
    const start = CELL * heights.indexOf(dy);
    const step = CELL * heights.length;
    for (let lane = 0; lane < LANES; lane++) {
      const angle = (-2 * Math.PI * ((dx * (first + lane - c)) % nx)) / nx;
      const re = Math.cos(angle);
      const im = Math.sin(angle);
      for (let p = 0, q = start + lane; p < 2 * coils * coils; p += 2, q += step) {
        cells[q] += weights[p] * re - weights[p + 1] * im;
        cells[q + 4] += weights[p] * im + weights[p + 1] * re;
      }
    }
  }
}

/** Four columns from `first` on as cells `[y, coil]`; columns beyond the edge are zero. */
function toCells({ data, shape }: ComplexArray, first: number, cells: Float32Array): void {
  const [coils, ny, nx] = shape;
  const count = Math.min(LANES, nx - first);
  for (let coil = 0; coil < coils; coil++) {
    for (let y = 0; y < ny; y++) {
      const p = 2 * ((coil * ny + y) * nx + first);
      const q = CELL * (y * coils + coil);
      for (let lane = 0; lane < LANES; lane++) {
        cells[q + lane] = lane < count ? data[p + 2 * lane] : 0;
        cells[q + lane + 4] = lane < count ? data[p + 2 * lane + 1] : 0;
      }
    }
  }
}

function fromCells(cells: Float32Array, first: number, { data, shape }: ComplexArray): void {
  const [coils, ny, nx] = shape;
  const count = Math.min(LANES, nx - first);
  for (let coil = 0; coil < coils; coil++) {
    for (let y = 0; y < ny; y++) {
      const p = 2 * ((coil * ny + y) * nx + first);
      const q = CELL * (y * coils + coil);
      for (let lane = 0; lane < count; lane++) {
        data[p + 2 * lane] = cells[q + lane];
        data[p + 2 * lane + 1] = cells[q + lane + 4];
      }
    }
  }
}
