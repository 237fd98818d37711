/** Hermitian forms of the coil vector of every pixel. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { realZeros, sizeOf } from '../array/complex.ts';
import type { ComplexMatrix } from '../array/matrix.ts';

/** p^H matrix p for every pixel p of `[coil, ...]`; the matrix is Hermitian, its lower triangle is read. */
export function quadraticForm(matrix: ComplexMatrix, array: ComplexArray): RealArray {
  const coils = matrix.size;
  const out = realZeros(array.shape.slice(1));
  const pixels = sizeOf(out.shape);
  if (array.shape[0] !== coils) {
    throw new RangeError(`a ${coils} x ${coils} matrix does not fit the shape [${array.shape}]`);
  }
  const { data } = array;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let sum = 0;
    for (let i = 0; i < coils; i++) {
      const p = 2 * (i * pixels + pixel);
      const re = data[p];
      const im = data[p + 1];
      sum += matrix.re[i * coils + i] * (re * re + im * im);
      // The pair (i, j) and its mirror image add up to twice the real part of conj(p_i) m_ij p_j.
      for (let j = 0; j < i; j++) {
        const q = 2 * (j * pixels + pixel);
        const mr = matrix.re[i * coils + j];
        const mi = matrix.im[i * coils + j];
        const xr = mr * data[q] - mi * data[q + 1];
        const xi = mr * data[q + 1] + mi * data[q];
        sum += 2 * (re * xr + im * xi);
      }
    }
    out.data[pixel] = sum;
  }
  return out;
}
