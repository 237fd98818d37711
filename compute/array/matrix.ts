/**
 * Small dense complex matrices (coils x coils) in float64, row-major, real and imaginary parts apart.
 * Covariances, their factors and whitening matrices are of this type; images are ComplexArray.
 */
import type { ComplexArray } from './complex.ts';
import { complexZeros } from './complex.ts';

export interface ComplexMatrix {
  readonly size: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** A square matrix of zeros. */
export function zeroMatrix(size: number): ComplexMatrix {
  return { size, re: new Float64Array(size * size), im: new Float64Array(size * size) };
}

/** The matrix with every element multiplied by a real number. */
export function scaledMatrix({ size, re, im }: ComplexMatrix, factor: number): ComplexMatrix {
  return { size, re: re.map((x) => x * factor), im: im.map((x) => x * factor) };
}

/** The matrix as an interleaved complex float32 array of shape [row, column]. */
export function toComplexArray({ size, re, im }: ComplexMatrix): ComplexArray {
  const out = complexZeros([size, size]);
  for (let k = 0; k < size * size; k++) {
    out.data[2 * k] = re[k];
    out.data[2 * k + 1] = im[k];
  }
  return out;
}
