/**
 * The noise of one sample of the working k-space (after oversampling removal, before averaging):
 *
 *   Sigma = 1 / (M o beta) * (tau_noise / tau_image) * sum over m of eta_m eta_m^H
 *
 * M samples per coil; o the oversampling factor that was removed from the signal (halving the variance)
 * but not from the noise; beta the noise-equivalent bandwidth ratio of the receiver; tau the dwell times.
 * Sigma is the complex covariance E[n n^H]: variance of real plus imaginary part. The same formula as in
 * Kellman and McVeigh, Magn Reson Med 54:1439 (2005), written for the complex variance.
 */
import type { ComplexMatrix } from '../array/matrix.ts';
import { scaledMatrix, zeroMatrix } from '../array/matrix.ts';
import { WorkerError } from '../errors.ts';
import { cholesky, conditionNumber, invertLower, NotPositiveDefiniteError } from '../math/cholesky.ts';
import type { NoiseFactors } from './noise-factors.ts';
import type { NoiseStatistics } from './noise-statistics.ts';

const WORST_CONDITION = 1e8;
const REGULARISATION = 1e-10;

export interface NoiseModel extends NoiseFactors {
  /** M: noise samples per coil. */
  readonly samples: number;
  /** Sigma, `[coil, coil]`. */
  readonly covariance: ComplexMatrix;
  /** Sigma_ij / sqrt(Sigma_ii Sigma_jj), complex. */
  readonly correlation: ComplexMatrix;
  /** L with L L^H = Sigma (regularised if `regularised`). */
  readonly factor: ComplexMatrix;
  /** L^-1: turns k-space into white noise of complex variance 1. */
  readonly whitening: ComplexMatrix;
  readonly conditionNumber: number;
  readonly regularised: boolean;
  readonly warnings: readonly string[];
}

/**
 * The model from the statistics and the factors of the formula. Throws `noise_missing` with fewer samples
 * than coils, `noise_mismatch` naming the coil that has no noise of its own.
 */
export function noiseModel(statistics: NoiseStatistics, factors: NoiseFactors): NoiseModel {
  const { coils, samples, products } = statistics;
  if (samples < coils) {
    throw new WorkerError(
      'noise_missing',
      `The noise scan has ${samples} samples per coil; ${coils} coils need at least ${coils}, better ${100 * coils}.`,
    );
  }
  const { oversampling, bandwidthRatio, dwellRatio } = factors;
  const covariance = scaledMatrix(products, dwellRatio / (samples * oversampling * bandwidthRatio));
  mustHaveNoise(covariance);
  const warnings = [...factors.warnings];
  const factored = factorise(covariance, warnings);
  if (samples < 10 * coils) {
    warnings.push(
      `Only ${samples} noise samples for ${coils} coils: each element of the noise covariance is uncertain by ` +
        `about ${Math.round(100 / Math.sqrt(samples))} %.`,
    );
  }
  if (bandwidthRatio < 0.6) {
    warnings.push(
      `The bandwidth ratio of the noise scan is ${bandwidthRatio.toFixed(3)}, below 0.6: it is probably not pure noise.`,
    );
  }
  return { ...factors, samples, covariance, correlation: correlationOf(covariance), ...factored, warnings };
}

/** The model where no noise was measured: coils of equal, independent noise, from no samples. */
export function unitNoise(coils: number): NoiseModel {
  const identity = zeroMatrix(coils);
  for (let i = 0; i < coils; i++) identity.re[i * coils + i] = 1;
  return {
    samples: 0,
    covariance: identity,
    correlation: identity,
    factor: identity,
    whitening: identity,
    conditionNumber: 1,
    regularised: false,
    oversampling: 1,
    bandwidthRatio: 1,
    bandwidthSource: 'cropped',
    noiseDwellMicroseconds: undefined,
    imageDwellMicroseconds: undefined,
    dwellRatio: 1,
    warnings: ['No noise was measured: the coils are taken as they are, not whitened.'],
  };
}

/** A coil without any noise is switched off, unplugged, or not in the noise scan. */
function mustHaveNoise({ size, re }: ComplexMatrix): void {
  const variances = Array.from({ length: size }, (_, i) => re[i * size + i]);
  const largest = Math.max(...variances);
  const silent = variances.findIndex((variance) => !(variance > 1e-12 * largest));
  if (silent >= 0) {
    throw new WorkerError(
      'noise_mismatch',
      `Coil ${silent} has no noise in the noise scan: its covariance is singular.`,
    );
  }
}

function factorise(
  covariance: ComplexMatrix,
  warnings: string[],
): Pick<NoiseModel, 'factor' | 'whitening' | 'conditionNumber' | 'regularised'> {
  let reason: string;
  try {
    const factor = cholesky(covariance);
    const whitening = invertLower(factor);
    const condition = conditionNumber(factor, whitening);
    if (condition <= WORST_CONDITION)
      return { factor, whitening, conditionNumber: condition, regularised: false };
    reason = `has a condition number of ${condition.toExponential(1)}`;
  } catch (error) {
    if (!(error instanceof NotPositiveDefiniteError)) throw error;
    reason = `is singular: coil ${error.row} has no noise that is independent of the coils before it`;
  }
  warnings.push(
    `The noise covariance ${reason}. A multiple ${REGULARISATION} of its mean diagonal was added.`,
  );
  const factor = cholesky(regularise(covariance));
  const whitening = invertLower(factor);
  return { factor, whitening, conditionNumber: conditionNumber(factor, whitening), regularised: true };
}

function regularise(covariance: ComplexMatrix): ComplexMatrix {
  const { size } = covariance;
  const out = scaledMatrix(covariance, 1);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += covariance.re[i * size + i];
  for (let i = 0; i < size; i++) out.re[i * size + i] += (REGULARISATION * trace) / size;
  return out;
}

/** Complex correlation coefficients of a covariance. */
function correlationOf(covariance: ComplexMatrix): ComplexMatrix {
  const { size, re, im } = covariance;
  const out = zeroMatrix(size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const scale = 1 / Math.sqrt(re[i * size + i] * re[j * size + j]);
      out.re[i * size + j] = re[i * size + j] * scale;
      out.im[i * size + j] = im[i * size + j] * scale;
    }
  }
  return out;
}
