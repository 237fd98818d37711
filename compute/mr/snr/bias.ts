/** SNR from a magnitude and its noise, and the bias of magnitudes. */
import type { RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import { chiMeanInverse } from '../../math/chi.ts';

/** magnitude / noise, divided by what `excess` says of the pixel; 0 where there is no noise. */
export function ratio(magnitude: RealArray, noise: RealArray, excess: (pixel: number) => number): RealArray {
  const out = realZeros(magnitude.shape);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = noise.data[i] > 0 ? magnitude.data[i] / (noise.data[i] * excess(i)) : 0;
  }
  return out;
}

/** In place: the true SNR of which `snr` is the mean. Throws `bad_options` where the distribution is not known. */
export function removeMagnitudeBias(snr: RealArray, channels: number | undefined): void {
  if (channels === undefined) {
    throw new WorkerError(
      'bad_options',
      'biasCorrection is not defined for this reconstruction: its magnitude has no known distribution.',
    );
  }
  const correct = chiMeanInverse(channels);
  for (let i = 0; i < snr.data.length; i++) snr.data[i] = correct(snr.data[i]);
}
