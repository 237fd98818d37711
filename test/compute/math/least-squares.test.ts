import t from 'tap';
import { solveLeastSquares } from '../../../compute/math/least-squares.ts';
import { complexNoise, normals } from '../helpers/scan.ts';

/** A problem with given numbers, A and T side by side, interleaved `[row, column]`. */
function problem(rows: number, unknowns: number, targets: number, numbers: ArrayLike<number>) {
  const width = unknowns + targets;
  const fill = (column: number, first: number, count: number, out: Float64Array, at: number): void => {
    for (let r = 0; r < count; r++) {
      const p = 2 * ((first + r) * width + column);
      out[at + 8 * r] = numbers[p];
      out[at + 8 * r + 4] = numbers[p + 1];
    }
  };
  return { rows, unknowns, targets, fill };
}

/** Re and Im of sum over rows of conj(column a) * column b. */
function product(
  numbers: ArrayLike<number>,
  rows: number,
  width: number,
  a: number,
  b: number,
): [number, number] {
  let [re, im] = [0, 0];
  for (let r = 0; r < rows; r++) {
    const [p, q] = [2 * (r * width + a), 2 * (r * width + b)];
    re += numbers[p] * numbers[q] + numbers[p + 1] * numbers[q + 1];
    im += numbers[p] * numbers[q + 1] - numbers[p + 1] * numbers[q];
  }
  return [re, im];
}

t.test('the weights satisfy the regularised normal equations, for sizes around the blocks', async (t) => {
  for (const [rows, unknowns, targets] of [
    [5, 1, 1],
    [40, 7, 3],
    [130, 33, 2],
    [300, 70, 5],
  ] as const) {
    for (const lambda of [0, 0.01]) {
      const width = unknowns + targets;
      const numbers = complexNoise(normals(rows), rows * width);
      const { weights, singular } = solveLeastSquares(problem(rows, unknowns, targets, numbers), lambda);
      t.notOk(singular);
      const gram = Array.from({ length: unknowns }, (_, i) =>
        Array.from({ length: width }, (_, j) => product(numbers, rows, width, i, j)),
      );
      let norm = 0;
      for (const row of gram) for (const [re, im] of row.slice(0, unknowns)) norm += re ** 2 + im ** 2;
      const mu = (lambda * Math.sqrt(norm)) / unknowns;
      let worst = 0;
      for (let i = 0; i < unknowns; i++) {
        for (let k = 0; k < targets; k++) {
          let [re, im] = gram[i][unknowns + k].map((x) => -x);
          for (let j = 0; j < unknowns; j++) {
            const [a, b] = [gram[i][j][0] + (i === j ? mu : 0), gram[i][j][1]];
            const w = 2 * (j * targets + k);
            re += a * weights[w] - b * weights[w + 1];
            im += a * weights[w + 1] + b * weights[w];
          }
          worst = Math.max(worst, Math.hypot(re, im));
        }
      }
      t.ok(worst < 1e-11 * Math.sqrt(norm), `${rows} x ${unknowns}, lambda ${lambda}: ${worst}`);
    }
  }
});

t.test('an exact model is found, and a singular one is solved and reported', async (t) => {
  const [rows, unknowns] = [60, 6];
  const numbers = complexNoise(normals(3), rows * (unknowns + 1));
  // The target is column 0 plus i times column 5.
  for (let r = 0; r < rows; r++) {
    const row = 2 * r * 7;
    numbers[row + 12] = numbers[row] - numbers[row + 11];
    numbers[row + 13] = numbers[row + 1] + numbers[row + 10];
  }
  const exact = solveLeastSquares(problem(rows, unknowns, 1, Float64Array.from(numbers)), 0);
  const expected = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  expected.forEach((value, i) => {
    t.ok(Math.abs(exact.weights[i] - value) < 1e-6, `weight ${i}`);
  });
  // Column 1 the same as column 0: infinitely many solutions, the shortest shares the weight.
  for (let r = 0; r < rows; r++) {
    const row = 2 * r * 7;
    numbers[row + 2] = numbers[row];
    numbers[row + 3] = numbers[row + 1];
  }
  const shared = solveLeastSquares(problem(rows, unknowns, 1, numbers), 0);
  t.ok(shared.singular);
  t.ok(Math.abs(shared.weights[0] - 0.5) < 1e-3 && Math.abs(shared.weights[2] - 0.5) < 1e-3);
  const zero = solveLeastSquares(problem(10, 3, 1, new Float64Array(80)), 0);
  t.same([...zero.weights.subarray(0, 6)], [0, 0, 0, 0, 0, 0]);
});
