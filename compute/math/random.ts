/**
 * Streams of normal numbers. A stream is named by a seed and a key (say slice and replica), so that nothing
 * depends on which thread draws it, or when. The generators are in ../kernels/assembly/random.ts.
 */
import { kernels } from '../kernels/kernels.ts';

export interface NormalStream {
  /** Four lanes of four words; moves on with every number drawn. */
  readonly state: Uint32Array;
  /**
   * Fills an array with independent normal numbers of mean 0. Numbers come in groups of eight: what the last
   * group has too many is lost.
   */
  fill(into: Float32Array, deviation?: number): void;
}

/** Words of a generator state. */
export const STATE_WORDS = 16;
/** Numbers per pass: the block stays in the first-level cache. */
const BLOCK = 4096;
const MASK = (1n << 64n) - 1n;
const GOLDEN = 0x9e3779b97f4a7c15n;

/** Finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
function mixed(x: bigint): bigint {
  let z = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** `count` numbers of splitmix64 started at `seed`. */
export function splitmix64(seed: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => mixed((seed + GOLDEN * BigInt(i + 1)) & MASK));
}

/**
 * The stream of a seed and a key, all non-negative safe integers. Different keys of any length give
 * independent streams: 64 bits of hash choose one of the states.
 */
export function normalStream(seed: number, ...key: readonly number[]): NormalStream {
  const start = [seed, ...key].reduce(
    (hash, part) => mixed(((hash ^ BigInt(part)) + GOLDEN) & MASK),
    BigInt(key.length),
  );
  const state = new Uint32Array(STATE_WORDS);
  splitmix64(start, STATE_WORDS / 2).forEach((word, i) => {
    state[2 * i] = Number(word & 0xffffffffn);
    state[2 * i + 1] = Number(word >> 32n);
  });
  return { state, fill: (into, deviation = 1) => fillFrom(state, into, deviation) };
}

function fillFrom(state: Uint32Array, into: Float32Array, deviation: number): void {
  const k = kernels();
  k.scoped((scratch) => {
    const words = scratch.floats(STATE_WORDS);
    const block = scratch.floats(BLOCK);
    const held = scratch.words(words, STATE_WORDS);
    const numbers = scratch.view(block, BLOCK);
    held.set(state);
    for (let start = 0; start < into.length; start += BLOCK) {
      const wanted = Math.min(BLOCK, into.length - start);
      k.fillNormals(words, block, (wanted + 7) & ~7, deviation);
      into.set(wanted === BLOCK ? numbers : numbers.subarray(0, wanted), start);
    }
    state.set(held);
  });
}
