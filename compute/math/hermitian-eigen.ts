/** Eigenvalues and eigenvectors of dense Hermitian matrices, in float64. */
import type { ComplexMatrix } from '../array/matrix.ts';
import { kernels } from '../kernels/kernels.ts';

export interface Eigenvector {
  readonly value: number;
  /** Unit vector. */
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * The eigenvectors whose eigenvalue is at least `threshold` times the largest one, largest first; none if
 * the largest is not positive. The lower triangle of the matrix is read. Throws RangeError for a matrix with
 * numbers that are not finite.
 */
export function leadingEigenvectors(matrix: ComplexMatrix, threshold: number): Eigenvector[] {
  const n = matrix.size;
  if (n === 0) return [];
  const row = (n + 1) & ~1;
  const pitch = 8 * row;
  const k = kernels();
  return k.scoped((scratch) => {
    const room = scratch.doubles;
    const [re, im, z] = [room(n * row), room(n * row), room(n * row)];
    const [diagonal, off, betas, phases, work] = [
      room(row),
      room(row),
      room(row),
      room(2 * row),
      room(4 * row),
    ];
    const reView = scratch.doubleView(re, n * row);
    const imView = scratch.doubleView(im, n * row);
    for (let i = 0; i < n; i++) {
      reView.set(matrix.re.subarray(i * n, (i + 1) * n), i * row);
      imView.set(matrix.im.subarray(i * n, (i + 1) * n), i * row);
    }
    k.tridiagonalise(re, im, pitch, n, diagonal, off, phases, betas, work);
    if (!k.tridiagonalEigen(diagonal, off, z, pitch, n)) {
      throw new RangeError('the eigenvalues of the matrix do not converge: it is not finite');
    }
    const values = scratch.doubleView(diagonal, n).slice();
    const largest = values.reduce((a, b) => Math.max(a, b), 0);
    const order = [...values.keys()].filter((i) => values[i] > 0 && values[i] >= threshold * largest);
    order.sort((a, b) => values[b] - values[a]);
    return order.map((i) => {
      k.backTransform(re, im, pitch, n, phases, betas, z + i * pitch, work, work + pitch);
      const vector = scratch.doubleView(work, 2 * row);
      return { value: values[i], re: vector.slice(0, n), im: vector.slice(row, row + n) };
    });
  });
}
