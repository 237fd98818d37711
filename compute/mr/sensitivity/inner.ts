/**
 * Sensitivities from the reference image itself: s = p / ||p|| of its whitened coil images p, 0 where p is 0.
 * If the reference is the image (fully sampled), the combination s^H p is ||p||: B1 is then RSS, including
 * the bias of its background.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { centredFft } from '../../math/fft.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import type { SensitivityEstimator } from './estimator.ts';
import { hannWindowed } from './hann.ts';

/** The reference lines as they are: few lines ring (Gibbs). */
export const inner: SensitivityEstimator = {
  label: 'Internal reference',
  estimate: ({ kspace }) => ({ maps: unitLength(centredFft(kspace, [1, 2], 'inverse')) }),
};

/** The calibration lines under a Hann window, which does not ring. */
export const innerAcl: SensitivityEstimator = {
  label: 'Internal reference, Hann-windowed calibration lines',
  estimate(reference) {
    const windowed = hannWindowed(reference);
    return { maps: unitLength(centredFft(windowed, [1, 2], 'inverse')) };
  },
};

/** In place: every pixel's coil vector divided by its length; 0 stays 0. */
export function unitLength(images: ComplexArray): ComplexArray {
  const lengths = rootSumSquares(images).data;
  for (let i = 0; i < lengths.length; i++) lengths[i] = lengths[i] > 0 ? 1 / lengths[i] : 0;
  const { data, shape } = images;
  const pixels = lengths.length;
  for (let coil = 0; coil < shape[0]; coil++) {
    const start = 2 * coil * pixels;
    for (let i = 0; i < pixels; i++) {
      data[start + 2 * i] *= lengths[i];
      data[start + 2 * i + 1] *= lengths[i];
    }
  }
  return images;
}
