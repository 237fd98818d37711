/**
 * GRAPPA of whitened coils, with the noise of its own kernel: x = W x~ per pixel (./grappa-weights.ts), x~ the
 * zero-filled images of noise covariance f I, f the sampled part of the grid (1 / R). For y = q^H x
 *
 *   SNR = sqrt(2) |q^H x| / (sqrt(f) ||W^H q||),   g = f ||W^H q|| / ||q||
 *
 * q = x / ||x|| gives the root of sums of squares; with coil sensitivities s at hand q = s. Regularisation
 * is contained: the noise is that of the weights that were used. Acquired calibration lines are not put
 * into the image, for which the formula would not hold. At R = 1, W = I: plain RSS (or B1).
 */
import type { ComplexArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { conjugateCoilSum } from '../../math/coil-sum.ts';
import { centredFftInto } from '../../math/fft.ts';
import { rootSumSquares } from '../../math/root-sum-squares.ts';
import { decimateInPlace, FULL, sampledPart } from '../lattice.ts';
import { aliasNoise, hasAliasSets } from './alias-noise.ts';
import { magnitudeOf } from './b1.ts';
import type { GrappaKernel } from './grappa-kernel.ts';
import { GRAPPA_DEFAULTS, trainKernel } from './grappa-kernel.ts';
import { combinedWeights } from './grappa-weights.ts';
import type { CombinedImage, NormalSource, Reconstruction, Sampling } from './reconstruction.ts';
import { whiteNoise } from './white-noise.ts';

export const grappa: Reconstruction = {
  label: 'GRAPPA',
  needs: { fullSampling: false, calibration: true },
  reconstruct({ kspace, sampling = FULL, calibration, sensitivities }, options) {
    const isFull = sampling.factors.every((factor) => factor === 1);
    if (!isFull && !calibration) throw new RangeError('the slice has no calibration lines');
    const kernel: GrappaKernel =
      isFull || !calibration
        ? { taps: [], warnings: [] }
        : trainKernel(calibration, sampling, { ...GRAPPA_DEFAULTS, ...options.grappa });
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    const weights = combinedWeights(kernel.taps, kspace, sensitivities?.maps);
    const channels = sensitivities ? 1 : isFull ? kspace.shape[0] : undefined;
    return { ...combined(weights, kspace, sampling), channels, warnings: kernel.warnings };
  },
};

function combined(
  weights: ComplexArray,
  folded: ComplexArray,
  sampling: Sampling,
): Omit<CombinedImage, 'channels'> {
  const [, ny, nx] = folded.shape;
  const image = conjugateCoilSum(weights, folded);
  const lengths = rootSumSquares(weights);
  const part = sampledPart(sampling, [nx, ny]);
  const noiseDeviation = realZeros([ny, nx]);
  const gFactor = realZeros([ny, nx]);
  for (let i = 0; i < lengths.data.length; i++) {
    noiseDeviation.data[i] = Math.sqrt(part) * lengths.data[i];
    gFactor.data[i] = part * lengths.data[i];
  }
  const combine = (kspace: ComplexArray): ComplexArray => {
    centredFftInto(kspace, kspace, [1, 2], 'inverse');
    return conjugateCoilSum(weights, kspace);
  };
  let draw: ((normals: NormalSource) => ComplexArray) | undefined;
  return {
    magnitude: magnitudeOf(image),
    noiseDeviation,
    linear: {
      image,
      combine,
      drawNoise(normals) {
        draw ??= hasAliasSets(weights.shape, sampling)
          ? aliasNoise(weights, sampling)
          : (source) => {
              const noise = whiteNoise(source, weights.shape);
              decimateInPlace(noise, sampling);
              return combine(noise);
            };
        return draw(normals);
      },
    },
    gFactor,
  };
}
