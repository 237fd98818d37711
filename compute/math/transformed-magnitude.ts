/** Root of the sum of squared coil images, added as they are transformed: they are never in memory all together. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { plane, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import { linesOfBlock } from './line-blocks.ts';

/**
 * The images are the centred unitary inverse transforms of `kspace` `[coil, y, x]`, which is not changed.
 * Result `[y, x]`.
 */
export function transformedMagnitude(kspace: ComplexArray): RealArray {
  const [coils, ny, nx] = kspace.shape;
  const out = realZeros([ny, nx]);
  const count = ny * nx;
  if (count === 0) return out;
  const padded = (count + 3) & ~3;
  const lines = linesOfBlock(nx);
  const k = kernels();
  const [rows, columns] = [k.plan(nx), k.plan(ny)];
  k.scoped((scratch) => {
    const work = scratch.fftWork(Math.max(nx, ny));
    const [squares, image] = [scratch.floats(padded), scratch.floats(2 * padded)];
    const squareView = scratch.view(squares, padded).fill(0);
    const imageView = scratch.view(image, 2 * padded).fill(0);
    for (let coil = 0; coil < coils; coil++) {
      imageView.set(plane(kspace, coil).data);
      k.fftColumns(columns, image, work, nx, 1, 1 / Math.sqrt(ny));
      for (let y = 0; y < ny; y += lines) {
        const from = y * nx;
        const length = Math.min(padded - from, lines * nx);
        k.fftRows(rows, image + 8 * from, work, Math.min(lines, ny - y), 1, 1 / Math.sqrt(nx));
        k.addSquares(image + 8 * from, squares + 4 * from, length);
      }
    }
    k.scaledRoots(squares, padded, 1);
    out.data.set(squareView.subarray(0, count));
  });
  return out;
}
