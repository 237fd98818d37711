import t from 'tap';
import { complexFrom } from '../../../compute/array/complex.ts';
import type { ComplexMatrix } from '../../../compute/array/matrix.ts';
import { zeroMatrix } from '../../../compute/array/matrix.ts';
import {
  cholesky,
  conditionNumber,
  invertLower,
  NotPositiveDefiniteError,
} from '../../../compute/math/cholesky.ts';
import { multiplyLowerInto } from '../../../compute/math/lower-product.ts';
import { rootSumSquares } from '../../../compute/math/root-sum-squares.ts';
import { complexNoise, normals, worstOfMaximum } from '../helpers/scan.ts';

/** a b^H of two matrices. */
function timesAdjoint(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const n = a.size;
  const out = zeroMatrix(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const [p, q] = [i * n + k, j * n + k];
        out.re[i * n + j] += a.re[p] * b.re[q] + a.im[p] * b.im[q];
        out.im[i * n + j] += a.im[p] * b.re[q] - a.re[p] * b.im[q];
      }
    }
  }
  return out;
}

/** A random Hermitian positive definite matrix. */
function covariance(n: number, seed: number): ComplexMatrix {
  const random = normals(seed);
  const m = zeroMatrix(n);
  for (let i = 0; i < n * n; i++) {
    m.re[i] = random();
    m.im[i] = random();
  }
  return timesAdjoint(m, m);
}

t.test('the Cholesky factor times its adjoint is the matrix, for 1 to 64 coils', async (t) => {
  for (const n of [1, 2, 7, 16, 64]) {
    const a = covariance(n, n);
    const l = cholesky(a);
    const product = timesAdjoint(l, l);
    t.ok(worstOfMaximum(product.re, a.re) < 1e-12, `real parts, ${n}`);
    t.ok(n === 1 || worstOfMaximum(product.im, a.im) < 1e-12, `imaginary parts, ${n}`);
    const w = invertLower(l);
    const adjoint = zeroMatrix(n);
    for (let i = 0; i < n * n; i++) {
      adjoint.re[(i % n) * n + Math.floor(i / n)] = l.re[i];
      adjoint.im[(i % n) * n + Math.floor(i / n)] = -l.im[i];
    }
    const identity = timesAdjoint(w, adjoint);
    t.ok(
      identity.re.every((x, i) => Math.abs(x - (i % (n + 1) === 0 ? 1 : 0)) < 1e-9),
      `inverse, ${n}`,
    );
  }
});

t.test('a matrix that is not positive definite is refused at the row where it shows', async (t) => {
  const a = covariance(6, 3);
  // Coil 4 becomes a copy of coil 1.
  for (let k = 0; k < 6; k++) {
    a.re[4 * 6 + k] = a.re[1 * 6 + k];
    a.im[4 * 6 + k] = a.im[1 * 6 + k];
    a.re[k * 6 + 4] = a.re[k * 6 + 1];
    a.im[k * 6 + 4] = a.im[k * 6 + 1];
  }
  a.re[4 * 6 + 4] = a.re[1 * 6 + 1];
  a.re[4 * 6 + 1] = a.re[1 * 6 + 1];
  a.im[4 * 6 + 1] = 0;
  t.throws(() => cholesky(a), { name: 'NotPositiveDefiniteError', row: 4 });
  const nan = covariance(3, 1);
  nan.re[4] = Number.NaN;
  t.throws(() => cholesky(nan), NotPositiveDefiniteError);
});

t.test('the condition number is estimated to a few per cent', async (t) => {
  const a = zeroMatrix(5);
  [1, 40, 3, 0.02, 7].forEach((value, i) => {
    a.re[i * 5 + i] = value;
  });
  const l = cholesky(a);
  const estimate = conditionNumber(l, invertLower(l));
  t.ok(Math.abs(estimate / 2000 - 1) < 0.02, `${estimate}`);
});

t.test(
  'multiplication along the coil axis equals the sum, for sample counts that fill no tile',
  async (t) => {
    for (const [coils, samples] of [
      [1, 5],
      [3, 1],
      [5, 1024],
      [7, 1031],
      [16, 2049],
    ]) {
      const w = invertLower(cholesky(covariance(coils, coils)));
      const x = complexNoise(normals(samples), coils * samples);
      const expected = new Float64Array(x.length);
      for (let i = 0; i < coils; i++) {
        for (let j = 0; j <= i; j++) {
          const [re, im] = [w.re[i * coils + j], w.im[i * coils + j]];
          for (let s = 0; s < samples; s++) {
            const [p, q] = [2 * (i * samples + s), 2 * (j * samples + s)];
            expected[p] += 2 * (re * x[q] - im * x[q + 1]);
            expected[p + 1] += 2 * (re * x[q + 1] + im * x[q]);
          }
        }
      }
      const array = complexFrom(x, [coils, samples]);
      multiplyLowerInto(array, w, array, 2);
      t.ok(worstOfMaximum(array.data, expected) < 1e-5, `${coils} x ${samples}`);
    }
    t.throws(
      () =>
        multiplyLowerInto(
          complexFrom(new Float32Array(8), [2, 2]),
          zeroMatrix(3),
          complexFrom(new Float32Array(8), [2, 2]),
        ),
      RangeError,
    );
  },
);

t.test('sums over coils: root of squares', async (t) => {
  const [coils, pixels] = [5, 13];
  const x = complexFrom(complexNoise(normals(9), coils * pixels), [coils, pixels]);
  const rss = rootSumSquares(x, 3);
  for (let p = 0; p < pixels; p++) {
    let squares = 0;
    for (let i = 0; i < coils; i++) {
      const [xr, xi] = [x.data[2 * (i * pixels + p)], x.data[2 * (i * pixels + p) + 1]];
      squares += xr * xr + xi * xi;
    }
    t.ok(Math.abs(rss.data[p] / (3 * Math.sqrt(squares)) - 1) < 1e-6, `rss ${p}`);
  }
});
