/**
 * GRAPPA in image space, four columns of the image at a time (the four lanes of a vector).
 *
 * The weights of a pixel are W = I + sum over taps t of V_t(x) * phase_t(y): a kernel of a few k-space lines is
 * a sum of a few waves along y. W is made, applied to the coils, and folded with the combination q at once,
 * so that it is never stored but for one row of four pixels.
 *
 * A "cell" is one complex number of four pixels: four real parts, then four imaginary parts (32 bytes).
 */
import { add, all, loadAll, mul, sub } from './simd';

const CELL: usize = 32;

/** Bytes of the work block: W of four pixels (its rows padded against cache conflicts), and q. */
export function imageWeightsWorkBytes(coils: i32): usize {
  return (<usize>coils * CELL + 64) * <usize>coils + <usize>coils * CELL;
}

/**
 * For each row y of the block: x = W x~, q = x / ||x|| (or the cells in `fixed` over their norm), then
 * `adjoint` = W^H q.
 * `waves`: V as [coil', coil, tap] cells; `phases`: [y, tap] complex numbers; `folded` (x~), `fixed`,
 * `adjoint`: [y, coil] cells. `fixed` may be 0.
 */
export function imageWeights(
  waves: usize, phases: usize, folded: usize, fixed: usize, adjoint: usize, work: usize,
  coils: i32, taps: i32, rows: i32,
): void {
  const rowOfCoils = <usize>coils * CELL;
  const stride = rowOfCoils + 64;
  const q = work + stride * <usize>coils;
  const phaseRow = <usize>taps << 3;
  for (let y = 0; y < rows; y++) {
    let norm = all(0);
    let v = waves;
    for (let c: usize = 0; c < rowOfCoils; c += CELL) {
      let w = work + stride * (c / CELL);
      let sumRe = v128.load(folded + c), sumIm = v128.load(folded + c, 16);
      for (let d: usize = 0; d < rowOfCoils; d += CELL, w += CELL) {
        let wr = all(0), wi = all(0);
        for (let t: usize = 0; t < phaseRow; t += 8, v += CELL) {
          const pr = loadAll(phases + t), pi = loadAll(phases + t + 4);
          const vr = v128.load(v), vi = v128.load(v, 16);
          wr = add(wr, sub(mul(vr, pr), mul(vi, pi)));
          wi = add(wi, add(mul(vr, pi), mul(vi, pr)));
        }
        v128.store(w, wr);
        v128.store(w, wi, 16);
        const xr = v128.load(folded + d), xi = v128.load(folded + d, 16);
        sumRe = add(sumRe, sub(mul(wr, xr), mul(wi, xi)));
        sumIm = add(sumIm, add(mul(wr, xi), mul(wi, xr)));
      }
      if (fixed != 0) {
        sumRe = v128.load(fixed + c);
        sumIm = v128.load(fixed + c, 16);
      }
      v128.store(q + c, sumRe);
      v128.store(q + c, sumIm, 16);
      norm = add(norm, add(mul(sumRe, sumRe), mul(sumIm, sumIm)));
    }
    // 1 / ||q||, 0 where there is no signal.
    const inverse = v128.and(f32x4.div(all(1), f32x4.sqrt(norm)), f32x4.gt(norm, all(0)));
    for (let c: usize = 0; c < rowOfCoils; c += CELL) {
      v128.store(q + c, mul(v128.load(q + c), inverse));
      v128.store(q + c, mul(v128.load(q + c, 16), inverse), 16);
    }
    for (let c: usize = 0; c < rowOfCoils; c += CELL) {
      let re = v128.load(q + c), im = v128.load(q + c, 16);
      let w = work + c;
      for (let d: usize = 0; d < rowOfCoils; d += CELL, w += stride) {
        const wr = v128.load(w), wi = v128.load(w, 16);
        const qr = v128.load(q + d), qi = v128.load(q + d, 16);
        re = add(re, add(mul(wr, qr), mul(wi, qi)));
        im = add(im, sub(mul(wr, qi), mul(wi, qr)));
      }
      v128.store(adjoint + c, re);
      v128.store(adjoint + c, im, 16);
    }
    phases += phaseRow;
    folded += rowOfCoils;
    adjoint += rowOfCoils;
    if (fixed != 0) fixed += rowOfCoils;
  }
}
