/** Power of correlated real noise, set by set. */
import { kernels } from '../kernels/kernels.ts';
import type { NormalStream } from './random.ts';
import { STATE_WORDS } from './random.ts';

/** Numbers of a block: what is drawn and added up stays in the first-level cache. */
const BLOCK_NUMBERS = 4096;

/**
 * Sums over the streams of (F n)^2 for each of `sets` sets of `size` numbers, F lower-triangular: `factors` holds planes
 * `[k (k + 1) / 2 + l, set]`, the result planes `[k, set]`. Each stream gives the n block by block of sets, and
 * within a block plane by plane.
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
  const block = Math.max(8, (BLOCK_NUMBERS / size) & ~7);
  const k = kernels();
  k.scoped((scratch) => {
    const states = scratch.floats(STATE_WORDS * streams.length);
    const f = scratch.floats(pairs * block);
    const numbers = scratch.floats(size * block);
    const sums = scratch.floats(size * block);
    const stateView = scratch.words(states, STATE_WORDS * streams.length);
    const factorView = scratch.view(f, pairs * block);
    const sumView = scratch.view(sums, size * block);
    streams.forEach(({ state }, i) => {
      stateView.set(state, i * STATE_WORDS);
    });
    for (let first = 0; first < sets; first += block) {
      const wanted = Math.min(block, sets - first);
      for (let pair = 0; pair < pairs; pair++) {
        const from = pair * sets + first;
        factorView.set(factors.subarray(from, from + wanted), pair * block);
        factorView.fill(0, pair * block + wanted, (pair + 1) * block);
      }
      sumView.fill(0);
      for (let i = 0; i < streams.length; i++) {
        k.fillNormals(states + 4 * STATE_WORDS * i, numbers, size * block, 1);
        k.addCorrelatedSquares(f, numbers, sums, size, block);
      }
      for (let i = 0; i < size; i++) {
        out.set(sumView.subarray(i * block, i * block + wanted), i * sets + first);
      }
    }
    streams.forEach(({ state }, i) => {
      state.set(stateView.subarray(i * STATE_WORDS, (i + 1) * STATE_WORDS));
    });
  });
  return out;
}
