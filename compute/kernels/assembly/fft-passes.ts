/**
 * The butterflies. Four lines are transformed at once, one per vector lane: an element is 32 bytes, four
 * real parts and four imaginary parts. Each pass reads `from` and writes `to`; `stride` is the size of
 * the block that is already sorted, `count` the number of such blocks, `twiddles` those of the stage.
 */
import { add, all, loadAll, mul, sub } from './simd';

export const ELEMENT: usize = 32;
const IM: usize = 16;

/** Stores (re + i im) * (wr + i wi). */
@inline
function storeTimes(to: usize, re: v128, im: v128, wr: v128, wi: v128): void {
  v128.store(to, sub(mul(re, wr), mul(im, wi)));
  v128.store(to, add(mul(re, wi), mul(im, wr)), IM);
}

@inline
function storeElement(to: usize, re: v128, im: v128): void {
  v128.store(to, re);
  v128.store(to, im, IM);
}

export function radix2(from: usize, to: usize, stride: usize, count: i32, twiddles: usize): void {
  const d = stride * count;
  for (let p = 0; p < count; p++, twiddles += 8) {
    const wr = loadAll(twiddles), wi = loadAll(twiddles + 4);
    let a = from + stride * p, o = to + 2 * stride * p;
    const end = a + stride;
    for (; a < end; a += ELEMENT, o += ELEMENT) {
      const b = a + d;
      const ar = v128.load(a), ai = v128.load(a, IM), br = v128.load(b), bi = v128.load(b, IM);
      storeElement(o, add(ar, br), add(ai, bi));
      storeTimes(o + stride, sub(ar, br), sub(ai, bi), wr, wi);
    }
  }
}

export function radix3(from: usize, to: usize, stride: usize, count: i32, twiddles: usize): void {
  const cos1 = all(-0.5), sin1 = all(-0.8660254037844386);
  const d = stride * count;
  for (let p = 0; p < count; p++, twiddles += 16) {
    const w1r = loadAll(twiddles), w1i = loadAll(twiddles + 4);
    const w2r = loadAll(twiddles + 8), w2i = loadAll(twiddles + 12);
    let a = from + stride * p, o = to + 3 * stride * p;
    const end = a + stride;
    for (; a < end; a += ELEMENT, o += ELEMENT) {
      const b = a + d, c = b + d;
      const x0r = v128.load(a), x0i = v128.load(a, IM);
      const x1r = v128.load(b), x1i = v128.load(b, IM);
      const x2r = v128.load(c), x2i = v128.load(c, IM);
      const sumR = add(x1r, x2r), sumI = add(x1i, x2i);
      const middleR = add(x0r, mul(cos1, sumR)), middleI = add(x0i, mul(cos1, sumI));
      const turnR = mul(sin1, sub(x1i, x2i)), turnI = mul(sin1, sub(x1r, x2r));
      storeElement(o, add(x0r, sumR), add(x0i, sumI));
      storeTimes(o + stride, sub(middleR, turnR), add(middleI, turnI), w1r, w1i);
      storeTimes(o + 2 * stride, add(middleR, turnR), sub(middleI, turnI), w2r, w2i);
    }
  }
}

export function radix4(from: usize, to: usize, stride: usize, count: i32, twiddles: usize): void {
  const d = stride * count;
  for (let p = 0; p < count; p++, twiddles += 24) {
    const w1r = loadAll(twiddles), w1i = loadAll(twiddles + 4);
    const w2r = loadAll(twiddles + 8), w2i = loadAll(twiddles + 12);
    const w3r = loadAll(twiddles + 16), w3i = loadAll(twiddles + 20);
    let a = from + stride * p, o = to + 4 * stride * p;
    const end = a + stride;
    for (; a < end; a += ELEMENT, o += ELEMENT) {
      const b = a + d, c = b + d, e = c + d;
      const x0r = v128.load(a), x0i = v128.load(a, IM), x1r = v128.load(b), x1i = v128.load(b, IM);
      const x2r = v128.load(c), x2i = v128.load(c, IM), x3r = v128.load(e), x3i = v128.load(e, IM);
      const evenR = add(x0r, x2r), evenI = add(x0i, x2i), dEvenR = sub(x0r, x2r), dEvenI = sub(x0i, x2i);
      const oddR = add(x1r, x3r), oddI = add(x1i, x3i), dOddR = sub(x1r, x3r), dOddI = sub(x1i, x3i);
      const o1 = o + stride, o2 = o1 + stride, o3 = o2 + stride;
      storeElement(o, add(evenR, oddR), add(evenI, oddI));
      storeTimes(o1, add(dEvenR, dOddI), sub(dEvenI, dOddR), w1r, w1i);
      storeTimes(o2, sub(evenR, oddR), sub(evenI, oddI), w2r, w2i);
      storeTimes(o3, sub(dEvenR, dOddI), add(dEvenI, dOddR), w3r, w3i);
    }
  }
}

export function radix5(from: usize, to: usize, stride: usize, count: i32, twiddles: usize): void {
  const cos1 = all(0.30901699437494745), cos2 = all(-0.8090169943749475);
  const sin1 = all(-0.9510565162951535), sin2 = all(-0.5877852522924731);
  const d = stride * count;
  for (let p = 0; p < count; p++, twiddles += 32) {
    const w1r = loadAll(twiddles), w1i = loadAll(twiddles + 4);
    const w2r = loadAll(twiddles + 8), w2i = loadAll(twiddles + 12);
    const w3r = loadAll(twiddles + 16), w3i = loadAll(twiddles + 20);
    const w4r = loadAll(twiddles + 24), w4i = loadAll(twiddles + 28);
    let a = from + stride * p, o = to + 5 * stride * p;
    const end = a + stride;
    for (; a < end; a += ELEMENT, o += ELEMENT) {
      const b = a + d, c = b + d, e = c + d, f = e + d;
      const x0r = v128.load(a), x0i = v128.load(a, IM);
      const x1r = v128.load(b), x1i = v128.load(b, IM), x2r = v128.load(c), x2i = v128.load(c, IM);
      const x3r = v128.load(e), x3i = v128.load(e, IM), x4r = v128.load(f), x4i = v128.load(f, IM);
      const s14r = add(x1r, x4r), s14i = add(x1i, x4i), d14r = sub(x1r, x4r), d14i = sub(x1i, x4i);
      const s23r = add(x2r, x3r), s23i = add(x2i, x3i), d23r = sub(x2r, x3r), d23i = sub(x2i, x3i);
      storeElement(o, add(add(x0r, s14r), s23r), add(add(x0i, s14i), s23i));
      const m1r = add(add(x0r, mul(cos1, s14r)), mul(cos2, s23r));
      const m1i = add(add(x0i, mul(cos1, s14i)), mul(cos2, s23i));
      const t1r = add(mul(sin1, d14i), mul(sin2, d23i)), t1i = add(mul(sin1, d14r), mul(sin2, d23r));
      storeTimes(o + stride, sub(m1r, t1r), add(m1i, t1i), w1r, w1i);
      storeTimes(o + 4 * stride, add(m1r, t1r), sub(m1i, t1i), w4r, w4i);
      const m2r = add(add(x0r, mul(cos2, s14r)), mul(cos1, s23r));
      const m2i = add(add(x0i, mul(cos2, s14i)), mul(cos1, s23i));
      const t2r = sub(mul(sin2, d14i), mul(sin1, d23i)), t2i = sub(mul(sin2, d14r), mul(sin1, d23r));
      storeTimes(o + 2 * stride, sub(m2r, t2r), add(m2i, t2i), w2r, w2i);
      storeTimes(o + 3 * stride, add(m2r, t2r), sub(m2i, t2i), w3r, w3i);
    }
  }
}

/**
 * Any odd radix, by pairs of conjugate outputs: r (r - 1) / 2 multiplications of complex by real pairs.
 * `roots` are the r-th roots of unity exp(-2 pi i k / r).
 */
export function radixOdd(
  radix: i32, roots: usize, from: usize, to: usize, stride: usize, count: i32, twiddles: usize,
): void {
  const d = stride * count;
  const half = (radix - 1) >> 1;
  for (let p = 0; p < count; p++, twiddles += <usize>(radix - 1) << 3) {
    let a = from + stride * p, o = to + <usize>radix * stride * p;
    const end = a + stride;
    for (; a < end; a += ELEMENT, o += ELEMENT) {
      const x0r = v128.load(a), x0i = v128.load(a, IM);
      let sumR = x0r, sumI = x0i;
      for (let u = 1; u < radix; u++) {
        sumR = add(sumR, v128.load(a + d * u));
        sumI = add(sumI, v128.load(a + d * u, IM));
      }
      storeElement(o, sumR, sumI);
      for (let k = 1; k <= half; k++) {
        let middleR = x0r, middleI = x0i, turnR = all(0), turnI = all(0);
        let power = 0; // k * u modulo the radix
        for (let u = 1; u <= half; u++) {
          power += k;
          if (power >= radix) power -= radix;
          const c = loadAll(roots + (<usize>power << 3)), s = loadAll(roots + (<usize>power << 3) + 4);
          const low = a + d * u, high = a + d * (radix - u);
          const lr = v128.load(low), li = v128.load(low, IM), hr = v128.load(high), hi = v128.load(high, IM);
          middleR = add(middleR, mul(c, add(lr, hr)));
          middleI = add(middleI, mul(c, add(li, hi)));
          turnR = sub(turnR, mul(s, sub(li, hi)));
          turnI = add(turnI, mul(s, sub(lr, hr)));
        }
        const wLow = twiddles + (<usize>(k - 1) << 3), wHigh = twiddles + (<usize>(radix - k - 1) << 3);
        storeTimes(o + stride * k, add(middleR, turnR), add(middleI, turnI), loadAll(wLow), loadAll(wLow + 4));
        storeTimes(
          o + stride * (radix - k), sub(middleR, turnR), sub(middleI, turnI), loadAll(wHigh), loadAll(wHigh + 4),
        );
      }
    }
  }
}
