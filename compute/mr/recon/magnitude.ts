/** The modulus of an image. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';

/** Element by element. */
export function magnitudeOf({ data, shape }: ComplexArray): RealArray {
  const out = realZeros(shape);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = Math.sqrt(data[2 * i] * data[2 * i] + data[2 * i + 1] * data[2 * i + 1]);
  }
  return out;
}
