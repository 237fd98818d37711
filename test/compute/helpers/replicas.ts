/** Slices and statistics for tests of methods with replicas. */
import { type ComplexArray, complexFrom, realZeros } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import type { Reconstruction, WhitenedSlice } from '../../../compute/mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from '../../../compute/mr/recon/registry.ts';
import { unitLength } from '../../../compute/mr/sensitivity/inner.ts';
import type { MethodOptions, ReplicaOptions } from '../../../compute/mr/snr/method.ts';
import { METHODS } from '../../../compute/mr/snr/registry.ts';
import { coilImages, decimatedSlice, whiteNoiseModel } from './coils.ts';

export const REPLICAS: ReplicaOptions = {
  count: 128,
  seed: 1,
  mode: 'fast',
  pooledQuadratures: false,
  rssMagnitude: false,
  finiteCorrection: false,
  boxSize: 9,
  boxSizeCompatibility: false,
  neighbouringDifference: false,
};

export function optionsOf(replicas: Partial<ReplicaOptions> = {}): MethodOptions {
  return { biasCorrection: false, rssUnweighted: false, replicas: { ...REPLICAS, ...replicas } };
}

export type CaseName = 'rss' | 'b1' | 'sense' | 'grappa';

export interface Case {
  readonly name: CaseName;
  readonly reconstruction: Reconstruction;
  /** Fresh each time: reconstructions use slices up. */
  slice(): WhitenedSlice;
}

/** The same object for every reconstruction; SENSE and GRAPPA with R = 2 along y. */
export function cases(shape: readonly [number, number, number]): Case[] {
  const noisy = coilImages(shape);
  const clean = coilImages(shape, { noise: 0 });
  const full = (): WhitenedSlice => ({
    kspace: centredFft(noisy, [1, 2], 'forward'),
    noise: whiteNoiseModel(shape[0]),
  });
  const sensitivities = { maps: unitLength(clean), mask: ones(shape.slice(1)) };
  return [
    { name: 'rss', reconstruction: RECONSTRUCTIONS.rss, slice: full },
    { name: 'b1', reconstruction: RECONSTRUCTIONS.b1, slice: () => ({ ...full(), sensitivities }) },
    {
      name: 'sense',
      reconstruction: RECONSTRUCTIONS.sense,
      slice: () => ({ ...decimatedSlice(noisy, [1, 2], [null, 24]), sensitivities }),
    },
    {
      name: 'grappa',
      reconstruction: RECONSTRUCTIONS.grappa,
      slice: () => decimatedSlice(noisy, [1, 2], [24, 24]),
    },
  ];
}

function ones(shape: readonly number[]) {
  const out = realZeros(shape);
  out.data.fill(1);
  return out;
}

/** The analytic SNR of a case. */
export function analyticSnr({ slice, reconstruction }: Case): Float32Array {
  return METHODS.ac.snr(slice(), reconstruction, optionsOf()).data;
}

/** Pixels well inside the object: above 20 % of the largest value. */
export function objectOf(map: Float32Array): number[] {
  const threshold = 0.2 * map.reduce((a, b) => Math.max(a, b), 0);
  return [...map.keys()].filter((i) => map[i] > threshold);
}

export interface Statistics {
  readonly mean: number;
  readonly deviation: number;
  readonly median: number;
  readonly count: number;
}

/** Of map / reference over the given pixels. */
export function ratios(map: Float32Array, reference: Float32Array, pixels: readonly number[]): Statistics {
  return statistics(pixels.map((i) => map[i] / reference[i]));
}

export function statistics(values: readonly number[]): Statistics {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (count - 1));
  const median = [...values].sort((a, b) => a - b)[Math.floor(count / 2)];
  return { mean, deviation, median, count };
}

/** Largest distance of two empirical distribution functions, in units of sqrt((n + m) / (n m)) (Smirnov). */
export function smirnov(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((values) => [...values].sort((p, q) => p - q));
  let [i, j, distance] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i], y[j]);
    while (x[i] === value) i += 1;
    while (y[j] === value) j += 1;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  return distance * Math.sqrt((x.length * y.length) / (x.length + y.length));
}

export function copied({ data, shape }: ComplexArray): ComplexArray {
  return complexFrom(data.slice(), shape);
}

/** True if both have the same bytes: a comparison that stays quick when it fails. */
export function sameBytes(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [a, b].map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return x.equals(y);
}
