/** The coil sum of white noise that is drawn in k-space, plane by plane: no k-space is ever in memory. */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros, plane } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import type { NormalStream } from './random.ts';
import { STATE_WORDS } from './random.ts';

/**
 * sum over coils of conj(weights) * image, the image being the centred unitary inverse transform of complex noise
 * of variance 1 in every point of `[coil, y, x]`. The numbers are drawn in the order of the array, each plane
 * anew: the result is that of the steps one after the other. `[y, x]`
 */
export function noiseCoilSum(weights: ComplexArray, stream: NormalStream): ComplexArray {
  const [coils, ny, nx] = weights.shape;
  const out = complexZeros([ny, nx]);
  const count = 2 * ny * nx;
  if (count === 0) return out;
  const k = kernels();
  const [rows, columns] = [k.plan(nx), k.plan(ny)];
  const padded = (count + 7) & ~7;
  k.scoped((scratch) => {
    const work = scratch.fftWork(Math.max(nx, ny));
    const words = scratch.floats(STATE_WORDS);
    const sums = scratch.floats(padded);
    const noise = scratch.floats(padded);
    const factors = scratch.floats(padded);
    const state = scratch.words(words, STATE_WORDS);
    const sumView = scratch.view(sums, padded).fill(0);
    const factorView = scratch.view(factors, padded).fill(0);
    state.set(stream.state);
    for (let coil = 0; coil < coils; coil++) {
      k.fillNormals(words, noise, padded, Math.SQRT1_2);
      k.fftColumns(columns, noise, work, nx, 1, 1 / Math.sqrt(ny));
      k.fftRows(rows, noise, work, ny, 1, 1 / Math.sqrt(nx));
      factorView.set(plane(weights, coil).data);
      k.addConjugateProducts(factors, noise, sums, padded / 2);
    }
    stream.state.set(state);
    out.data.set(sumView.subarray(0, count));
  });
  return out;
}
