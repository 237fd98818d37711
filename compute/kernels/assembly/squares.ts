/** Sums of squared magnitudes over coils, pixel by pixel. */
import { add, all, imaginaryParts, mul, realParts } from './simd';

/** sums[i] += |data[i]|^2 for `count` complex numbers; count a multiple of 4. */
export function addSquares(data: usize, sums: usize, count: i32): void {
  const end = sums + (<usize>count << 2);
  for (; sums < end; sums += 16, data += 32) {
    const a = v128.load(data), b = v128.load(data, 16);
    const re = realParts(a, b), im = imaginaryParts(a, b);
    v128.store(sums, add(v128.load(sums), add(mul(re, re), mul(im, im))));
  }
}

/** sums[i] = scale * sqrt(sums[i]); count a multiple of 4. */
export function scaledRoots(sums: usize, count: i32, scale: f32): void {
  const scales = all(scale);
  const end = sums + (<usize>count << 2);
  for (; sums < end; sums += 16) v128.store(sums, mul(scales, f32x4.sqrt(v128.load(sums))));
}

/** values[i] /= lengths[i] for `count` complex numbers, 0 where a length is 0; count a multiple of 4. */
export function divideByLengths(values: usize, lengths: usize, count: i32): void {
  const one = all(1), zero = all(0);
  const end = lengths + (<usize>count << 2);
  for (; lengths < end; lengths += 16, values += 32) {
    const length = v128.load(lengths);
    const factor = v128.and(f32x4.div(one, length), f32x4.gt(length, zero));
    const first = v128.shuffle<f32>(factor, factor, 0, 0, 1, 1), last = v128.shuffle<f32>(factor, factor, 2, 2, 3, 3);
    v128.store(values, mul(v128.load(values), first));
    v128.store(values, mul(v128.load(values, 16), last), 16);
  }
}
