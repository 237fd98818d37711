/**
 * Centred discrete Fourier transforms of any length, in place, on interleaved complex float32.
 *
 *   X[u] = scale * sum over n of x[n] exp(-+ 2 pi i (n - floor(N/2)) (u - floor(N/2)) / N)
 *
 * The two shifts cost nothing: lines are gathered from and scattered to rotated positions. The inverse
 * uses the forward butterflies with real and imaginary parts exchanged at both ends.
 */
import { COMPLEX_BYTES, planLength, planRadix, planRoots, planStages, planTwiddles } from './fft-plan';
import { ELEMENT, radix2, radix3, radix4, radix5, radixOdd } from './fft-passes';
import { all, firstPair, imaginaryParts, lastPair, mul, realParts } from './simd';

/** Bytes of the work block that `fftRows` and `fftColumns` need for lines of n points. */
export function fftWorkBytes(n: i32): usize {
  return 3 * ELEMENT * <usize>n;
}

/** Transforms four gathered lines in `a`, with `b` as second buffer; returns where the result lies. */
function transform(plan: usize, a: usize, b: usize): usize {
  let stride: usize = ELEMENT;
  let length = planLength(plan);
  let twiddles = planTwiddles(plan);
  const stages = planStages(plan);
  for (let stage = 0; stage < stages; stage++) {
    const radix = planRadix(plan, stage);
    const count = length / radix;
    if (radix == 4) radix4(a, b, stride, count, twiddles);
    else if (radix == 2) radix2(a, b, stride, count, twiddles);
    else if (radix == 3) radix3(a, b, stride, count, twiddles);
    else if (radix == 5) radix5(a, b, stride, count, twiddles);
    else radixOdd(radix, planRoots(plan, stage), a, b, stride, count, twiddles);
    twiddles += <usize>(count * (radix - 1)) * COMPLEX_BYTES;
    const filled = b;
    b = a;
    a = filled;
    stride *= radix;
    length = count;
  }
  return a;
}

/** Puts element `j` of four lines into one lane each; `re`, `im`: where real and imaginary parts go. */
@inline
function gatherOne(to: usize, re: usize, im: usize, a0: usize, a1: usize, a2: usize, a3: usize): void {
  store<f32>(to + re, load<f32>(a0));
  store<f32>(to + re, load<f32>(a1), 4);
  store<f32>(to + re, load<f32>(a2), 8);
  store<f32>(to + re, load<f32>(a3), 12);
  store<f32>(to + im, load<f32>(a0, 4));
  store<f32>(to + im, load<f32>(a1, 4), 4);
  store<f32>(to + im, load<f32>(a2, 4), 8);
  store<f32>(to + im, load<f32>(a3, 4), 12);
}

@inline
function scatterOne(to: usize, from: usize, re: usize, im: usize, lane: usize, scale: f32): void {
  store<f32>(to, load<f32>(from + re + lane * 4) * scale);
  store<f32>(to, load<f32>(from + im + lane * 4) * scale, 4);
}

/** Transforms `rows` contiguous lines of the plan's length. */
export function fftRows(plan: usize, data: usize, work: usize, rows: i32, inverse: bool, scale: f32): void {
  const n = planLength(plan);
  const bytes = <usize>n * COMPLEX_BYTES;
  const second = work + 2 * ELEMENT * <usize>n;
  const re: usize = inverse ? 16 : 0, im: usize = inverse ? 0 : 16;
  const half = n / 2;
  const scales = all(scale);
  for (let row = 0; row < rows; row += 4) {
    // A last group of fewer than four lines repeats the first in the spare lanes.
    const live = min(rows - row, 4);
    const a0 = data + bytes * row;
    const a1 = live > 1 ? a0 + bytes : a0, a2 = live > 2 ? a0 + 2 * bytes : a0, a3 = live > 3 ? a0 + 3 * bytes : a0;

    let b = work;
    for (let part = 0; part < 2; part++) {
      const end = part == 0 ? n : half;
      let j = part == 0 ? half : 0;
      for (; j + 2 <= end; j += 2, b += 2 * ELEMENT) {
        const q = <usize>j * COMPLEX_BYTES;
        const p0 = v128.load(a0 + q), p1 = v128.load(a1 + q), p2 = v128.load(a2 + q), p3 = v128.load(a3 + q);
        const t0 = v128.shuffle<f32>(p0, p1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(p2, p3, 0, 4, 1, 5);
        const t2 = v128.shuffle<f32>(p0, p1, 2, 6, 3, 7), t3 = v128.shuffle<f32>(p2, p3, 2, 6, 3, 7);
        v128.store(b + re, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
        v128.store(b + im, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7));
        v128.store(b + ELEMENT + re, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5));
        v128.store(b + ELEMENT + im, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7));
      }
      for (; j < end; j++, b += ELEMENT) {
        const q = <usize>j * COMPLEX_BYTES;
        gatherOne(b, re, im, a0 + q, a1 + q, a2 + q, a3 + q);
      }
    }

    let y = transform(plan, work, second);

    for (let part = 0; part < 2; part++) {
      const end = part == 0 ? n : half;
      let j = part == 0 ? half : 0;
      for (; j + 2 <= end; j += 2, y += 2 * ELEMENT) {
        const q = <usize>j * COMPLEX_BYTES;
        const r0 = mul(v128.load(y + re), scales), i0 = mul(v128.load(y + im), scales);
        const r1 = mul(v128.load(y + ELEMENT + re), scales), i1 = mul(v128.load(y + ELEMENT + im), scales);
        const t0 = firstPair(r0, i0), t1 = lastPair(r0, i0), t2 = firstPair(r1, i1), t3 = lastPair(r1, i1);
        v128.store(a0 + q, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
        if (live > 1) v128.store(a1 + q, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
        if (live > 2) v128.store(a2 + q, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
        if (live > 3) v128.store(a3 + q, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
      }
      for (; j < end; j++, y += ELEMENT) {
        const q = <usize>j * COMPLEX_BYTES;
        scatterOne(a0 + q, y, re, im, 0, scale);
        if (live > 1) scatterOne(a1 + q, y, re, im, 1, scale);
        if (live > 2) scatterOne(a2 + q, y, re, im, 2, scale);
        if (live > 3) scatterOne(a3 + q, y, re, im, 3, scale);
      }
    }
  }
}

@inline
function rotated(index: i32, offset: i32, n: i32): i32 {
  const sum = index + offset;
  return sum >= n ? sum - n : sum;
}

/** Transforms along the slow axis of a plane of n x width points (n = the plan's length). */
export function fftColumns(plan: usize, data: usize, work: usize, width: i32, inverse: bool, scale: f32): void {
  const n = planLength(plan);
  const bytes = <usize>width * COMPLEX_BYTES;
  const left = work, right = work + ELEMENT * <usize>n, second = work + 2 * ELEMENT * <usize>n;
  const re: usize = inverse ? 16 : 0, im: usize = inverse ? 0 : 16;
  const half = n / 2;
  const scales = all(scale);
  let column = 0;
  // Eight columns fill a cache line; they are two groups of four lanes.
  for (; column + 8 <= width; column += 8) {
    const x = data + <usize>column * COMPLEX_BYTES;
    let b0 = left, b1 = right;
    for (let k = 0; k < n; k++, b0 += ELEMENT, b1 += ELEMENT) {
      const a = x + bytes * rotated(k, half, n);
      const p0 = v128.load(a), p1 = v128.load(a, 16), p2 = v128.load(a, 32), p3 = v128.load(a, 48);
      v128.store(b0 + re, realParts(p0, p1));
      v128.store(b0 + im, imaginaryParts(p0, p1));
      v128.store(b1 + re, realParts(p2, p3));
      v128.store(b1 + im, imaginaryParts(p2, p3));
    }
    let y0 = transform(plan, left, second);
    let y1 = transform(plan, right, y0 == left ? second : left);
    for (let k = 0; k < n; k++, y0 += ELEMENT, y1 += ELEMENT) {
      const a = x + bytes * rotated(k, half, n);
      const r0 = mul(v128.load(y0 + re), scales), i0 = mul(v128.load(y0 + im), scales);
      const r1 = mul(v128.load(y1 + re), scales), i1 = mul(v128.load(y1 + im), scales);
      v128.store(a, firstPair(r0, i0));
      v128.store(a, lastPair(r0, i0), 16);
      v128.store(a, firstPair(r1, i1), 32);
      v128.store(a, lastPair(r1, i1), 48);
    }
  }
  for (; column < width; column += 4) {
    const live = min(width - column, 4);
    const x = data + <usize>column * COMPLEX_BYTES;
    const c1: usize = live > 1 ? 8 : 0, c2: usize = live > 2 ? 16 : 0, c3: usize = live > 3 ? 24 : 0;
    let b = left;
    for (let k = 0; k < n; k++, b += ELEMENT) {
      const a = x + bytes * rotated(k, half, n);
      gatherOne(b, re, im, a, a + c1, a + c2, a + c3);
    }
    let y = transform(plan, left, second);
    for (let k = 0; k < n; k++, y += ELEMENT) {
      const a = x + bytes * rotated(k, half, n);
      for (let lane: usize = 0; lane < <usize>live; lane++) scatterOne(a + lane * 8, y, re, im, lane, scale);
    }
  }
}
