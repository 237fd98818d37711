/**
 * Eigenvalues and eigenvectors of a dense Hermitian matrix in float64: Householder's reduction to a real
 * tridiagonal matrix, the implicit QL method on that, and the way back for the vectors that are wanted.
 * (Golub and Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3; the complex case by reflections that map
 * to a multiple of the first unit vector and phases that make the off-diagonal real.)
 *
 * Real and imaginary parts are separate planes of `n` rows; `pitch`, the distance of rows, is a multiple of 16
 * bytes. Of the matrix the lower triangle is read; the rest is used for the reflections.
 */

const F: usize = 8;

@inline
function at(plane: usize, pitch: usize, row: i32, column: i32): usize {
  return plane + pitch * <usize>row + F * <usize>column;
}

/**
 * A = Q D T D^H Q^H with T real, D phases. Writes the diagonal and off-diagonal of T, D (complex), and for each
 * reflection 2 / |v|^2; v itself lies above the diagonal of row k, from column k + 1 on. `work`: 4 rows.
 */
export function tridiagonalise(
  re: usize, im: usize, pitch: usize, n: i32, diagonal: usize, off: usize, phases: usize, betas: usize, work: usize,
): void {
  const pr = work, pi = work + pitch;
  store<f64>(phases, 1);
  store<f64>(phases, 0, 8);
  for (let k = 0; k + 1 < n; k++) {
    const vr = at(re, pitch, k, 0), vi = at(im, pitch, k, 0);
    let square: f64 = 0;
    for (let i = k + 1; i < n; i++) {
      const xr = load<f64>(at(re, pitch, i, k)), xi = load<f64>(at(im, pitch, i, k));
      store<f64>(vr + F * i, xr);
      store<f64>(vi + F * i, xi);
      square += xr * xr + xi * xi;
    }
    const first = F * <usize>(k + 1);
    const xr = load<f64>(vr + first), xi = load<f64>(vi + first);
    const length = Math.sqrt(square), size = Math.sqrt(xr * xr + xi * xi);
    const ur = size > 0 ? xr / size : 1, ui = size > 0 ? xi / size : 0;
    const last = k + 2 == n;
    const beta = last || length == 0 ? 0 : 1 / (square + size * length);
    const sign: f64 = beta == 0 ? 1 : -1;
    store<f64>(betas + F * k, beta);
    store<f64>(off + F * k, length);
    // D[k + 1] = D[k] times the phase of the new off-diagonal element.
    const dr = load<f64>(phases + 2 * F * k), di = load<f64>(phases + 2 * F * k, 8);
    store<f64>(phases + 2 * F * (k + 1), sign * (dr * ur - di * ui));
    store<f64>(phases + 2 * F * (k + 1), sign * (dr * ui + di * ur), 8);
    if (beta == 0) continue;
    store<f64>(vr + first, xr + ur * length);
    store<f64>(vi + first, xi + ui * length);
    multiply(re, im, pitch, n, k + 1, vr, vi, pr, pi);
    let dot: f64 = 0;
    for (let i = k + 1; i < n; i++) {
      dot += load<f64>(vr + F * i) * load<f64>(pr + F * i) + load<f64>(vi + F * i) * load<f64>(pi + F * i);
    }
    const part = 0.5 * beta * beta * dot;
    for (let i = k + 1; i < n; i++) {
      store<f64>(pr + F * i, beta * load<f64>(pr + F * i) - part * load<f64>(vr + F * i));
      store<f64>(pi + F * i, beta * load<f64>(pi + F * i) - part * load<f64>(vi + F * i));
    }
    subtract(re, im, pitch, n, k + 1, vr, vi, pr, pi);
  }
  for (let k = 0; k < n; k++) store<f64>(diagonal + F * k, load<f64>(at(re, pitch, k, k)));
}

/** p = A v for the trailing matrix from `first` on. */
function multiply(
  re: usize, im: usize, pitch: usize, n: i32, first: i32, vr: usize, vi: usize, pr: usize, pi: usize,
): void {
  const from = F * <usize>first, bytes = F * <usize>(n - first);
  memory.fill(pr + from, 0, bytes);
  memory.fill(pi + from, 0, bytes);
  for (let i = first; i < n; i++) {
    const ar = at(re, pitch, i, 0), ai = at(im, pitch, i, 0);
    const end = F * <usize>i;
    const x = load<f64>(vr + end), y = load<f64>(vi + end);
    const xs = f64x2.splat(x), ys = f64x2.splat(y);
    let sr = f64x2.splat(0), si = f64x2.splat(0);
    let j = from;
    for (; j + F < end; j += 16) {
      const a = v128.load(ar + j), b = v128.load(ai + j), c = v128.load(vr + j), d = v128.load(vi + j);
      sr = f64x2.add(sr, f64x2.sub(f64x2.mul(a, c), f64x2.mul(b, d)));
      si = f64x2.add(si, f64x2.add(f64x2.mul(a, d), f64x2.mul(b, c)));
      v128.store(pr + j, f64x2.add(v128.load(pr + j), f64x2.add(f64x2.mul(a, xs), f64x2.mul(b, ys))));
      v128.store(pi + j, f64x2.add(v128.load(pi + j), f64x2.sub(f64x2.mul(a, ys), f64x2.mul(b, xs))));
    }
    let tr = f64x2.extract_lane(sr, 0) + f64x2.extract_lane(sr, 1);
    let ti = f64x2.extract_lane(si, 0) + f64x2.extract_lane(si, 1);
    for (; j < end; j += F) {
      const a = load<f64>(ar + j), b = load<f64>(ai + j), c = load<f64>(vr + j), d = load<f64>(vi + j);
      tr += a * c - b * d;
      ti += a * d + b * c;
      store<f64>(pr + j, load<f64>(pr + j) + a * x + b * y);
      store<f64>(pi + j, load<f64>(pi + j) + a * y - b * x);
    }
    const own = load<f64>(ar + end);
    store<f64>(pr + end, load<f64>(pr + end) + tr + own * x);
    store<f64>(pi + end, load<f64>(pi + end) + ti + own * y);
  }
}

/** A -= v w^H + w v^H for the trailing matrix. */
function subtract(
  re: usize, im: usize, pitch: usize, n: i32, first: i32, vr: usize, vi: usize, wr: usize, wi: usize,
): void {
  const from = F * <usize>first;
  for (let i = first; i < n; i++) {
    const ar = at(re, pitch, i, 0), ai = at(im, pitch, i, 0);
    const end = F * <usize>(i + 1);
    const x = load<f64>(vr + F * i), y = load<f64>(vi + F * i), u = load<f64>(wr + F * i), z = load<f64>(wi + F * i);
    const xs = f64x2.splat(x), ys = f64x2.splat(y), us = f64x2.splat(u), zs = f64x2.splat(z);
    let j = from;
    for (; j + F < end; j += 16) {
      const a = v128.load(vr + j), b = v128.load(vi + j), c = v128.load(wr + j), d = v128.load(wi + j);
      const r = f64x2.add(
        f64x2.add(f64x2.mul(xs, c), f64x2.mul(ys, d)), f64x2.add(f64x2.mul(us, a), f64x2.mul(zs, b)),
      );
      const s = f64x2.add(
        f64x2.sub(f64x2.mul(ys, c), f64x2.mul(xs, d)), f64x2.sub(f64x2.mul(zs, a), f64x2.mul(us, b)),
      );
      v128.store(ar + j, f64x2.sub(v128.load(ar + j), r));
      v128.store(ai + j, f64x2.sub(v128.load(ai + j), s));
    }
    for (; j < end; j += F) {
      const a = load<f64>(vr + j), b = load<f64>(vi + j), c = load<f64>(wr + j), d = load<f64>(wi + j);
      store<f64>(ar + j, load<f64>(ar + j) - (x * c + y * d + u * a + z * b));
      store<f64>(ai + j, load<f64>(ai + j) - (y * c - x * d + z * a - u * b));
    }
  }
}

/**
 * Eigenvalues of the tridiagonal matrix in place of its diagonal, in no order; row i of `z` becomes the vector
 * of eigenvalue i. `off` is used up and has room for n numbers. False if it does not converge, or is not finite.
 */
export function tridiagonalEigen(diagonal: usize, off: usize, z: usize, pitch: usize, n: i32): bool {
  for (let i = 0; i < n; i++) {
    memory.fill(at(z, pitch, i, 0), 0, pitch);
    store<f64>(at(z, pitch, i, i), 1);
  }
  store<f64>(off + F * (n - 1), 0);
  // The reduction has left errors of this size; a smaller off-diagonal says nothing.
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) {
    norm = Math.max(norm, Math.abs(load<f64>(diagonal + F * i)) + Math.abs(load<f64>(off + F * i)));
  }
  // Written so that NaN fails too.
  if (!(norm < Infinity)) return false;
  const small = f64.EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let turn = 0; ; turn++) {
      let m = l;
      while (m + 1 < n && Math.abs(load<f64>(off + F * m)) > small) m++;
      if (m == l) break;
      if (turn == 60) return false;
      sweep(diagonal, off, z, pitch, l, m);
    }
  }
  return true;
}

/** One implicit QL step with Wilkinson's shift on the block l .. m. */
function sweep(diagonal: usize, off: usize, z: usize, pitch: usize, l: i32, m: i32): void {
  const dl = load<f64>(diagonal + F * l), el = load<f64>(off + F * l);
  const half = (load<f64>(diagonal + F * (l + 1)) - dl) / (2 * el);
  const root = Math.sqrt(half * half + 1);
  let g = load<f64>(diagonal + F * m) - dl + el / (half >= 0 ? half + root : half - root);
  let sine: f64 = 1, cosine: f64 = 1, p: f64 = 0;
  for (let i = m - 1; i >= l; i--) {
    const e = load<f64>(off + F * i);
    const f = sine * e, b = cosine * e;
    const r = Math.sqrt(f * f + g * g);
    store<f64>(off + F * (i + 1), r);
    const above = load<f64>(diagonal + F * (i + 1));
    if (r == 0) {
      store<f64>(diagonal + F * (i + 1), above - p);
      store<f64>(off + F * m, 0);
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = above - p;
    const t = (load<f64>(diagonal + F * i) - g) * sine + 2 * cosine * b;
    p = sine * t;
    store<f64>(diagonal + F * (i + 1), g + p);
    g = cosine * t - b;
    rotate(at(z, pitch, i, 0), at(z, pitch, i + 1, 0), pitch, sine, cosine);
  }
  store<f64>(diagonal + F * l, load<f64>(diagonal + F * l) - p);
  store<f64>(off + F * l, g);
  store<f64>(off + F * m, 0);
}

@inline
function rotate(low: usize, high: usize, pitch: usize, sine: f64, cosine: f64): void {
  const s = f64x2.splat(sine), c = f64x2.splat(cosine);
  for (const end = low + pitch; low < end; low += 16, high += 16) {
    const a = v128.load(low), b = v128.load(high);
    v128.store(high, f64x2.add(f64x2.mul(s, a), f64x2.mul(c, b)));
    v128.store(low, f64x2.sub(f64x2.mul(c, a), f64x2.mul(s, b)));
  }
}

/**
 * From a real vector z of T to the vector Q D z of A: `re` and `im` are the planes that `tridiagonalise` left,
 * the result goes to the rows xr and xi.
 */
export function backTransform(
  re: usize, im: usize, pitch: usize, n: i32, phases: usize, betas: usize, z: usize, xr: usize, xi: usize,
): void {
  for (let i = 0; i < n; i++) {
    const value = load<f64>(z + F * i);
    store<f64>(xr + F * i, value * load<f64>(phases + 2 * F * i));
    store<f64>(xi + F * i, value * load<f64>(phases + 2 * F * i, 8));
  }
  for (let k = n - 3; k >= 0; k--) {
    const vr = at(re, pitch, k, 0), vi = at(im, pitch, k, 0);
    const end = F * <usize>n, from = F * <usize>(k + 1);
    let sr = f64x2.splat(0), si = f64x2.splat(0);
    let j = from;
    for (; j + F < end; j += 16) {
      const a = v128.load(vr + j), b = v128.load(vi + j), c = v128.load(xr + j), d = v128.load(xi + j);
      sr = f64x2.add(sr, f64x2.add(f64x2.mul(a, c), f64x2.mul(b, d)));
      si = f64x2.add(si, f64x2.sub(f64x2.mul(a, d), f64x2.mul(b, c)));
    }
    let tr = f64x2.extract_lane(sr, 0) + f64x2.extract_lane(sr, 1);
    let ti = f64x2.extract_lane(si, 0) + f64x2.extract_lane(si, 1);
    for (; j < end; j += F) {
      const a = load<f64>(vr + j), b = load<f64>(vi + j), c = load<f64>(xr + j), d = load<f64>(xi + j);
      tr += a * c + b * d;
      ti += a * d - b * c;
    }
    const beta = load<f64>(betas + F * k);
    tr *= beta;
    ti *= beta;
    const x = f64x2.splat(tr), y = f64x2.splat(ti);
    for (j = from; j + F < end; j += 16) {
      const a = v128.load(vr + j), b = v128.load(vi + j);
      v128.store(xr + j, f64x2.sub(v128.load(xr + j), f64x2.sub(f64x2.mul(a, x), f64x2.mul(b, y))));
      v128.store(xi + j, f64x2.sub(v128.load(xi + j), f64x2.add(f64x2.mul(a, y), f64x2.mul(b, x))));
    }
    for (; j < end; j += F) {
      const a = load<f64>(vr + j), b = load<f64>(vi + j);
      store<f64>(xr + j, load<f64>(xr + j) - (a * tr - b * ti));
      store<f64>(xi + j, load<f64>(xi + j) - (a * ti + b * tr));
    }
  }
}
