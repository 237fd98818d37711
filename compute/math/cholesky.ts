/**
 * Cholesky factor of a Hermitian positive definite matrix and what follows from it, in float64.
 * (Golub and Van Loan, Matrix Computations, section 4.2; the complex case by conjugating the right factor.)
 */
import type { ComplexMatrix } from '../array/matrix.ts';
import { zeroMatrix } from '../array/matrix.ts';

/** The matrix is not positive definite: the pivot of `row` vanishes against its diagonal element. */
export class NotPositiveDefiniteError extends Error {
  readonly row: number;

  constructor(row: number) {
    super(`the matrix is not positive definite: pivot ${row} vanishes`);
    this.name = 'NotPositiveDefiniteError';
    this.row = row;
  }
}

/** Lower-triangular L with L L^H = a; only the lower triangle of `a` is read. Throws NotPositiveDefiniteError. */
export function cholesky(a: ComplexMatrix): ComplexMatrix {
  const n = a.size;
  const l = zeroMatrix(n);
  const smallest = 4 * n * Number.EPSILON;
  for (let j = 0; j < n; j++) {
    const diagonal = a.re[j * n + j];
    let pivot = diagonal;
    for (let k = 0; k < j; k++) pivot -= l.re[j * n + k] ** 2 + l.im[j * n + k] ** 2;
    // Written so that NaN fails too.
    if (!(pivot > smallest * diagonal)) throw new NotPositiveDefiniteError(j);
    const root = Math.sqrt(pivot);
    l.re[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let re = a.re[i * n + j];
      let im = a.im[i * n + j];
      for (let k = 0; k < j; k++) {
        const p = i * n + k;
        const q = j * n + k;
        re -= l.re[p] * l.re[q] + l.im[p] * l.im[q];
        im -= l.im[p] * l.re[q] - l.re[p] * l.im[q];
      }
      l.re[i * n + j] = re / root;
      l.im[i * n + j] = im / root;
    }
  }
  return l;
}

/** The inverse of a lower-triangular matrix with real positive diagonal, lower-triangular too. */
export function invertLower(l: ComplexMatrix): ComplexMatrix {
  const n = l.size;
  const w = zeroMatrix(n);
  for (let j = 0; j < n; j++) {
    w.re[j * n + j] = 1 / l.re[j * n + j];
    for (let i = j + 1; i < n; i++) {
      let re = 0;
      let im = 0;
      for (let k = j; k < i; k++) {
        const p = i * n + k;
        const q = k * n + j;
        re -= l.re[p] * w.re[q] - l.im[p] * w.im[q];
        im -= l.re[p] * w.im[q] + l.im[p] * w.re[q];
      }
      w.re[i * n + j] = re / l.re[i * n + i];
      w.im[i * n + j] = im / l.re[i * n + i];
    }
  }
  return w;
}

/**
 * Estimate of the 2-norm condition number of L L^H: largest eigenvalue over smallest, each by the power
 * method (on L L^H, and on its inverse W^H W). Good to a few per cent, which is what a warning needs.
 */
export function conditionNumber(l: ComplexMatrix, inverse: ComplexMatrix): number {
  const largest = dominant(l.size, (v) => multiply(l, multiplyAdjoint(l, v)));
  const smallest = 1 / dominant(l.size, (v) => multiplyAdjoint(inverse, multiply(inverse, v)));
  return largest / smallest;
}

/** A complex vector: real parts, then imaginary parts. */
type Vector = Float64Array;

function dominant(n: number, apply: (v: Vector) => Vector): number {
  // A start vector without symmetry, so that it is orthogonal to no eigenvector of practical interest.
  let v: Vector = Float64Array.from({ length: 2 * n }, (_, i) => 1 + Math.sin(1 + i) / 2);
  let value = 0;
  for (let iteration = 0; iteration < 100; iteration++) {
    const length = Math.hypot(...v);
    v = apply(v.map((x) => x / length));
    const next = Math.hypot(...v);
    if (Math.abs(next - value) <= 1e-4 * next) return next;
    value = next;
  }
  return value;
}

function multiply(m: ComplexMatrix, v: Vector): Vector {
  const n = m.size;
  const out = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      out[i] += m.re[i * n + j] * v[j] - m.im[i * n + j] * v[n + j];
      out[n + i] += m.re[i * n + j] * v[n + j] + m.im[i * n + j] * v[j];
    }
  }
  return out;
}

function multiplyAdjoint(m: ComplexMatrix, v: Vector): Vector {
  const n = m.size;
  const out = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      out[j] += m.re[i * n + j] * v[i] + m.im[i * n + j] * v[n + i];
      out[n + j] += m.re[i * n + j] * v[n + i] - m.im[i * n + j] * v[i];
    }
  }
  return out;
}
