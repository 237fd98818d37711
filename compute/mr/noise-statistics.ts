/**
 * What is taken from the noise readouts, one after the other, without keeping them: the sum of
 * products over coils and the mean power spectrum along the readout.
 */
import { complexFrom } from '../array/complex.ts';
import type { ComplexMatrix } from '../array/matrix.ts';
import { zeroMatrix } from '../array/matrix.ts';
import { centredFft } from '../math/fft.ts';

/** Lines with fewer samples say nothing about the bandwidth. */
const SHORTEST_SPECTRUM = 32;

export interface NoiseStatistics {
  readonly coils: number;
  /** Samples per coil over all readouts (M). */
  readonly samples: number;
  readonly readouts: number;
  /** sum over samples of eta_i conj(eta_j). */
  readonly products: ComplexMatrix;
  /** Noise-equivalent bandwidth ratio from the spectra; undefined if the lines are too short. */
  readonly bandwidthRatio: number | undefined;
}

export interface NoiseAccumulator {
  /** Adds one readout, interleaved complex `[coil][sample]`. */
  add(data: Float32Array, samples: number): void;
  finish(): NoiseStatistics;
}

/** Starts the statistics of `coils` coils. */
export function createNoiseAccumulator(coils: number): NoiseAccumulator {
  const sums = zeroMatrix(coils);
  let total = 0;
  let readouts = 0;
  let length = 0;
  let power: Float64Array | undefined;

  function addSpectrum(data: Float32Array): void {
    power ??= new Float64Array(coils * length);
    const spectrum = centredFft(complexFrom(data, [coils, length]), [1], 'forward').data;
    for (let k = 0; k < power.length; k++) power[k] += spectrum[2 * k] ** 2 + spectrum[2 * k + 1] ** 2;
  }

  return {
    add(data, samples) {
      addProducts(sums, data, samples);
      total += samples;
      readouts += 1;
      if (length === 0) length = samples;
      if (samples === length && samples >= SHORTEST_SPECTRUM) addSpectrum(data);
    },
    finish() {
      mirror(sums);
      const bandwidthRatio = power && bandwidthRatioOf(power, coils, length);
      return { coils, samples: total, readouts, products: sums, bandwidthRatio };
    },
  };
}

/** Adds the products of one readout to the lower triangle. */
function addProducts(sums: ComplexMatrix, data: Float32Array, samples: number): void {
  const coils = sums.size;
  for (let i = 0; i < coils; i++) {
    const a = 2 * i * samples;
    for (let j = 0; j <= i; j++) {
      const b = 2 * j * samples;
      let re = 0;
      let im = 0;
      for (let s = 0; s < 2 * samples; s += 2) {
        const ar = data[a + s];
        const ai = data[a + s + 1];
        const br = data[b + s];
        const bi = data[b + s + 1];
        re += ar * br + ai * bi;
        im += ai * br - ar * bi;
      }
      sums.re[i * coils + j] += re;
      sums.im[i * coils + j] += im;
    }
  }
}

function mirror(m: ComplexMatrix): void {
  const n = m.size;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      m.re[j * n + i] = m.re[i * n + j];
      m.im[j * n + i] = -m.im[i * n + j];
    }
  }
}

/**
 * Mean power over the mean power of the middle half of the band, averaged over coils: below 1 where the
 * receiver's filter cuts the edges. The bins of the middle half are 0 .. n/4 - 1 and 3n/4 - 1 .. n - 1 of
 * the uncentred spectrum, which stand floor(n/2) further in the centred one. NaN if no coil has power.
 */
function bandwidthRatioOf(power: Float64Array, coils: number, n: number): number {
  const quarter = Math.floor(n / 4);
  const threeQuarters = Math.floor((3 * n) / 4) - 1;
  let ratios = 0;
  let used = 0;
  for (let coil = 0; coil < coils; coil++) {
    let all = 0;
    let middle = 0;
    let bins = 0;
    for (let k = 0; k < n; k++) {
      const value = power[coil * n + ((k + Math.floor(n / 2)) % n)];
      all += value;
      if (k >= quarter && k < threeQuarters) continue;
      middle += value;
      bins += 1;
    }
    if (middle === 0) continue;
    ratios += all / n / (middle / bins);
    used += 1;
  }
  return ratios / used;
}
