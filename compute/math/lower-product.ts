/** Products of a lower-triangular matrix with the coil axis of an array: prewhitening, colouring. */
import type { ComplexArray } from '../array/complex.ts';
import { sizeOf } from '../array/complex.ts';
import type { ComplexMatrix } from '../array/matrix.ts';
import { kernels } from '../kernels/kernels.ts';

/** Samples per pass: all coils of one tile stay in the caches, and the scratch memory stays small. */
const TILE = 1024;

/**
 * out[i, s] = factor * sum over j <= i of matrix[i, j] array[j, s], for every sample s.
 * `array` is `[coil, ...]`, `out` of the same shape may be `array` itself. float32 arithmetic.
 */
export function multiplyLowerInto(
  out: ComplexArray,
  matrix: ComplexMatrix,
  array: ComplexArray,
  factor = 1,
): void {
  const coils = matrix.size;
  const samples = sizeOf(array.shape.slice(1));
  if (array.shape[0] !== coils || out.data.length !== array.data.length) {
    throw new RangeError(`a ${coils} x ${coils} matrix does not fit the shape [${array.shape}]`);
  }
  if (samples === 0) return;
  const k = kernels();
  const tile = Math.min(TILE, (samples + 7) & ~7);
  k.scoped((scratch) => {
    const weights = scratch.floats(2 * coils * coils);
    const data = scratch.floats(2 * coils * tile);
    const work = scratch.lowerWork(coils);
    const w = scratch.view(weights, 2 * coils * coils);
    for (let i = 0; i < coils * coils; i++) {
      w[2 * i] = factor * matrix.re[i];
      w[2 * i + 1] = factor * matrix.im[i];
    }
    const view = scratch.view(data, 2 * coils * tile);
    for (let start = 0; start < samples; start += tile) {
      const count = 2 * Math.min(tile, samples - start);
      for (let coil = 0; coil < coils; coil++) {
        const from = 2 * (coil * samples + start);
        view.set(array.data.subarray(from, from + count), 2 * coil * tile);
      }
      k.multiplyLower(weights, data, work, coils, tile);
      for (let coil = 0; coil < coils; coil++) {
        const row = 2 * coil * tile;
        out.data.set(view.subarray(row, row + count), 2 * (coil * samples + start));
      }
    }
  });
}
