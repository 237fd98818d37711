/** Root sum of squares over the coils. */
import type { ComplexArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { centredFftInto } from '../../math/fft.ts';
import { multiplyLowerInto } from '../../math/lower-product.ts';
import { quadraticForm } from '../../math/quadratic-form.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import type { NoiseModel } from '../noise.ts';
import type { CombinedImage, Reconstruction } from './reconstruction.ts';

export const rss: Reconstruction = {
  label: 'Root sum of squares',
  needs: { fullSampling: true },
  reconstruct({ kspace, noise }, { rssUnweighted }) {
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    return rssUnweighted ? unweighted(kspace, noise) : whitened(kspace);
  },
};

/** y = ||p|| of whitened coil images p: the weights p / ||p|| are of unit length, so the noise is 1. */
function whitened(images: ComplexArray): CombinedImage {
  return { magnitude: rootSumSquares(images), noiseDeviation: undefined, channels: images.shape[0] };
}

/**
 * y = c^H c of the coil images c = L p before whitening, with the weights c as a scanner's plain RSS has
 * them: noise sqrt(c^H Sigma c). The common scale of c cancels in the SNR.
 */
function unweighted(images: ComplexArray, noise: NoiseModel): CombinedImage {
  multiplyLowerInto(images, noise.factor, images);
  const magnitude = rootSumSquares(images);
  for (let i = 0; i < magnitude.data.length; i++) magnitude.data[i] **= 2;
  const variance = quadraticForm(noise.covariance, images);
  const noiseDeviation = realZeros(variance.shape);
  for (let i = 0; i < variance.data.length; i++) noiseDeviation.data[i] = Math.sqrt(variance.data[i]);
  return { magnitude, noiseDeviation, channels: undefined };
}
