/** Fully sampled coils combined with fixed weights, pixel by pixel. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import { noiseCombination } from '../../math/noise-combination.ts';
import { transformedCombination } from '../../math/transformed-combination.ts';
import type { LinearCombination } from './reconstruction.ts';
import { whiteNoise } from './white-noise.ts';

/**
 * y = w^H p / ||w|| of whitened coil images p: complex noise of variance 1, independent from pixel to pixel, 0
 * where w is 0. `weights` gives w `[coil, y, x]` to those who ask, `lengths` ||w||, `image` y of the slice itself.
 */
export function fixedCombination(
  weights: () => ComplexArray,
  lengths: RealArray,
  image: ComplexArray,
): LinearCombination {
  return {
    image,
    combine: (kspace) => transformedCombination(weights(), kspace).image,
    combineNoise: (normals) => noiseCombination(weights(), lengths, normals),
    drawNoise(normals) {
      const noise = whiteNoise(normals, image.shape);
      for (let i = 0; i < lengths.data.length; i++) {
        if (!(lengths.data[i] > 0)) noise.data.fill(0, 2 * i, 2 * i + 2);
      }
      return noise;
    },
    noiseCovariance() {
      const [ny, nx] = lengths.shape;
      const planes = complexZeros([1, ny, nx]);
      for (let i = 0; i < lengths.data.length; i++) planes.data[2 * i] = lengths.data[i] > 0 ? 1 : 0;
      return { factors: [1, 1], planes };
    },
  };
}

/** A real image as a complex one. */
export function complexOf({ data, shape }: RealArray): ComplexArray {
  const out = complexZeros(shape);
  for (let i = 0; i < data.length; i++) out.data[2 * i] = data[i];
  return out;
}
