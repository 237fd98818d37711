/** Products of a lower-triangular matrix with the coil axis of an array: prewhitening, colouring. */
import type { ComplexArray } from '../array/complex.ts';
import { sizeOf } from '../array/complex.ts';
import type { ComplexMatrix } from '../array/matrix.ts';
import { kernels } from '../kernels/kernels.ts';

/** Samples per pass: all coils of one tile stay in the caches, and the scratch memory stays small. */
const TILE = 1024;

/** Lines of `[coil, line, sample]`: from, from + step, ... below to. */
export interface Lines {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/**
 * out[i, s] = factor * sum over j <= i of matrix[i, j] array[j, s], for every sample s, or for those of `lines` only.
 * `array` is `[coil, ...]`, `out` of the same shape may be `array` itself. float32 arithmetic.
 */
export function multiplyLowerInto(
  out: ComplexArray,
  matrix: ComplexMatrix,
  array: ComplexArray,
  factor = 1,
  lines?: Lines,
): void {
  const coils = matrix.size;
  const samples = sizeOf(array.shape.slice(1));
  if (array.shape[0] !== coils || out.data.length !== array.data.length) {
    throw new RangeError(`a ${coils} x ${coils} matrix does not fit the shape [${array.shape}]`);
  }
  if (samples === 0) return;
  const line = sizeOf(array.shape.slice(2));
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
    const multiply = (from: number, to: number): void => {
      for (let start = from; start < to; start += tile) {
        const length = Math.min(tile, to - start);
        const count = 2 * length;
        // Rows of the tile lie as close as its samples need.
        const width = (length + 7) & ~7;
        for (let coil = 0; coil < coils; coil++) {
          const at = 2 * (coil * samples + start);
          view.set(array.data.subarray(at, at + count), 2 * coil * width);
        }
        k.multiplyLower(weights, data, work, coils, width);
        for (let coil = 0; coil < coils; coil++) {
          const row = 2 * coil * width;
          out.data.set(view.subarray(row, row + count), 2 * (coil * samples + start));
        }
      }
    };
    if (!lines) multiply(0, samples);
    else for (let y = lines.from; y < lines.to; y += lines.step) multiply(y * line, (y + 1) * line);
  });
}
