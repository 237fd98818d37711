/** Prewhitening: coils are mixed so that their noise is uncorrelated and of equal strength. */
import type { ComplexArray } from '../array/complex.ts';
import type { Lines } from '../math/lower-product.ts';
import { multiplyLowerInto } from '../math/lower-product.ts';
import type { NoiseModel } from './noise.ts';

/**
 * In place: k-space or image `[coil, ...]` whose noise covariance is `gain * Sigma` becomes one with
 * covariance I (complex variance 1, that is 0.5 per component). `lines`: those that were measured, if not all.
 */
export function prewhitenInPlace(array: ComplexArray, noise: NoiseModel, gain: number, lines?: Lines): void {
  multiplyLowerInto(array, noise.whitening, array, 1 / Math.sqrt(gain), lines);
}
