/**
 * GRAPPA of whitened coils, with the noise of its own kernel: x = W x~ per pixel (../../math/image-weights.ts), x~ the
 * zero-filled images of noise covariance I / R. For y = q^H x
 *
 *   SNR = sqrt(2) |q^H x| sqrt(R) / ||W^H q||,   g = ||W^H q|| / (R ||q||)
 *
 * q = x / ||x|| gives the root of sums of squares; with coil sensitivities s at hand q = s. Regularisation
 * is contained: the noise is that of the weights that were used. Acquired calibration lines are not put
 * into the image, for which the formula would not hold. At R = 1, W = I: plain RSS (or B1).
 */
import type { ComplexArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { conjugateCoilSum } from '../../math/coil-sum.ts';
import { centredFftInto } from '../../math/fft.ts';
import { combinedWeights } from '../../math/image-weights.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import { FULL } from '../lattice.ts';
import { aliasCovariance, aliasNoise } from './alias-noise.ts';
import type { GrappaKernel } from './grappa-kernel.ts';
import { GRAPPA_DEFAULTS, trainKernel } from './grappa-kernel.ts';
import { type LatticeGrid, latticeGrid } from './lattice-grid.ts';
import { magnitudeOf } from './magnitude.ts';
import type { CombinedImage, NormalSource, Reconstruction, Sampling } from './reconstruction.ts';

export const grappa: Reconstruction = {
  label: 'GRAPPA',
  needs: { fullSampling: false, calibration: true },
  reconstruct(whitened, options) {
    const { slice, place } = latticeGrid(whitened);
    const { kspace, sampling = FULL, calibration, sensitivities } = slice;
    const isFull = sampling.factors.every((factor) => factor === 1);
    if (!isFull && !calibration) throw new RangeError('the slice has no calibration lines');
    const kernel: GrappaKernel =
      isFull || !calibration
        ? { taps: [], warnings: [] }
        : trainKernel(calibration, sampling, { ...GRAPPA_DEFAULTS, ...options.grappa });
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    const weights = combinedWeights(kernel.taps, kspace, sensitivities?.maps);
    const channels = sensitivities ? 1 : isFull ? kspace.shape[0] : undefined;
    return { ...combined(weights, kspace, sampling, place), channels, warnings: kernel.warnings };
  },
};

function combined(
  weights: ComplexArray,
  folded: ComplexArray,
  sampling: Sampling,
  place: LatticeGrid['place'],
): Omit<CombinedImage, 'channels'> {
  const [, ny, nx] = folded.shape;
  const image = conjugateCoilSum(weights, folded);
  const lengths = rootSumSquares(weights);
  const part = 1 / (sampling.factors[0] * sampling.factors[1]);
  const noiseDeviation = realZeros([ny, nx]);
  const gFactor = realZeros([ny, nx]);
  for (let i = 0; i < lengths.data.length; i++) {
    noiseDeviation.data[i] = Math.sqrt(part) * lengths.data[i];
    gFactor.data[i] = part * lengths.data[i];
  }
  const combine = (kspace: ComplexArray): ComplexArray => {
    const placed = place(kspace);
    centredFftInto(placed, placed, [1, 2], 'inverse');
    return conjugateCoilSum(weights, placed);
  };
  let draw: ((normals: NormalSource) => ComplexArray) | undefined;
  return {
    magnitude: magnitudeOf(image),
    noiseDeviation,
    linear: {
      image,
      combine,
      drawNoise(normals) {
        draw ??= aliasNoise(weights, sampling);
        return draw(normals);
      },
      noiseCovariance: () => aliasCovariance(weights, sampling),
    },
    gFactor,
  };
}
