/**
 * The weights of SENSE (Pruessmann, Magn Reson Med 42:952, 1999) for whitened coils: for every set of
 * pixels that alias, with the coils x aliases matrix E of their sensitivities,
 *
 *   A = E^H E = L L^H,  X = L^-1,  U = A^-1 E^H = X^H X E^H,  v = diag(A^-1),  g = sqrt(v diag(A))
 *
 * Four neighbouring sets at a time, one per lane, in float32; sets whose normal matrix is ill conditioned
 * are done again in float64. A pixel without sensitivities takes no part and gets zeros.
 */
import { add, all, firstPair, imaginaryParts, lastPair, mul, realParts, sub } from './simd';
import { unfoldOneSet } from './unfold-double';

/** Bytes of one complex number in four lanes. */
export const LANES: usize = 32;
/**
 * Smallest squared sine between a pixel's sensitivities and those of its aliases for which float32 will do:
 * the rounding of A, a few 1e-7, is divided by it.
 */
export const SMALLEST_SINE: f32 = 0.03;

/** Bytes of the work block for sets of `aliases` pixels and `coils` coils. */
export function unfoldWorkBytes(aliases: i32, coils: i32): usize {
  const pairs = <usize>(aliases * (aliases + coils));
  return LANES * pairs + 16 * <usize>aliases;
}

/**
 * For `sets` neighbouring sets (a multiple of 4): from maps [alias][coil][set], complex, to weights
 * [alias][coil][set], complex; factors [alias i][alias j][set], complex, conj(X_ji) for j >= i, whose products
 * with white noise have the covariance A^-1 (j < i is not written); deviations sqrt(v) and g [alias][set].
 */
export function unfoldingWeights(
  maps: usize, weights: usize, factors: usize, deviations: usize, gFactors: usize, work: usize,
  aliases: i32, coils: i32, sets: i32,
): void {
  const plane = <usize>sets << 3;
  const a = work + LANES * <usize>(aliases * coils);
  const diagonal = a + LANES * <usize>(aliases * aliases);
  for (let s = 0; s < sets; s += 4) {
    const at = <usize>s << 3;
    gather(maps + at, work, plane, aliases * coils);
    normalMatrix(work, a, diagonal, aliases, coils);
    const suspect = factorise(a, diagonal, aliases);
    invert(a, aliases);
    apply(work, a, weights + at, plane, aliases, coils);
    finish(a, diagonal, factors + at, deviations + (at >> 1), gFactors + (at >> 1), plane, aliases);
    if (suspect == 0) continue;
    for (let lane = 0; lane < 4; lane++) {
      if ((suspect & (1 << lane)) == 0) continue;
      const o = at + (<usize>lane << 3);
      unfoldOneSet(
        maps + o, weights + o, factors + o, deviations + (o >> 1), gFactors + (o >> 1), work,
        plane, aliases, coils,
      );
    }
  }
}

/** Complex numbers of four sets from `count` planes, real and imaginary parts apart. */
@inline
export function gather(from: usize, to: usize, plane: usize, count: i32): void {
  for (let k = 0; k < count; k++, from += plane, to += LANES) {
    const p = v128.load(from), q = v128.load(from, 16);
    v128.store(to, realParts(p, q));
    v128.store(to, imaginaryParts(p, q), 16);
  }
}

/** Lower triangle of E^H E; the diagonal of a pixel without sensitivities becomes 1. */
@inline
export function normalMatrix(e: usize, a: usize, diagonal: usize, aliases: i32, coils: i32): void {
  const column = LANES * <usize>coils;
  for (let i = 0; i < aliases; i++) {
    const ei = e + column * i, end = ei + column;
    for (let j = 0; j < i; j++) {
      let re = all(0), im = all(0);
      for (let p = ei, q = e + column * j; p < end; p += LANES, q += LANES) {
        const pr = v128.load(p), pi = v128.load(p, 16), qr = v128.load(q), qi = v128.load(q, 16);
        re = add(re, add(mul(pr, qr), mul(pi, qi)));
        im = add(im, sub(mul(pr, qi), mul(pi, qr)));
      }
      const o = a + LANES * <usize>(i * aliases + j);
      v128.store(o, re);
      v128.store(o, im, 16);
    }
    let sum = all(0);
    for (let p = ei; p < end; p += LANES) {
      const pr = v128.load(p), pi = v128.load(p, 16);
      sum = add(sum, add(mul(pr, pr), mul(pi, pi)));
    }
    v128.store(diagonal + (<usize>i << 4), sum);
    v128.store(a + LANES * <usize>(i * (aliases + 1)), v128.bitselect(all(1), sum, f32x4.eq(sum, all(0))));
  }
}

/**
 * Cholesky factor in place, with 1 / L_jj on the diagonal. Returns the lanes, as bits, in which a pivot is
 * small against its diagonal element.
 */
@inline
export function factorise(a: usize, diagonal: usize, n: i32): i32 {
  let suspect: v128 = all(0);
  for (let j = 0; j < n; j++) {
    const rowJ = a + LANES * <usize>(j * n);
    const original = v128.load(rowJ + LANES * j);
    let pivot = original;
    for (let k = 0; k < j; k++) {
      const re = v128.load(rowJ + LANES * k), im = v128.load(rowJ + LANES * k, 16);
      pivot = sub(pivot, add(mul(re, re), mul(im, im)));
    }
    // Written so that NaN is suspect too.
    suspect = v128.or(suspect, v128.not(f32x4.gt(pivot, mul(original, all(SMALLEST_SINE)))));
    const inverse = f32x4.div(all(1), f32x4.sqrt(pivot));
    v128.store(rowJ + LANES * j, inverse);
    for (let i = j + 1; i < n; i++) {
      const rowI = a + LANES * <usize>(i * n);
      let re = v128.load(rowI + LANES * j), im = v128.load(rowI + LANES * j, 16);
      for (let k = 0; k < j; k++) {
        const p = rowI + LANES * k, q = rowJ + LANES * k;
        const pr = v128.load(p), pi = v128.load(p, 16), qr = v128.load(q), qi = v128.load(q, 16);
        re = sub(re, add(mul(pr, qr), mul(pi, qi)));
        im = sub(im, sub(mul(pi, qr), mul(pr, qi)));
      }
      v128.store(rowI + LANES * j, mul(re, inverse));
      v128.store(rowI + LANES * j, mul(im, inverse), 16);
    }
  }
  return i32x4.bitmask(suspect);
}

/** X = L^-1 in place of L; a column of L is no longer needed once that column of X is there. */
@inline
export function invert(a: usize, n: i32): void {
  for (let j = 0; j < n; j++) {
    const first = v128.load(a + LANES * <usize>(j * (n + 1)));
    for (let i = j + 1; i < n; i++) {
      const row = a + LANES * <usize>(i * n);
      let re = mul(v128.load(row + LANES * j), first), im = mul(v128.load(row + LANES * j, 16), first);
      for (let k = j + 1; k < i; k++) {
        const l = row + LANES * k, x = a + LANES * <usize>(k * n + j);
        const lr = v128.load(l), li = v128.load(l, 16), xr = v128.load(x), xi = v128.load(x, 16);
        re = add(re, sub(mul(lr, xr), mul(li, xi)));
        im = add(im, add(mul(lr, xi), mul(li, xr)));
      }
      const scale = f32x4.neg(v128.load(row + LANES * i));
      v128.store(row + LANES * j, mul(re, scale));
      v128.store(row + LANES * j, mul(im, scale), 16);
    }
  }
}

/**
 * One row of X^H t, with t of alias l at `t + pitch l`, as complex numbers to `out`. In place where out is t's own
 * row k and rows are asked for in rising order: row k needs only t of aliases from k on.
 */
@inline
export function timesAdjointRow(x: usize, t: usize, pitch: usize, n: i32, k: i32, out: usize): void {
  const own = t + pitch * k;
  const d = v128.load(x + LANES * <usize>(k * (n + 1)));
  let re = mul(d, v128.load(own)), im = mul(d, v128.load(own, 16));
  for (let l = k + 1; l < n; l++) {
    const p = x + LANES * <usize>(l * n + k), q = t + pitch * l;
    const xr = v128.load(p), xi = v128.load(p, 16), tr = v128.load(q), ti = v128.load(q, 16);
    re = add(re, add(mul(xr, tr), mul(xi, ti)));
    im = add(im, sub(mul(xr, ti), mul(xi, tr)));
  }
  v128.store(out, firstPair(re, im));
  v128.store(out, lastPair(re, im), 16);
}

/** U = X^H X E^H, coil by coil; E is used up. */
@inline
function apply(e: usize, x: usize, weights: usize, plane: usize, n: i32, coils: i32): void {
  const column = LANES * <usize>coils;
  for (let coil = 0; coil < coils; coil++) {
    const c = e + LANES * coil;
    for (let l = n - 1; l >= 0; l--) {
      const row = x + LANES * <usize>(l * n), own = c + column * l;
      const d = v128.load(row + LANES * l);
      let re = mul(d, v128.load(own)), im = f32x4.neg(mul(d, v128.load(own, 16)));
      for (let k = 0; k < l; k++) {
        const p = row + LANES * k, q = c + column * k;
        const xr = v128.load(p), xi = v128.load(p, 16), er = v128.load(q), ei = v128.load(q, 16);
        re = add(re, add(mul(xr, er), mul(xi, ei)));
        im = add(im, sub(mul(xi, er), mul(xr, ei)));
      }
      v128.store(own, re);
      v128.store(own, im, 16);
    }
    for (let k = 0; k < n; k++) {
      timesAdjointRow(x, c, column, n, k, weights + plane * <usize>(k * coils + coil));
    }
  }
}

/** Noise factors, deviations and g. */
@inline
function finish(
  x: usize, diagonal: usize, factors: usize, deviations: usize, gFactors: usize, plane: usize, n: i32,
): void {
  for (let i = 0; i < n; i++) {
    const own = v128.load(diagonal + (<usize>i << 4));
    const present = f32x4.ne(own, all(0));
    const d = v128.and(v128.load(x + LANES * <usize>(i * (n + 1))), present);
    let variance = mul(d, d);
    let o = factors + plane * <usize>(i * n + i);
    v128.store(o, firstPair(d, all(0)));
    v128.store(o, lastPair(d, all(0)), 16);
    for (let j = i + 1; j < n; j++) {
      const p = x + LANES * <usize>(j * n + i);
      const re = v128.load(p), im = v128.load(p, 16);
      variance = add(variance, add(mul(re, re), mul(im, im)));
      o = factors + plane * <usize>(i * n + j);
      v128.store(o, firstPair(re, f32x4.neg(im)));
      v128.store(o, lastPair(re, f32x4.neg(im)), 16);
    }
    v128.store(deviations + (plane >> 1) * <usize>i, f32x4.sqrt(variance));
    v128.store(gFactors + (plane >> 1) * <usize>i, f32x4.sqrt(mul(variance, own)));
  }
}
