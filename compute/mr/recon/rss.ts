/**
 * Root sum of squares over the coils. As a linear combination its weights are the coil images themselves, and
 * they stay fixed when noise is sent through: a root of squares of noisy images would be biased where the
 * signal is weak.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros, realZeros, sizeOf } from '../../array/complex.ts';
import type { ComplexMatrix } from '../../array/matrix.ts';
import { centredFftInto } from '../../math/fft.ts';
import { multiplyLowerInto } from '../../math/lower-product.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import { transformedMagnitude } from '../../math/transformed-magnitude.ts';
import type { NoiseModel } from '../noise.ts';
import { complexOf, fixedCombination } from './fixed-combination.ts';
import type { CombinedImage, LinearCombination, Reconstruction } from './reconstruction.ts';

export const rss: Reconstruction = {
  label: 'Root sum of squares',
  needs: { fullSampling: true },
  reconstruct({ kspace, noise }, { rssUnweighted }) {
    return rssUnweighted ? unweighted(kspace, noise) : whitened(kspace);
  },
};

/**
 * y = ||p|| of whitened coil images p: the weights p / ||p|| are of unit length, so the noise is 1. The images
 * themselves are made when replicas ask for them.
 */
function whitened(kspace: ComplexArray): CombinedImage {
  const magnitude = transformedMagnitude(kspace);
  let images: ComplexArray | undefined;
  let linear: LinearCombination | undefined;
  const weights = (): ComplexArray => {
    if (!images) {
      images = kspace;
      centredFftInto(images, images, [1, 2], 'inverse');
    }
    return images;
  };
  return {
    magnitude,
    noiseDeviation: undefined,
    channels: kspace.shape[0],
    get linear() {
      linear ??= fixedCombination(weights, magnitude, complexOf(magnitude));
      return linear;
    },
  };
}

/**
 * The SNR of c^H c, of the coil images c = L p before whitening, with the weights c as a scanner's plain RSS has
 * them: noise sqrt(c^H Sigma c). In whitened coils that is w^H p with w = L^H c; here it is divided by
 * ||w|| = sqrt(c^H Sigma c), which cancels in the SNR.
 */
function unweighted(kspace: ComplexArray, noise: NoiseModel): CombinedImage {
  centredFftInto(kspace, kspace, [1, 2], 'inverse');
  const images = kspace;
  multiplyLowerInto(images, noise.factor, images);
  const squares = rootSumSquares(images);
  const weights = adjointProduct(noise.factor, images);
  const lengths = rootSumSquares(weights);
  const magnitude = realZeros(lengths.shape);
  for (let i = 0; i < magnitude.data.length; i++) {
    magnitude.data[i] = lengths.data[i] > 0 ? squares.data[i] ** 2 / lengths.data[i] : 0;
  }
  return {
    magnitude,
    noiseDeviation: undefined,
    channels: undefined,
    get linear() {
      return fixedCombination(() => weights, lengths, complexOf(magnitude));
    },
  };
}

/** L^H c for every pixel of `[coil, ...]`. */
function adjointProduct({ size, re, im }: ComplexMatrix, { data, shape }: ComplexArray): ComplexArray {
  const out = complexZeros(shape);
  const count = 2 * sizeOf(shape.slice(1));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const [fr, fi] = [re[i * size + j], -im[i * size + j]];
      for (let from = i * count, to = j * count; from < (i + 1) * count; from += 2, to += 2) {
        out.data[to] += fr * data[from] - fi * data[from + 1];
        out.data[to + 1] += fr * data[from + 1] + fi * data[from];
      }
    }
  }
  return out;
}
