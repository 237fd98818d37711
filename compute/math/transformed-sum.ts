/** Coil images weighted and added as they are transformed: they are never in memory all together. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, plane, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

export interface WeightedSum {
  /** sum over coils of conj(weights) * image, `[y, x]`. */
  readonly sum: ComplexArray;
  /** Root of the sum over coils of |weights|^2, `[y, x]`. */
  readonly lengths: RealArray;
}

/**
 * The images are the centred unitary inverse transforms of `kspace` `[coil, y, x]`, which is not changed; `weights`
 * are of the same size.
 */
export function transformedSum(weights: ComplexArray, kspace: ComplexArray): WeightedSum {
  const [coils, ny, nx] = kspace.shape;
  if (weights.data.length !== kspace.data.length || weights.shape[0] !== coils) {
    throw new RangeError(
      `weights of shape [${weights.shape}] do not fit a k-space of shape [${kspace.shape}]`,
    );
  }
  const [sum, lengths] = [complexZeros([ny, nx]), realZeros([ny, nx])];
  const count = ny * nx;
  if (count === 0) return { sum, lengths };
  const padded = (count + 3) & ~3;
  const k = kernels();
  const [rows, columns] = [k.plan(nx), k.plan(ny)];
  k.scoped((scratch) => {
    const work = scratch.fftWork(Math.max(nx, ny));
    const [sums, squares] = [scratch.floats(2 * padded), scratch.floats(padded)];
    const [image, factors] = [scratch.floats(2 * padded), scratch.floats(2 * padded)];
    const sumView = scratch.view(sums, 2 * padded).fill(0);
    const squareView = scratch.view(squares, padded).fill(0);
    const imageView = scratch.view(image, 2 * padded).fill(0);
    const factorView = scratch.view(factors, 2 * padded).fill(0);
    for (let coil = 0; coil < coils; coil++) {
      imageView.set(plane(kspace, coil).data);
      k.fftColumns(columns, image, work, nx, 1, 1 / Math.sqrt(ny));
      k.fftRows(rows, image, work, ny, 1, 1 / Math.sqrt(nx));
      factorView.set(plane(weights, coil).data);
      k.addConjugateProducts(factors, image, sums, padded);
      k.addSquares(factors, squares, padded);
    }
    k.scaledRoots(squares, padded, 1);
    sum.data.set(sumView.subarray(0, 2 * count));
    lengths.data.set(squareView.subarray(0, count));
  });
  return { sum, lengths };
}
