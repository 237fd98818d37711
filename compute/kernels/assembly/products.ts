/** Products of complex arrays, element by element, added up: coils weighted and summed. */
import { add, firstPair, imaginaryParts, lastPair, mul, realParts, sub } from './simd';

/** sums[i] += a[i] * b[i] for `count` complex numbers; count a multiple of 4. */
export function addProducts(a: usize, b: usize, sums: usize, count: i32): void {
  const end = sums + (<usize>count << 3);
  for (; sums < end; sums += 32, a += 32, b += 32) {
    const a0 = v128.load(a), a1 = v128.load(a, 16), b0 = v128.load(b), b1 = v128.load(b, 16);
    const ar = realParts(a0, a1), ai = imaginaryParts(a0, a1);
    const br = realParts(b0, b1), bi = imaginaryParts(b0, b1);
    const re = sub(mul(ar, br), mul(ai, bi)), im = add(mul(ar, bi), mul(ai, br));
    v128.store(sums, add(v128.load(sums), firstPair(re, im)));
    v128.store(sums, add(v128.load(sums, 16), lastPair(re, im)), 16);
  }
}

/** sums[i] += conj(a[i]) * b[i] for `count` complex numbers; count a multiple of 4. */
export function addConjugateProducts(a: usize, b: usize, sums: usize, count: i32): void {
  const end = sums + (<usize>count << 3);
  for (; sums < end; sums += 32, a += 32, b += 32) {
    const a0 = v128.load(a), a1 = v128.load(a, 16), b0 = v128.load(b), b1 = v128.load(b, 16);
    const ar = realParts(a0, a1), ai = imaginaryParts(a0, a1);
    const br = realParts(b0, b1), bi = imaginaryParts(b0, b1);
    const re = add(mul(ar, br), mul(ai, bi)), im = sub(mul(ar, bi), mul(ai, br));
    v128.store(sums, add(v128.load(sums), firstPair(re, im)));
    v128.store(sums, add(v128.load(sums, 16), lastPair(re, im)), 16);
  }
}
