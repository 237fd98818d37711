/** White noise that is drawn in k-space, plane by plane, and combined: no k-space is ever in memory. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, plane } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import { linesOfBlock } from './line-blocks.ts';
import type { NormalStream } from './random.ts';
import { STATE_WORDS } from './random.ts';

/**
 * w^H n / ||w||, the coil images n being the centred unitary inverse transforms of complex noise of variance 1 in every
 * point of `[coil, y, x]`; `weights` w, `lengths` ||w||. The numbers are drawn in the order of the array, each plane
 * anew: the result is, to the last bit, that of the steps one after the other. `[y, x]`
 */
export function noiseCombination(
  weights: ComplexArray,
  lengths: RealArray,
  stream: NormalStream,
): ComplexArray {
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
    const block = linesOfBlock(nx);
    const factors = scratch.floats(2 * (block * nx + 4));
    const divisors = scratch.floats(padded / 2);
    const state = scratch.words(words, STATE_WORDS);
    const sumView = scratch.view(sums, padded).fill(0);
    const factorView = scratch.view(factors, 2 * (block * nx + 4));
    scratch
      .view(divisors, padded / 2)
      .fill(0)
      .set(lengths.data);
    state.set(stream.state);
    for (let coil = 0; coil < coils; coil++) {
      k.fillNormals(words, noise, padded, Math.SQRT1_2);
      k.fftColumns(columns, noise, work, nx, 1, 1 / Math.sqrt(ny));
      const weightsOfCoil = plane(weights, coil).data;
      for (let y = 0; y < ny; y += block) {
        const from = y * nx;
        const to = Math.min(ny * nx, from + block * nx);
        k.fftRows(rows, noise + 8 * from, work, Math.min(block, ny - y), 1, 1 / Math.sqrt(nx));
        factorView.set(weightsOfCoil.subarray(2 * from, 2 * to));
        if (to === ny * nx) factorView.fill(0, 2 * (to - from));
        k.addConjugateProducts(factors, noise + 8 * from, sums + 8 * from, (to - from + 3) & ~3);
      }
    }
    stream.state.set(state);
    k.divideByLengths(sums, divisors, padded / 2);
    out.data.set(sumView.subarray(0, count));
  });
  return out;
}
