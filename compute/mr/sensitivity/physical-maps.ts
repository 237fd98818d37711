/** Sensitivities of the coils as they are, before whitening: what files hold. */
import type { ComplexArray } from '../../array/complex.ts';
import { complexFrom } from '../../array/complex.ts';
import { multiplyLowerInto } from '../../math/lower-product.ts';
import type { NoiseModel } from '../noise.ts';
import { unitLength } from './inner.ts';

/** L s of whitened maps s `[coil, y, x]`, every pixel's vector of unit length; 0 stays 0. */
export function physicalMaps(maps: ComplexArray, noise: NoiseModel): ComplexArray {
  const out = complexFrom(new Float32Array(maps.data.length), maps.shape);
  multiplyLowerInto(out, noise.factor, maps);
  return unitLength(out);
}

/** The way back: whitened maps, up to a factor per pixel, which changes nothing. */
export function whitenedMaps(maps: ComplexArray, noise: NoiseModel): ComplexArray {
  const out = complexFrom(new Float32Array(maps.data.length), maps.shape);
  multiplyLowerInto(out, noise.whitening, maps);
  return unitLength(out);
}
