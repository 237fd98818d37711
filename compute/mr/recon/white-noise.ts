/** White complex noise. */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import type { NormalSource } from './reconstruction.ts';

/** Independent numbers of complex variance 1 (0.5 per component). */
export function whiteNoise(normals: NormalSource, shape: readonly number[]): ComplexArray {
  const noise = complexZeros(shape);
  normals.fill(noise.data, Math.SQRT1_2);
  return noise;
}
