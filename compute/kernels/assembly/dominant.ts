/**
 * The dominant eigenvector of a small Hermitian matrix in every pixel, by the power method: the coil
 * sensitivities of ESPIRiT and of the adaptive combination. Four neighbouring pixels at a time.
 */
import { add, all, firstPair, imaginaryParts, lastPair, mul, realParts, sub } from './simd';

/** Bytes of one complex number in four lanes. */
const LANES: usize = 32;
/** Squared change of the unit vector in one step at which it counts as found. */
const SMALL_CHANGE: f32 = 1e-11;

/** Bytes of the work block for `coils` coils. */
export function dominantWorkBytes(coils: i32): usize {
  return LANES * <usize>(coils * (coils + 2));
}

/**
 * For `count` neighbouring pixels (a multiple of 4): `pairs` holds the lower triangles of positive semidefinite
 * matrices, element (i, j <= i) at i (i + 1) / 2 + j times `pitch` bytes as `count` complex numbers. Writes unit vectors
 * [coil][pixel], the first coil real and positive, and the eigenvalues [pixel]; both 0 where the matrix is 0.
 */
export function dominantEigenvectors(
  pairs: usize, pitch: usize, vectors: usize, values: usize, work: usize, coils: i32, count: i32, iterations: i32,
): void {
  const plane = <usize>count << 3;
  const v = work + LANES * <usize>(coils * coils), w = v + LANES * <usize>coils;
  for (let s = 0; s < count; s += 4) {
    const at = <usize>s << 3;
    expand(pairs + at, work, pitch, coils);
    start(work, v, coils);
    let value = normalise(v, v, coils);
    for (let iteration = 0; iteration < iterations; iteration++) {
      multiply(work, v, w, coils);
      value = normalise(w, w, coils);
      const change = moveTo(v, w, coils);
      if (!v128.any_true(f32x4.gt(change, all(SMALL_CHANGE)))) break;
    }
    v128.store(values + (at >> 1), value);
    rotate(v, vectors + at, plane, coils);
  }
}

/** The full matrix, row by row, from its lower triangle. */
@inline
function expand(pairs: usize, m: usize, pitch: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++, pairs += pitch) {
      const p = v128.load(pairs), q = v128.load(pairs, 16);
      const re = realParts(p, q), im = imaginaryParts(p, q);
      const lower = m + LANES * <usize>(i * n + j), upper = m + LANES * <usize>(j * n + i);
      v128.store(upper, re);
      v128.store(upper, f32x4.neg(im), 16);
      v128.store(lower, re);
      v128.store(lower, i == j ? all(0) : im, 16);
    }
  }
}

/** The column of the largest diagonal element: it is never orthogonal to the vector that is looked for. */
@inline
function start(m: usize, v: usize, n: i32): void {
  let best = all(-1);
  for (let j = 0; j < n; j++) {
    const diagonal = v128.load(m + LANES * <usize>(j * (n + 1)));
    const better = f32x4.gt(diagonal, best);
    best = f32x4.pmax(best, diagonal);
    for (let i = 0; i < n; i++) {
      // Column j is the conjugate of row j.
      const p = m + LANES * <usize>(j * n + i), o = v + LANES * i;
      v128.store(o, v128.bitselect(v128.load(p), v128.load(o), better));
      v128.store(o, v128.bitselect(f32x4.neg(v128.load(p, 16)), v128.load(o, 16), better), 16);
    }
  }
}

/** to = from / |from|, or 0; returns the lengths. */
@inline
function normalise(from: usize, to: usize, n: i32): v128 {
  let sum = all(0);
  for (let p = from, end = from + LANES * n; p < end; p += LANES) {
    const re = v128.load(p), im = v128.load(p, 16);
    sum = add(sum, add(mul(re, re), mul(im, im)));
  }
  const length = f32x4.sqrt(sum);
  const inverse = v128.and(f32x4.div(all(1), length), f32x4.gt(length, all(0)));
  for (let k: usize = 0; k < LANES * n; k += 16) v128.store(to + k, mul(v128.load(from + k), inverse));
  return length;
}

@inline
function multiply(m: usize, v: usize, w: usize, n: i32): void {
  const end = v + LANES * n;
  for (let i = 0; i < n; i++, w += LANES) {
    let re = all(0), im = all(0);
    for (let p = v; p < end; p += LANES, m += LANES) {
      const mr = v128.load(m), mi = v128.load(m, 16), vr = v128.load(p), vi = v128.load(p, 16);
      re = add(re, sub(mul(mr, vr), mul(mi, vi)));
      im = add(im, add(mul(mr, vi), mul(mi, vr)));
    }
    v128.store(w, re);
    v128.store(w, im, 16);
  }
}

/** v = w; returns the squared lengths of the difference. */
@inline
function moveTo(v: usize, w: usize, n: i32): v128 {
  let sum = all(0);
  for (let k: usize = 0; k < LANES * n; k += 16) {
    const next = v128.load(w + k), d = sub(next, v128.load(v + k));
    sum = add(sum, mul(d, d));
    v128.store(v + k, next);
  }
  return sum;
}

/** Writes the vector times the phase that makes its first element real and positive. */
@inline
function rotate(v: usize, to: usize, plane: usize, n: i32): void {
  const r = v128.load(v), i = v128.load(v, 16);
  const length = f32x4.sqrt(add(mul(r, r), mul(i, i)));
  const some = f32x4.gt(length, all(0));
  const pr = v128.bitselect(f32x4.div(r, length), all(1), some);
  const pi = v128.bitselect(f32x4.div(i, length), all(0), some);
  for (let coil = 0; coil < n; coil++, v += LANES, to += plane) {
    const vr = v128.load(v), vi = v128.load(v, 16);
    const re = add(mul(vr, pr), mul(vi, pi)), im = sub(mul(vi, pr), mul(vr, pi));
    v128.store(to, firstPair(re, im));
    v128.store(to, lastPair(re, im), 16);
  }
}
