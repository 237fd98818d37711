/** Power of correlated real noise, set by set. */
import { kernels } from '../kernels/kernels.ts';
import type { NormalStream } from './random.ts';
import { STATE_WORDS } from './random.ts';

/**
 * Sums over the streams of (F n)^2 for each of `sets` sets of `size` numbers, F lower-triangular: `factors` holds planes
 * `[k (k + 1) / 2 + l, set]`, the result planes `[k, set]`. Each stream gives the n of all sets, plane by plane.
 */
export function addCorrelatedNoise(
  factors: Float32Array,
  size: number,
  sets: number,
  streams: readonly NormalStream[],
): Float32Array {
  const pairs = (size * (size + 1)) / 2;
  if (factors.length !== pairs * sets) {
    throw new RangeError(`${factors.length} factors are not those of ${sets} sets of ${size}`);
  }
  const out = new Float32Array(size * sets);
  if (out.length === 0) return out;
  const padded = (sets + 7) & ~7;
  const k = kernels();
  k.scoped((scratch) => {
    const words = scratch.floats(STATE_WORDS);
    const f = scratch.floats(pairs * padded);
    const numbers = scratch.floats(size * padded);
    const sums = scratch.floats(size * padded);
    const state = scratch.words(words, STATE_WORDS);
    const factorView = scratch.view(f, pairs * padded);
    const sumView = scratch.view(sums, size * padded).fill(0);
    for (let pair = 0; pair < pairs; pair++) {
      factorView.set(factors.subarray(pair * sets, (pair + 1) * sets), pair * padded);
      factorView.fill(0, pair * padded + sets, (pair + 1) * padded);
    }
    for (const stream of streams) {
      state.set(stream.state);
      k.fillNormals(words, numbers, size * padded, 1);
      stream.state.set(state);
      k.addCorrelatedSquares(f, numbers, sums, size, padded);
    }
    for (let i = 0; i < size; i++) {
      out.set(sumView.subarray(i * padded, i * padded + sets), i * sets);
    }
  });
  return out;
}
