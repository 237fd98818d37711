/**
 * Noise of a combination y(r) = a(r)^H x~(r) of zero-filled coil images whose sampled k-space is white noise.
 *
 * On a lattice that divides the grid, the x~ of the R pixels that fall together are the same noise up to a
 * phase: x~(r + m N / R) = x~(r) exp(2 pi i m (l0 - c) / R). Pixels of different sets are independent. So the y of
 * a set are jointly normal with the covariance (a_k^H a_l) phase_k conj(phase_l) / R, and R numbers per set
 * drawn through its Cholesky factor have the same distribution as the transform of full k-space noise.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros, sizeOf } from '../../array/complex.ts';
import type { NoiseCovariance, NormalSource, Sampling } from './reconstruction.ts';
import { whiteNoise } from './white-noise.ts';

/** A function that draws y, `[y, x]`, for `weights` a of shape `[coil, y, x]` on a grid that the lattice divides. */
export function aliasNoise(
  weights: ComplexArray,
  sampling: Sampling,
): (normals: NormalSource) => ComplexArray {
  const [, ny, nx] = weights.shape;
  const [rx, ry] = sampling.factors;
  const size = rx * ry;
  const sets = [ny / ry, nx / rx] as const;
  const places = placesOf(sets, sampling, nx);
  const factor = lowerFactors(gram(weights, places, sets, nx), size, sizeOf(sets));
  return (normals) => {
    const numbers = whiteNoise(normals, [size, ...sets]).data;
    const out = complexZeros([ny, nx]);
    const count = sizeOf(sets);
    for (let k = 0; k < size; k++) {
      const { start, re: pr, im: pi } = places[k];
      for (let s = 0; s < count; s++) {
        let re = 0;
        let im = 0;
        for (let l = 0; l <= k; l++) {
          const f = 2 * (((k * (k + 1)) / 2 + l) * count + s);
          const n = 2 * (l * count + s);
          re += factor[f] * numbers[n] - factor[f + 1] * numbers[n + 1];
          im += factor[f] * numbers[n + 1] + factor[f + 1] * numbers[n];
        }
        const p = 2 * (start + Math.floor(s / sets[1]) * nx + (s % sets[1]));
        out.data[p] = re * pr - im * pi;
        out.data[p + 1] = re * pi + im * pr;
      }
    }
    return out;
  };
}

/** The covariance that `aliasNoise` draws from. */
export function aliasCovariance(weights: ComplexArray, sampling: Sampling): NoiseCovariance {
  const [, ny, nx] = weights.shape;
  const [rx, ry] = sampling.factors;
  const sets = [ny / ry, nx / rx] as const;
  const places = placesOf(sets, sampling, nx);
  const products = gram(weights, places, sets, nx);
  const planes = complexZeros([(places.length * (places.length + 1)) / 2, ...sets]);
  const size = 2 * sizeOf(sets);
  for (let k = 0; k < places.length; k++) {
    for (let l = 0; l <= k; l++) {
      const re = places[k].re * places[l].re + places[k].im * places[l].im;
      const im = places[k].im * places[l].re - places[k].re * places[l].im;
      const from = ((k * (k + 1)) / 2 + l) * size;
      for (let f = from; f < from + size; f += 2) {
        planes.data[f] = re * products[f] - im * products[f + 1];
        planes.data[f + 1] = re * products[f + 1] + im * products[f];
      }
    }
  }
  return { factors: sampling.factors, planes };
}

/** One of the R parts of the image that fall together: its first pixel, and its phase. */
interface Place {
  readonly start: number;
  readonly re: number;
  readonly im: number;
}

function placesOf([sy, sx]: readonly [number, number], { factors, offsets }: Sampling, nx: number): Place[] {
  const [rx, ry] = factors;
  const turn = (part: number, offset: number, n: number, r: number): number =>
    ((part * (offset - Math.floor(n / 2))) % r) / r;
  return Array.from({ length: rx * ry }, (_, k) => {
    const [a, b] = [k % rx, Math.floor(k / rx)];
    const angle = 2 * Math.PI * (turn(a, offsets[0], sx * rx, rx) + turn(b, offsets[1], sy * ry, ry));
    return { start: b * sy * nx + a * sx, re: Math.cos(angle), im: Math.sin(angle) };
  });
}

/** a_k^H a_l / R for l <= k, `[k, l, set]`, in float64. */
function gram(
  { data, shape }: ComplexArray,
  places: readonly Place[],
  [sy, sx]: readonly [number, number],
  nx: number,
): Float64Array {
  const [coils, ny] = shape;
  const size = places.length;
  const count = sy * sx;
  const out = new Float64Array(size * (size + 1) * count);
  for (let coil = 0; coil < coils; coil++) {
    const base = coil * ny * nx;
    for (let k = 0; k < size; k++) {
      for (let l = 0; l <= k; l++) {
        let f = ((k * (k + 1)) / 2 + l) * 2 * count;
        for (let y = 0; y < sy; y++) {
          let p = 2 * (base + places[k].start + y * nx);
          let q = 2 * (base + places[l].start + y * nx);
          for (let x = 0; x < sx; x++, p += 2, q += 2, f += 2) {
            out[f] += (data[p] * data[q] + data[p + 1] * data[q + 1]) / size;
            out[f + 1] += (data[p] * data[q + 1] - data[p + 1] * data[q]) / size;
          }
        }
      }
    }
  }
  return out;
}

/** Cholesky factors of all sets, in place. Sets may have fewer independent rows than pixels: zero columns then. */
function lowerFactors(g: Float64Array, size: number, count: number): Float64Array {
  const at = (k: number, l: number, s: number): number => 2 * (((k * (k + 1)) / 2 + l) * count + s);
  for (let s = 0; s < count; s++) {
    for (let j = 0; j < size; j++) {
      const diagonal = g[at(j, j, s)];
      let pivot = diagonal;
      for (let m = 0; m < j; m++) pivot -= g[at(j, m, s)] ** 2 + g[at(j, m, s) + 1] ** 2;
      const root = pivot > 1e-12 * diagonal ? Math.sqrt(pivot) : 0;
      g[at(j, j, s)] = root;
      g[at(j, j, s) + 1] = 0;
      for (let i = j + 1; i < size; i++) {
        const p = at(i, j, s);
        for (let m = 0; m < j; m++) {
          const [a, b] = [at(i, m, s), at(j, m, s)];
          g[p] -= g[a] * g[b] + g[a + 1] * g[b + 1];
          g[p + 1] -= g[a + 1] * g[b] - g[a] * g[b + 1];
        }
        g[p] = root > 0 ? g[p] / root : 0;
        g[p + 1] = root > 0 ? g[p + 1] / root : 0;
      }
    }
  }
  return g;
}
