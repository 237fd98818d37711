/** The modulus of an image. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';

/** Element by element. */
export function magnitudeOf({ data, shape }: ComplexArray): RealArray {
  const out = realZeros(shape);
  const moduli = out.data;
  for (let i = 0, k = 0; i < moduli.length; i++, k += 2) {
    moduli[i] = Math.sqrt(data[k] * data[k] + data[k + 1] * data[k + 1]);
  }
  return out;
}
