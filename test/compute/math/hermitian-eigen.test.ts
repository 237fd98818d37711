import t from 'tap';
import type { ComplexMatrix } from '../../../compute/array/matrix.ts';
import { zeroMatrix } from '../../../compute/array/matrix.ts';
import { leadingEigenvectors } from '../../../compute/math/hermitian-eigen.ts';
import { normals } from '../helpers/scan.ts';

/** B B^H of a random n x rank matrix: positive semidefinite of that rank. */
function gram(n: number, rank: number): ComplexMatrix {
  const random = normals(7);
  const re = Float64Array.from({ length: n * rank }, random);
  const im = Float64Array.from({ length: n * rank }, random);
  const out = zeroMatrix(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < rank; k++) {
        const [a, b, c, d] = [re[i * rank + k], im[i * rank + k], re[j * rank + k], im[j * rank + k]];
        out.re[i * n + j] += a * c + b * d;
        out.im[i * n + j] += b * c - a * d;
      }
    }
  }
  return out;
}

t.test('A v = value v, orthonormal, of the right number, sum of values the trace', async (t) => {
  for (const [n, rank] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [7, 7],
    [40, 12],
    [121, 121],
  ]) {
    const a = gram(n, rank);
    const found = leadingEigenvectors(a, 1e-12);
    t.equal(found.length, rank, `${n} of rank ${rank}`);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += a.re[i * n + i];
    const sum = found.reduce((total, { value }) => total + value, 0);
    t.ok(Math.abs(sum / trace - 1) < 1e-12);
    t.ok(
      found.every(({ value }, i) => i === 0 || value <= found[i - 1].value),
      'largest first',
    );
    let worst = 0;
    for (const { value, re, im } of found) {
      for (let i = 0; i < n; i++) {
        let [x, y] = [-value * re[i], -value * im[i]];
        for (let j = 0; j < n; j++) {
          x += a.re[i * n + j] * re[j] - a.im[i * n + j] * im[j];
          y += a.re[i * n + j] * im[j] + a.im[i * n + j] * re[j];
        }
        worst = Math.max(worst, Math.hypot(x, y) / found[0].value);
      }
      for (const other of found) {
        let [x, y] = [other.re === re ? -1 : 0, 0];
        for (let i = 0; i < n; i++) {
          x += other.re[i] * re[i] + other.im[i] * im[i];
          y += other.re[i] * im[i] - other.im[i] * re[i];
        }
        worst = Math.max(worst, Math.hypot(x, y));
      }
    }
    t.ok(worst < 1e-12, `${worst}`);
  }
});

t.test('the threshold is a part of the largest; diagonal, zero and negative matrices', async (t) => {
  const diagonal = zeroMatrix(4);
  [1, 8, -20, 4].forEach((value, i) => {
    diagonal.re[5 * i] = value;
  });
  t.same(
    leadingEigenvectors(diagonal, 0.5).map(({ value }) => value),
    [8, 4],
  );
  t.same(leadingEigenvectors(zeroMatrix(3), 0), []);
  t.same(leadingEigenvectors(zeroMatrix(0), 0), []);
});

t.test('a matrix that is not finite is an error', async (t) => {
  const a = gram(5, 5);
  a.re[6] = Number.NaN;
  t.throws(() => leadingEigenvectors(a, 0), RangeError);
});
