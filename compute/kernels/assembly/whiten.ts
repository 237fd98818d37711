/**
 * y = W x for a lower-triangular complex W: the coils of a sample mix, the samples do not.
 * Eight samples at a time, all their coils gathered once, so that each weight is loaded once per eight.
 */
import { add, all, firstPair, imaginaryParts, lastPair, loadAll, mul, realParts, sub } from './simd';

const GROUP: usize = 64; // eight complex numbers

/** Bytes of the work block for `coils` coils. */
export function lowerWorkBytes(coils: i32): usize {
  return <usize>coils * GROUP;
}

/**
 * In place: `data` holds `coils` rows of `samples` complex numbers (samples a multiple of 8), `weights`
 * the full coils x coils matrix W, of which the part above the diagonal is not read.
 */
export function multiplyLower(weights: usize, data: usize, work: usize, coils: i32, samples: i32): void {
  const rowBytes = <usize>samples << 3;
  for (let s: usize = 0; s < rowBytes; s += GROUP) {
    let t = work;
    for (let coil = 0; coil < coils; coil++, t += GROUP) {
      const p = data + rowBytes * coil + s;
      const a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48);
      v128.store(t, realParts(a, b));
      v128.store(t, imaginaryParts(a, b), 16);
      v128.store(t, realParts(c, d), 32);
      v128.store(t, imaginaryParts(c, d), 48);
    }
    for (let row = 0; row < coils; row++) {
      let w = weights + (<usize>(row * coils) << 3);
      let re0 = all(0), im0 = all(0), re1 = all(0), im1 = all(0);
      t = work;
      const end = work + GROUP * <usize>(row + 1);
      for (; t < end; t += GROUP, w += 8) {
        const wr = loadAll(w), wi = loadAll(w + 4);
        const xr = v128.load(t), xi = v128.load(t, 16), yr = v128.load(t, 32), yi = v128.load(t, 48);
        re0 = add(re0, sub(mul(wr, xr), mul(wi, xi)));
        im0 = add(im0, add(mul(wr, xi), mul(wi, xr)));
        re1 = add(re1, sub(mul(wr, yr), mul(wi, yi)));
        im1 = add(im1, add(mul(wr, yi), mul(wi, yr)));
      }
      const p = data + rowBytes * row + s;
      v128.store(p, firstPair(re0, im0));
      v128.store(p, lastPair(re0, im0), 16);
      v128.store(p, firstPair(re1, im1), 32);
      v128.store(p, lastPair(re1, im1), 48);
    }
  }
}
