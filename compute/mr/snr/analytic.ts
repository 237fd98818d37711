/**
 * The analytic method ("array combining"): signal and noise of every pixel by formula.
 *
 *   SNR = sqrt(2) |y| / sigma,  sigma^2 the complex noise variance of y
 *
 * (Kellman and McVeigh, Magn Reson Med 54:1439, 2005, with the erratum of 2007.) The root of two: only the
 * component of the noise in phase with the signal changes a magnitude, and it has half the complex variance.
 */
import { realZeros } from '../../array/complex.ts';
import { removeMagnitudeBias } from './bias.ts';
import { withSnr } from './prepare.ts';

export const analytic = withSnr({
  label: 'Analytic (array combining)',
  needs: { noise: true },
  pieces: () => 0,
  piece: () => new Float32Array(0),
  collect: ({ magnitude, noiseDeviation, channels }, { biasCorrection }) => ({
    add: () => undefined,
    finish() {
      const snr = realZeros(magnitude.shape);
      const { data } = snr;
      const [signal, noise] = [magnitude.data, noiseDeviation?.data];
      for (let i = 0; i < data.length; i++) {
        const sigma = noise ? noise[i] : 1;
        data[i] = sigma > 0 ? (Math.SQRT2 * signal[i]) / sigma : 0;
      }
      if (biasCorrection) removeMagnitudeBias(snr, channels);
      return { snr };
    },
  }),
});
