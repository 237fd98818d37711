/**
 * Cholesky factor of a complex Hermitian matrix in float64, in place, by block columns ("left-looking"):
 * the finished columns to the left are subtracted with two by two products in registers, then the block
 * column itself is factored. (Golub and Van Loan, Matrix Computations, section 4.2.)
 */

const BLOCK: i32 = 32;

/**
 * `re`, `im`: n rows of n numbers, n even; the lower triangle becomes L with L L^H = A, the upper is not
 * touched. Returns -1, or the first row whose pivot is not above `smallest`.
 */
export function choleskyFactor(re: usize, im: usize, n: i32, smallest: f64): i32 {
  const row = <usize>n << 3;
  for (let start = 0; start < n; start += BLOCK) {
    const end = min(start + BLOCK, n);
    if (start > 0) {
      for (let i = start; i < n; i += 2) {
        for (let j = start; j < end && j <= i; j += 2) subtractProducts(re, im, row, i, j, start);
      }
    }
    for (let j = start; j < end; j++) {
      const jr = re + row * <usize>j, ji = im + row * <usize>j;
      const at = <usize>j << 3;
      let pivot = load<f64>(jr + at);
      for (let k = start; k < j; k++) {
        const s = <usize>k << 3;
        const a = load<f64>(jr + s), b = load<f64>(ji + s);
        pivot -= a * a + b * b;
      }
      if (!(pivot > smallest)) return j;
      const root = sqrt(pivot);
      const inverse = 1 / root;
      store<f64>(jr + at, root);
      store<f64>(ji + at, 0);
      for (let i = j + 1; i < n; i++) {
        const ir = re + row * <usize>i, ii = im + row * <usize>i;
        let x = load<f64>(ir + at), y = load<f64>(ii + at);
        for (let k = start; k < j; k++) {
          const s = <usize>k << 3;
          const a = load<f64>(ir + s), b = load<f64>(ii + s), c = load<f64>(jr + s), d = load<f64>(ji + s);
          x -= a * c + b * d;
          y -= b * c - a * d;
        }
        store<f64>(ir + at, x * inverse);
        store<f64>(ii + at, y * inverse);
      }
    }
  }
  return -1;
}

/** A[i..i+1, j..j+1] -= sum over k < count of L[i.., k] conj(L[j.., k]); count even. */
@inline
function subtractProducts(re: usize, im: usize, row: usize, i: i32, j: i32, count: i32): void {
  const ar = re + row * <usize>i, ai = im + row * <usize>i;
  const br = re + row * <usize>j, bi = im + row * <usize>j;
  let r00 = f64x2.splat(0), r01 = r00, r10 = r00, r11 = r00;
  let i00 = r00, i01 = r00, i10 = r00, i11 = r00;
  const end = <usize>count << 3;
  for (let s: usize = 0; s < end; s += 16) {
    const a = v128.load(ar + s), b = v128.load(ai + s);
    const c = v128.load(ar + row + s), d = v128.load(ai + row + s);
    let x = v128.load(br + s), y = v128.load(bi + s);
    r00 = f64x2.add(r00, f64x2.add(f64x2.mul(a, x), f64x2.mul(b, y)));
    i00 = f64x2.add(i00, f64x2.sub(f64x2.mul(b, x), f64x2.mul(a, y)));
    r10 = f64x2.add(r10, f64x2.add(f64x2.mul(c, x), f64x2.mul(d, y)));
    i10 = f64x2.add(i10, f64x2.sub(f64x2.mul(d, x), f64x2.mul(c, y)));
    x = v128.load(br + row + s);
    y = v128.load(bi + row + s);
    r01 = f64x2.add(r01, f64x2.add(f64x2.mul(a, x), f64x2.mul(b, y)));
    i01 = f64x2.add(i01, f64x2.sub(f64x2.mul(b, x), f64x2.mul(a, y)));
    r11 = f64x2.add(r11, f64x2.add(f64x2.mul(c, x), f64x2.mul(d, y)));
    i11 = f64x2.add(i11, f64x2.sub(f64x2.mul(d, x), f64x2.mul(c, y)));
  }
  const at = <usize>j << 3;
  subtractAt(ar + at, r00, r01);
  subtractAt(ai + at, i00, i01);
  subtractAt(ar + row + at, r10, r11);
  subtractAt(ai + row + at, i10, i11);
}

/** Two neighbouring numbers minus the sums over the lanes of two vectors. */
@inline
function subtractAt(address: usize, first: v128, second: v128): void {
  const sums = f64x2.add(v128.shuffle<f64>(first, second, 0, 2), v128.shuffle<f64>(first, second, 1, 3));
  v128.store(address, f64x2.sub(v128.load(address), sums));
}
