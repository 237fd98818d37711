/** Correlated real noise, squared and added up: what replicas leave of a combination. */
import { add, all, mul } from './simd';

/**
 * sums[k][s] += (sum over l <= k of factors[k (k + 1) / 2 + l][s] * numbers[l][s])^2 for every set s of `size` pixels.
 * All arrays are planes of `sets` float32 numbers, a multiple of 4.
 */
export function addCorrelatedSquares(factors: usize, numbers: usize, sums: usize, size: i32, sets: i32): void {
  const plane = <usize>sets << 2;
  for (let k = 0; k < size; k++) {
    for (let s: usize = 0; s < plane; s += 16) {
      let value = all(0);
      let factor = factors + s;
      let number = numbers + s;
      for (let l = 0; l <= k; l++, factor += plane, number += plane) {
        value = add(value, mul(v128.load(factor), v128.load(number)));
      }
      v128.store(sums + s, add(v128.load(sums + s), mul(value, value)));
    }
    factors += plane * <usize>(k + 1);
    sums += plane;
  }
}
