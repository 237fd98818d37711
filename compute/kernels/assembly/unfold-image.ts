/** SENSE without its weights: the image, its noise and g, for an image that is reconstructed once. See unfold.ts. */
import { add, all, firstPair, imaginaryParts, lastPair, mul, realParts, sub } from './simd';
import { factorise, gather, invert, LANES, normalMatrix, SMALLEST_SINE, timesAdjointRow } from './unfold';
import { unfoldOneSet, weighOneSet } from './unfold-double';

/**
 * The unfolded pixels themselves, without weights: U f = X^H X E^H f, for `sets` neighbouring sets (a multiple of
 * 4). Maps and folded images are complex, coils lie `mapPitch` and `foldedPitch` bytes apart; alias b across + a lies
 * b pitchY + a pitchX bytes from the first. Writes the image [alias][set], complex, deviations sqrt(v) and g. `spare`: one set of maps,
 * twice, and two complex numbers per alias.
 */
export function unfoldImage(
  maps: usize, pitchX: usize, pitchY: usize, mapPitch: usize, folded: usize, foldedPitch: usize,
  image: usize, deviations: usize, gFactors: usize, work: usize, spare: usize,
  across: i32, aliases: i32, coils: i32, sets: i32,
): void {
  const plane = <usize>sets << 3;
  const a = work + LANES * <usize>(aliases * coils);
  const diagonal = a + LANES * <usize>(aliases * aliases);
  for (let s = 0; s < sets; s += 4) {
    const at = <usize>s << 3;
    const out = image + at, d = deviations + (at >> 1), g = gFactors + (at >> 1);
    let suspect: i32;
    if (aliases == 2) {
      suspect = unfoldPairs(maps + at, across == 2 ? pitchX : pitchY, mapPitch, folded + at, foldedPitch, out, d, g, plane, coils);
    } else {
      for (let i = 0; i < aliases; i++) {
        const alias = pitchY * <usize>(i / across) + pitchX * <usize>(i % across);
        gather(maps + at + alias, work + LANES * <usize>(coils * i), mapPitch, coils);
      }
      normalMatrix(work, a, diagonal, aliases, coils);
      project(work, folded + at, foldedPitch, out, plane, aliases, coils);
      suspect = factorise(a, diagonal, aliases);
      invert(a, aliases);
      solve(a, out, plane, aliases);
      measure(a, diagonal, d, g, plane, aliases);
    }
    for (let lane = 0; suspect != 0; lane++, suspect >>= 1) {
      if ((suspect & 1) == 0) continue;
      const o = at + (<usize>lane << 3);
      unfoldInDouble(
        maps + o, pitchX, pitchY, mapPitch, folded + o, foldedPitch,
        image + o, deviations + (o >> 1), gFactors + (o >> 1), work, spare, plane, across, aliases, coils,
      );
    }
  }
}

/** One set in float64. */
function unfoldInDouble(
  maps: usize, pitchX: usize, pitchY: usize, mapPitch: usize, folded: usize, foldedPitch: usize,
  image: usize, deviations: usize, gFactors: usize, work: usize, spare: usize,
  plane: usize, across: i32, aliases: i32, coils: i32,
): void {
  const one: usize = 8;
  const weights = spare + one * <usize>(aliases * coils);
  const d = weights + one * <usize>(aliases * coils), g = d + one * aliases;
  let to = spare;
  for (let i = 0; i < aliases; i++) {
    const alias = maps + pitchY * <usize>(i / across) + pitchX * <usize>(i % across);
    for (let coil = 0; coil < coils; coil++, to += one) {
      store<u64>(to, load<u64>(alias + mapPitch * coil));
    }
  }
  unfoldOneSet(spare, weights, 0, d, g, work, one, aliases, coils);
  weighOneSet(weights, folded, foldedPitch, image, plane, aliases, coils);
  for (let i = 0; i < aliases; i++) {
    store<f32>(deviations + (plane >> 1) * i, load<f32>(d + (one >> 1) * i));
    store<f32>(gFactors + (plane >> 1) * i, load<f32>(g + (one >> 1) * i));
  }
}

/** Two aliases in closed form, coil by coil in registers. Returns the suspect lanes as bits. */
@inline
function unfoldPairs(
  maps: usize, aliasPitch: usize, mapPitch: usize, folded: usize, foldedPitch: usize,
  image: usize, deviations: usize, gFactors: usize, plane: usize, coils: i32,
): i32 {
  let a = all(0), b = all(0), cr = all(0), ci = all(0);
  let pr = all(0), pi = all(0), qr = all(0), qi = all(0);
  for (let coil = 0; coil < coils; coil++, maps += mapPitch, folded += foldedPitch) {
    const s0 = v128.load(maps), s1 = v128.load(maps, 16);
    const t0 = v128.load(maps + aliasPitch), t1 = v128.load(maps + aliasPitch, 16);
    const f0 = v128.load(folded), f1 = v128.load(folded, 16);
    const sr = realParts(s0, s1), si = imaginaryParts(s0, s1);
    const tr = realParts(t0, t1), ti = imaginaryParts(t0, t1);
    const fr = realParts(f0, f1), fi = imaginaryParts(f0, f1);
    a = add(a, add(mul(sr, sr), mul(si, si)));
    b = add(b, add(mul(tr, tr), mul(ti, ti)));
    // c = s^H t, p = s^H f, q = t^H f
    cr = add(cr, add(mul(sr, tr), mul(si, ti)));
    ci = add(ci, sub(mul(sr, ti), mul(si, tr)));
    pr = add(pr, add(mul(sr, fr), mul(si, fi)));
    pi = add(pi, sub(mul(sr, fi), mul(si, fr)));
    qr = add(qr, add(mul(tr, fr), mul(ti, fi)));
    qi = add(qi, sub(mul(tr, fi), mul(ti, fr)));
  }
  const noA = f32x4.eq(a, all(0)), noB = f32x4.eq(b, all(0));
  const safeA = v128.bitselect(all(1), a, noA), safeB = v128.bitselect(all(1), b, noB);
  const product = mul(safeA, safeB);
  const determinant = sub(product, add(mul(cr, cr), mul(ci, ci)));
  const inverse = f32x4.div(all(1), determinant);
  const xr = mul(inverse, sub(mul(safeB, pr), sub(mul(cr, qr), mul(ci, qi))));
  const xi = mul(inverse, sub(mul(safeB, pi), add(mul(cr, qi), mul(ci, qr))));
  const yr = mul(inverse, sub(mul(safeA, qr), add(mul(cr, pr), mul(ci, pi))));
  const yi = mul(inverse, sub(mul(safeA, qi), sub(mul(cr, pi), mul(ci, pr))));
  v128.store(image, firstPair(xr, xi));
  v128.store(image, lastPair(xr, xi), 16);
  v128.store(image + plane, firstPair(yr, yi));
  v128.store(image + plane, lastPair(yr, yi), 16);
  const half = plane >> 1;
  v128.store(deviations, v128.andnot(f32x4.sqrt(mul(inverse, safeB)), noA));
  v128.store(deviations + half, v128.andnot(f32x4.sqrt(mul(inverse, safeA)), noB));
  const g = f32x4.sqrt(mul(inverse, product));
  v128.store(gFactors, v128.andnot(g, noA));
  v128.store(gFactors + half, v128.andnot(g, noB));
  return i32x4.bitmask(v128.not(f32x4.gt(determinant, mul(product, all(SMALLEST_SINE)))));
}

/** E^H f to the place of the image, real and imaginary parts apart. */
@inline
function project(e: usize, folded: usize, pitch: usize, image: usize, plane: usize, n: i32, coils: i32): void {
  for (let i = 0; i < n; i++) {
    let re = all(0), im = all(0);
    let f = folded;
    for (let coil = 0; coil < coils; coil++, e += LANES, f += pitch) {
      const p = v128.load(f), q = v128.load(f, 16);
      const fr = realParts(p, q), fi = imaginaryParts(p, q), er = v128.load(e), ei = v128.load(e, 16);
      re = add(re, add(mul(er, fr), mul(ei, fi)));
      im = add(im, sub(mul(er, fi), mul(ei, fr)));
    }
    v128.store(image + plane * i, re);
    v128.store(image + plane * i, im, 16);
  }
}

/** X^H X in place on what `project` left, and back to complex numbers. */
@inline
function solve(x: usize, image: usize, plane: usize, n: i32): void {
  for (let l = n - 1; l >= 0; l--) {
    const row = x + LANES * <usize>(l * n), own = image + plane * l;
    const d = v128.load(row + LANES * l);
    let re = mul(d, v128.load(own)), im = mul(d, v128.load(own, 16));
    for (let k = 0; k < l; k++) {
      const p = row + LANES * k, q = image + plane * k;
      const xr = v128.load(p), xi = v128.load(p, 16), br = v128.load(q), bi = v128.load(q, 16);
      re = add(re, sub(mul(xr, br), mul(xi, bi)));
      im = add(im, add(mul(xr, bi), mul(xi, br)));
    }
    v128.store(own, re);
    v128.store(own, im, 16);
  }
  for (let k = 0; k < n; k++) {
    timesAdjointRow(x, image, plane, n, k, image + plane * k);
  }
}

/** Deviations and g alone. */
@inline
function measure(x: usize, diagonal: usize, deviations: usize, gFactors: usize, plane: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const own = v128.load(diagonal + (<usize>i << 4));
    const d = v128.and(v128.load(x + LANES * <usize>(i * (n + 1))), f32x4.ne(own, all(0)));
    let variance = mul(d, d);
    for (let j = i + 1; j < n; j++) {
      const p = x + LANES * <usize>(j * n + i);
      const re = v128.load(p), im = v128.load(p, 16);
      variance = add(variance, add(mul(re, re), mul(im, im)));
    }
    v128.store(deviations + (plane >> 1) * <usize>i, f32x4.sqrt(variance));
    v128.store(gFactors + (plane >> 1) * <usize>i, f32x4.sqrt(mul(variance, own)));
  }
}
