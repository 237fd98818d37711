/**
 * The analytic method ("array combining"): signal and noise of every pixel by formula.
 *
 *   SNR = sqrt(2) |y| / sigma,  sigma^2 the complex noise variance of y
 *
 * (Kellman and McVeigh, Magn Reson Med 54:1439, 2005, with the erratum of 2007.) The root of two: only the
 * component of the noise in phase with the signal changes a magnitude, and it has half the complex variance.
 */
import { realZeros } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import { chiMeanInverse } from '../../math/chi.ts';
import type { Method } from './method.ts';

export const analytic: Method = {
  label: 'Analytic (array combining)',
  needs: { noise: true },
  snr(slice, reconstruction, options) {
    const { magnitude, noiseDeviation, channels } = reconstruction.reconstruct(slice, options);
    const snr = realZeros(magnitude.shape);
    for (let i = 0; i < snr.data.length; i++) {
      const sigma = noiseDeviation ? noiseDeviation.data[i] : 1;
      snr.data[i] = sigma > 0 ? (Math.SQRT2 * magnitude.data[i]) / sigma : 0;
    }
    if (!options.biasCorrection) return snr;
    if (channels === undefined) {
      throw new WorkerError(
        'bad_options',
        'biasCorrection is not defined for the unweighted root sum of squares.',
      );
    }
    const correct = chiMeanInverse(channels);
    for (let i = 0; i < snr.data.length; i++) snr.data[i] = correct(snr.data[i]);
    return snr;
  },
};
