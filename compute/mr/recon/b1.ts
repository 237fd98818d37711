/**
 * Combination with coil sensitivities ("B1-weighted"): y = s^H p / ||s||, the optimal linear combination of
 * whitened coil images p (Roemer, Magn Reson Med 16:192, 1990). Its noise is 1 where there are sensitivities,
 * 0 elsewhere. With the sensitivities p / ||p|| of the image itself this is the root of sums of squares.
 */
import { realZeros } from '../../array/complex.ts';
import { transformedCombination } from '../../math/transformed-combination.ts';
import { fixedCombination } from './fixed-combination.ts';
import { sensitivitiesOf } from './needed-maps.ts';
import type { CombinedImage, Reconstruction, Sensitivities, WhitenedSlice } from './reconstruction.ts';

export const b1: Reconstruction = {
  label: 'B1-weighted',
  needs: { fullSampling: true, sensitivities: true },
  reconstruct: (slice, options) => combineWithMaps(slice, sensitivitiesOf(slice, options)),
};

/** The combination of a fully sampled slice with its sensitivities. */
export function combineWithMaps({ kspace }: WhitenedSlice, sensitivities: Sensitivities): CombinedImage {
  const { maps } = sensitivities;
  const { image, magnitude, lengths } = transformedCombination(maps, kspace);
  const noiseDeviation = realZeros(lengths.shape);
  const [sizes, deviations] = [lengths.data, noiseDeviation.data];
  for (let i = 0; i < sizes.length; i++) deviations[i] = sizes[i] > 0 ? 1 : 0;
  return {
    magnitude,
    noiseDeviation,
    channels: 1,
    linear: fixedCombination(() => maps, lengths, image),
    gFactor: noiseDeviation,
    sensitivities,
  };
}
