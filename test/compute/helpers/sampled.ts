/** Undersampled k-space of an object seen by coils, and maps to unfold it with. */
import type { ComplexArray } from '../../../compute/array/complex.ts';
import { complexFrom, complexZeros, plane, realZeros } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { decimateInPlace } from '../../../compute/mr/lattice.ts';
import type { WhitenedSlice } from '../../../compute/mr/recon/reconstruction.ts';
import { whiteNoiseModel } from './coils.ts';
import { complexNoise, normals } from './scan.ts';

export type Pair = readonly [number, number];

/** k-space of an object seen by coils, undersampled. */
export function sampled(
  maps: ComplexArray,
  object: Float32Array,
  factors: Pair,
  offsets: Pair = [0, 0],
): WhitenedSlice {
  const images = complexZeros(maps.shape);
  for (let c = 0; c < maps.shape[0]; c++) {
    const s = plane(maps, c).data;
    const out = plane(images, c).data;
    for (let k = 0; k < s.length; k += 2) {
      out[k] = s[k] * object[k] - s[k + 1] * object[k + 1];
      out[k + 1] = s[k] * object[k + 1] + s[k + 1] * object[k];
    }
  }
  const kspace = centredFft(images, [1, 2], 'forward');
  const sampling = { factors, offsets };
  decimateInPlace(kspace, sampling);
  return { kspace, noise: whiteNoiseModel(maps.shape[0]), sampling, sensitivities: withMask(maps) };
}

export function withMask(maps: ComplexArray) {
  return { maps, mask: realZeros(maps.shape.slice(1)) };
}

export function randomMaps(shape: readonly number[], seed = 1): ComplexArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return complexFrom(complexNoise(normals(seed), count), shape);
}
