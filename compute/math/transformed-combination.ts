/** Coil images combined as they are transformed: they are never in memory all together. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, plane, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import { linesOfBlock } from './line-blocks.ts';

export interface Combined {
  /** y = w^H p / ||w||, `[y, x]`; 0 where w is 0. */
  readonly image: ComplexArray;
  /** |y|. */
  readonly magnitude: RealArray;
  /** ||w||, `[y, x]`. */
  readonly lengths: RealArray;
}

/**
 * The coil images p, centred unitary inverse transforms of `kspace` `[coil, y, x]`, combined with the weights w of the
 * same size. Neither is changed.
 */
export function transformedCombination(weights: ComplexArray, kspace: ComplexArray): Combined {
  const [coils, ny, nx] = kspace.shape;
  if (weights.data.length !== kspace.data.length || weights.shape[0] !== coils) {
    throw new RangeError(
      `weights of shape [${weights.shape}] do not fit a k-space of shape [${kspace.shape}]`,
    );
  }
  const image = complexZeros([ny, nx]);
  const [magnitude, lengths] = [realZeros([ny, nx]), realZeros([ny, nx])];
  const count = ny * nx;
  if (count === 0) return { image, magnitude, lengths };
  const padded = (count + 3) & ~3;
  const k = kernels();
  const [rows, columns] = [k.plan(nx), k.plan(ny)];
  k.scoped((scratch) => {
    const work = scratch.fftWork(Math.max(nx, ny));
    const sums = scratch.floats(2 * padded);
    const [squares, moduli] = [scratch.floats(padded), scratch.floats(padded)];
    const coilImage = scratch.floats(2 * padded);
    const lines = linesOfBlock(nx);
    const factors = scratch.floats(2 * (lines * nx + 4));
    const sumView = scratch.view(sums, 2 * padded).fill(0);
    const squareView = scratch.view(squares, padded).fill(0);
    const modulusView = scratch.view(moduli, padded).fill(0);
    const coilView = scratch.view(coilImage, 2 * padded).fill(0);
    const factorView = scratch.view(factors, 2 * (lines * nx + 4));
    for (let coil = 0; coil < coils; coil++) {
      coilView.set(plane(kspace, coil).data);
      const weightsOfCoil = plane(weights, coil).data;
      k.fftColumns(columns, coilImage, work, nx, 1, 1 / Math.sqrt(ny));
      for (let y = 0; y < ny; y += lines) {
        const from = y * nx;
        const to = Math.min(count, from + lines * nx);
        k.fftRows(rows, coilImage + 8 * from, work, Math.min(lines, ny - y), 1, 1 / Math.sqrt(nx));
        factorView.set(weightsOfCoil.subarray(2 * from, 2 * to));
        // Beyond the last pixel of the image its factors are 0.
        if (to === count) factorView.fill(0, 2 * (to - from));
        const length = (to - from + 3) & ~3;
        k.addConjugateProducts(factors, coilImage + 8 * from, sums + 8 * from, length);
        k.addSquares(factors, squares + 4 * from, length);
      }
    }
    k.scaledRoots(squares, padded, 1);
    k.divideByLengths(sums, squares, padded);
    k.addSquares(sums, moduli, padded);
    k.scaledRoots(moduli, padded, 1);
    image.data.set(sumView.subarray(0, 2 * count));
    magnitude.data.set(modulusView.subarray(0, count));
    lengths.data.set(squareView.subarray(0, count));
  });
  return { image, magnitude, lengths };
}
