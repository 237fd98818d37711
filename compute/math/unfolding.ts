/**
 * The separation of aliased pixels. Under undersampling by factors (rx, ry) the pixels
 * (i + a Nx / rx, j + b Ny / ry) coincide; set (i, j) has the R = rx ry aliases b rx + a. The formulas
 * are in ../kernels/assembly/unfold.ts.
 */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

export type Factors = readonly [x: number, y: number];

export interface Unfolding {
  readonly factors: Factors;
  /** U, `[coil, y, x]`: the image is the sum over coils of weights times the folded images. */
  readonly weights: ComplexArray;
  /** `[alias i, alias j >= i, y, x]` as R (R + 1) / 2 planes of folded size: times white noise of one number per alias. */
  readonly noiseFactors: ComplexArray;
  /** Standard deviation of the complex noise, `[y, x]`; 0 where the maps are zero or the set cannot be separated. */
  readonly deviation: RealArray;
  /** `[y, x]`; 0 in the same places. */
  readonly gFactor: RealArray;
}

/**
 * The unfolding for coil maps `[coil, y, x]` whose noise is white. Throws RangeError unless the factors
 * divide the size of the maps.
 */
export function unfoldingOf(maps: ComplexArray, factors: Factors): Unfolding {
  const [coils, ny, nx] = maps.shape;
  const [rx, ry] = factors;
  if (nx % rx !== 0 || ny % ry !== 0)
    throw new RangeError(`factors [${factors}] do not divide [${maps.shape}]`);
  const mx = nx / rx;
  const my = ny / ry;
  const aliases = rx * ry;
  const pairs = (aliases * (aliases + 1)) / 2;
  const weights = complexZeros(maps.shape);
  const noiseFactors = complexZeros([pairs, my, mx]);
  const deviation = realZeros([ny, nx]);
  const gFactor = realZeros([ny, nx]);
  const sets = (mx + 3) & ~3;
  const k = kernels();
  k.scoped((scratch) => {
    const e = scratch.floats(2 * aliases * coils * sets);
    const u = scratch.floats(2 * aliases * coils * sets);
    const f = scratch.floats(2 * aliases * aliases * sets);
    const d = scratch.floats(aliases * sets);
    const g = scratch.floats(aliases * sets);
    const work = scratch.unfoldWork(aliases, coils);
    const eView = scratch.view(e, 2 * aliases * coils * sets).fill(0);
    const uView = scratch.view(u, 2 * aliases * coils * sets);
    const fView = scratch.view(f, 2 * aliases * aliases * sets);
    const dView = scratch.view(d, aliases * sets);
    const gView = scratch.view(g, aliases * sets);
    for (let j = 0; j < my; j++) {
      for (let alias = 0; alias < aliases; alias++) {
        const pixel = (j + Math.floor(alias / rx) * my) * nx + (alias % rx) * mx;
        for (let coil = 0; coil < coils; coil++) {
          const from = 2 * (coil * ny * nx + pixel);
          eView.set(maps.data.subarray(from, from + 2 * mx), 2 * (alias * coils + coil) * sets);
        }
      }
      k.unfoldingWeights(e, u, f, d, g, work, aliases, coils, sets);
      let pair = 0;
      for (let alias = 0; alias < aliases; alias++) {
        const pixel = (j + Math.floor(alias / rx) * my) * nx + (alias % rx) * mx;
        for (let coil = 0; coil < coils; coil++) {
          const from = 2 * (alias * coils + coil) * sets;
          weights.data.set(uView.subarray(from, from + 2 * mx), 2 * (coil * ny * nx + pixel));
        }
        deviation.data.set(dView.subarray(alias * sets, alias * sets + mx), pixel);
        gFactor.data.set(gView.subarray(alias * sets, alias * sets + mx), pixel);
        for (let other = alias; other < aliases; other++, pair++) {
          const from = 2 * (alias * aliases + other) * sets;
          noiseFactors.data.set(fView.subarray(from, from + 2 * mx), 2 * (pair * my + j) * mx);
        }
      }
    }
  });
  return { factors, weights, noiseFactors, deviation, gFactor };
}

/** The image `[y, x]` of folded coil images `[coil, y / ry, x / rx]`. */
export function unfold({ weights, factors }: Unfolding, folded: ComplexArray): ComplexArray {
  const [coils, ny, nx] = weights.shape;
  const [rx] = factors;
  const [, my, mx] = folded.shape;
  const out = complexZeros([ny, nx]);
  const padded = (nx * ny + 3) & ~3;
  const k = kernels();
  k.scoped((scratch) => {
    const sums = scratch.floats(2 * padded);
    const w = scratch.floats(2 * padded);
    const f = scratch.floats(2 * padded);
    const sumView = scratch.view(sums, 2 * padded).fill(0);
    const wView = scratch.view(w, 2 * padded).fill(0);
    const fView = scratch.view(f, 2 * padded).fill(0);
    for (let coil = 0; coil < coils; coil++) {
      wView.set(weights.data.subarray(2 * coil * nx * ny, 2 * (coil + 1) * nx * ny));
      for (let row = 0; row < my; row++) {
        const from = 2 * (coil * my + row) * mx;
        const line = folded.data.subarray(from, from + 2 * mx);
        for (let a = 0; a < rx; a++) fView.set(line, 2 * (row * nx + a * mx));
      }
      for (let row = my; row < ny; row += my) fView.copyWithin(2 * row * nx, 0, 2 * my * nx);
      k.addProducts(w, f, sums, padded);
    }
    out.data.set(sumView.subarray(0, 2 * nx * ny));
  });
  return out;
}

/**
 * Noise of the unfolded image `[y, x]`, from R independent complex numbers per set: `white` holds R planes
 * of folded size of complex variance 1. Pixels of different sets are independent.
 */
export function unfoldedNoise({ noiseFactors, factors }: Unfolding, white: ComplexArray): ComplexArray {
  const [rx, ry] = factors;
  const [, my, mx] = noiseFactors.shape;
  const [nx, ny] = [mx * rx, my * ry];
  const aliases = rx * ry;
  const out = complexZeros([ny, nx]);
  const size = 2 * my * mx;
  const padded = (mx * my + 3) & ~3;
  const k = kernels();
  k.scoped((scratch) => {
    const sums = scratch.floats(2 * padded);
    const factor = scratch.floats(2 * padded);
    const numbers = scratch.floats(2 * aliases * padded);
    const sumView = scratch.view(sums, 2 * padded);
    const factorView = scratch.view(factor, 2 * padded).fill(0);
    const numberView = scratch.view(numbers, 2 * aliases * padded);
    for (let alias = 0; alias < aliases; alias++) {
      numberView.set(white.data.subarray(alias * size, (alias + 1) * size), 2 * alias * padded);
    }
    let pair = 0;
    for (let alias = 0; alias < aliases; alias++) {
      sumView.fill(0);
      for (let other = alias; other < aliases; other++, pair++) {
        factorView.set(noiseFactors.data.subarray(pair * size, (pair + 1) * size));
        k.addProducts(factor, numbers + 8 * other * padded, sums, padded);
      }
      for (let row = 0; row < my; row++) {
        const to = (row + Math.floor(alias / rx) * my) * nx + (alias % rx) * mx;
        out.data.set(sumView.subarray(2 * row * mx, 2 * (row + 1) * mx), 2 * to);
      }
    }
  });
  return out;
}

/** Covariance F F^H of the noise of `unfoldedNoise`, the pixels k and l <= k of each set: `[k (k + 1) / 2 + l, y, x]`. */
export function unfoldedCovariance({ noiseFactors, factors }: Unfolding): ComplexArray {
  const aliases = factors[0] * factors[1];
  const [, my, mx] = noiseFactors.shape;
  const out = complexZeros(noiseFactors.shape);
  const size = 2 * my * mx;
  const { data } = noiseFactors;
  // Row i of the factor begins with its diagonal: planes of pixels i, i + 1, ...
  const planeOf = (i: number, j: number): number => (i * aliases - (i * (i - 1)) / 2 + j - i) * size;
  for (let k = 0; k < aliases; k++) {
    for (let l = 0; l <= k; l++) {
      const to = ((k * (k + 1)) / 2 + l) * size;
      for (let m = k; m < aliases; m++) {
        const [a, b] = [planeOf(k, m), planeOf(l, m)];
        for (let s = 0; s < size; s += 2) {
          out.data[to + s] += data[a + s] * data[b + s] + data[a + s + 1] * data[b + s + 1];
          out.data[to + s + 1] += data[a + s + 1] * data[b + s] - data[a + s] * data[b + s + 1];
        }
      }
    }
  }
  return out;
}
