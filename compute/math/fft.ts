/**
 * The one Fourier transform of the worker: centred and unitary, on chosen axes.
 *
 *   X[u] = N^-1/2 * sum over n of x[n] exp(-+ 2 pi i (n - floor(N/2)) (u - floor(N/2)) / N)
 *
 * forward with -, inverse with +; right for odd sizes too. White noise stays white with the same variance.
 */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros, sizeOf } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

export type Direction = 'forward' | 'inverse';

/** The transform of `array` along `axes` (0 = slowest) as a new array of the same shape. */
export function centredFft(array: ComplexArray, axes: readonly number[], direction: Direction): ComplexArray {
  const out = complexZeros(array.shape);
  centredFftInto(out, array, axes, direction);
  return out;
}

/** The same into `out`, which may be `array` itself. Throws RangeError if shapes or axes do not fit. */
export function centredFftInto(
  out: ComplexArray,
  array: ComplexArray,
  axes: readonly number[],
  direction: Direction,
): void {
  const { shape } = array;
  const sorted = [...axes].sort((a, b) => a - b);
  if (
    sorted.some(
      (axis, i) => !Number.isInteger(axis) || axis < 0 || axis >= shape.length || axis === sorted[i - 1],
    )
  ) {
    throw new RangeError(`axes [${axes}] do not fit the shape [${shape}]`);
  }
  if (out.data.length !== array.data.length) {
    throw new RangeError(`shape [${out.shape}] cannot take a transform of shape [${shape}]`);
  }
  const first = sorted[0] ?? shape.length;
  const blockShape = shape.slice(first);
  const block = 2 * sizeOf(blockShape);
  if (block === 0) return;
  if (sorted.length === 0) {
    out.data.set(array.data);
    return;
  }
  const k = kernels();
  const steps = sorted.map((axis) => {
    const n = shape[axis];
    return {
      n,
      plan: k.plan(n),
      outer: sizeOf(shape.slice(first, axis)),
      inner: sizeOf(shape.slice(axis + 1)),
      scale: 1 / Math.sqrt(n),
    };
  });
  const inverse = direction === 'inverse' ? 1 : 0;
  k.scoped((scratch) => {
    const work = scratch.fftWork(Math.max(...steps.map((step) => step.n)));
    const data = scratch.floats(block);
    const view = scratch.view(data, block);
    for (let start = 0; start < array.data.length; start += block) {
      view.set(array.data.subarray(start, start + block));
      for (const { n, plan, outer, inner, scale } of steps) {
        if (inner === 1) {
          k.fftRows(plan, data, work, outer, inverse, scale);
          continue;
        }
        for (let plane = 0; plane < outer; plane++) {
          k.fftColumns(plan, data + 8 * plane * n * inner, work, inner, inverse, scale);
        }
      }
      out.data.set(view, start);
    }
  });
}
