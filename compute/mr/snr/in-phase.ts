/**
 * The noise in phase with the signal, d = Re(conj(u) y), drawn without the rest of y. In every set of pixels that fall
 * together d is real and normal with the covariance
 *
 *   E[d_k d_l] = Re(conj(u_k) E[y_k conj(y_l)] u_l) / 2
 *
 * so that one real number per pixel, sent through its Cholesky factor, has the distribution of the noise of
 * all coils sent through the reconstruction.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { addCorrelatedNoise } from '../../math/correlated-noise.ts';
import type { NormalStream } from '../../math/random.ts';
import type { NoiseCovariance } from '../recon/reconstruction.ts';

/** Lower-triangular factors of the covariance of d, real planes `[k (k + 1) / 2 + l, set]`. */
export interface InPhaseNoise {
  readonly factors: readonly [x: number, y: number];
  /** Lines and columns of a plane. */
  readonly sets: readonly [number, number];
  readonly planes: Float32Array;
}

/** The factors for the phases conj(u) of an image `[y, x]`. */
export function inPhaseNoise({ factors, planes }: NoiseCovariance, phasors: Float32Array): InPhaseNoise {
  const [rx, ry] = factors;
  const size = rx * ry;
  const [, sy, sx] = planes.shape;
  const count = sy * sx;
  const out = new Float32Array((size * (size + 1) * count) / 2);
  const matrix = new Float64Array((size * (size + 1)) / 2);
  const start = Array.from({ length: size }, (_, k) => Math.floor(k / rx) * sy * sx * rx + (k % rx) * sx);
  for (let s = 0; s < count; s++) {
    const offset = Math.floor(s / sx) * sx * rx + (s % sx);
    for (let k = 0, pair = 0; k < size; k++) {
      const p = 2 * (start[k] + offset);
      for (let l = 0; l <= k; l++, pair++) {
        const q = 2 * (start[l] + offset);
        // conj(u_k) u_l
        const re = phasors[p] * phasors[q] + phasors[p + 1] * phasors[q + 1];
        const im = phasors[p + 1] * phasors[q] - phasors[p] * phasors[q + 1];
        const c = 2 * (pair * count + s);
        matrix[pair] = 0.5 * (re * planes.data[c] - im * planes.data[c + 1]);
      }
    }
    factorise(matrix, size);
    for (let pair = 0; pair < matrix.length; pair++) out[pair * count + s] = matrix[pair];
  }
  return { factors, sets: [sy, sx], planes: out };
}

/** Adds d^2 of a replica per stream to `sums` `[y, x]`. */
export function addInPhaseSquares(
  sums: Float32Array,
  { factors, sets, planes }: InPhaseNoise,
  streams: readonly NormalStream[],
): void {
  const [rx, ry] = factors;
  const [sy, sx] = sets;
  const parts = addCorrelatedNoise(planes, rx * ry, sy * sx, streams);
  for (let row = 0; row < rx * ry * sy; row++) {
    const k = Math.floor(row / sy);
    const to = ((Math.floor(k / rx) * sy + (row % sy)) * rx + (k % rx)) * sx;
    for (let x = 0; x < sx; x++) sums[to + x] += parts[row * sx + x];
  }
}

/** Cholesky, in place, of the lower triangle; pixels without noise of their own get zeros. */
function factorise(a: Float64Array, size: number): void {
  for (let j = 0; j < size; j++) {
    const rowJ = (j * (j + 1)) / 2;
    const diagonal = a[rowJ + j];
    let pivot = diagonal;
    for (let m = 0; m < j; m++) pivot -= a[rowJ + m] ** 2;
    const root = pivot > 1e-12 * diagonal ? Math.sqrt(pivot) : 0;
    a[rowJ + j] = root;
    for (let i = j + 1; i < size; i++) {
      const rowI = (i * (i + 1)) / 2;
      let value = a[rowI + j];
      for (let m = 0; m < j; m++) value -= a[rowI + m] * a[rowJ + m];
      a[rowI + j] = root > 0 ? value / root : 0;
    }
  }
}

/** conj(y) / |y|; 1 where y is 0. */
export function phasorsOf({ data }: ComplexArray): Float32Array {
  const out = new Float32Array(data.length);
  for (let k = 0; k < data.length; k += 2) {
    const modulus = Math.sqrt(data[k] * data[k] + data[k + 1] * data[k + 1]);
    out[k] = modulus > 0 ? data[k] / modulus : 1;
    out[k + 1] = modulus > 0 ? -data[k + 1] / modulus : 0;
  }
  return out;
}
