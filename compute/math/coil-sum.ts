/** Coil images weighted and added. */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros, plane, sizeOf } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

/** sum over the slowest axis of conj(weights) * images, both `[coil, ...]` of the same size -> `[...]`. */
export function conjugateCoilSum(weights: ComplexArray, images: ComplexArray): ComplexArray {
  return coilSum(weights, images, true);
}

/** sum over the slowest axis of weights * images, both `[coil, ...]` of the same size -> `[...]`. */
export function coilSum(weights: ComplexArray, images: ComplexArray, conjugate = false): ComplexArray {
  if (weights.data.length !== images.data.length || weights.shape[0] !== images.shape[0]) {
    throw new RangeError(`weights of shape [${weights.shape}] do not fit images of shape [${images.shape}]`);
  }
  const out = complexZeros(images.shape.slice(1));
  const count = sizeOf(out.shape);
  if (count === 0) return out;
  const padded = (count + 3) & ~3;
  const k = kernels();
  k.scoped((scratch) => {
    const sums = scratch.floats(2 * padded);
    const a = scratch.floats(2 * padded);
    const b = scratch.floats(2 * padded);
    const sumView = scratch.view(sums, 2 * padded).fill(0);
    const aView = scratch.view(a, 2 * padded).fill(0);
    const bView = scratch.view(b, 2 * padded).fill(0);
    for (let coil = 0; coil < weights.shape[0]; coil++) {
      aView.set(plane(weights, coil).data);
      bView.set(plane(images, coil).data);
      if (conjugate) k.addConjugateProducts(a, b, sums, padded);
      else k.addProducts(a, b, sums, padded);
    }
    out.data.set(sumView.subarray(0, 2 * count));
  });
  return out;
}
