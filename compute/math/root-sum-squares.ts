/** Root of the sum of squared magnitudes along the slowest axis. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { plane, realZeros, sizeOf } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

/** scale * sqrt(sum over the slowest axis of |array|^2): `[coil, ...]` -> `[...]`. */
export function rootSumSquares(array: ComplexArray, scale = 1): RealArray {
  const out = realZeros(array.shape.slice(1));
  const pixels = sizeOf(out.shape);
  if (pixels === 0) return out;
  const padded = (pixels + 3) & ~3;
  const k = kernels();
  k.scoped((scratch) => {
    const sums = scratch.floats(padded);
    const data = scratch.floats(2 * padded);
    const sumView = scratch.view(sums, padded).fill(0);
    const dataView = scratch.view(data, 2 * padded).fill(0);
    for (let coil = 0; coil < array.shape[0]; coil++) {
      dataView.set(plane(array, coil).data);
      k.addSquares(data, sums, padded);
    }
    k.scaledRoots(sums, padded, scale);
    out.data.set(sumView.subarray(0, pixels));
  });
  return out;
}
