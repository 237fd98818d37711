/** The dominant eigenvector of a coils x coils matrix in every pixel of a slice. */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';

export interface PixelEigenvectors {
  /** Unit vectors `[coil, y, x]`, the first coil real and positive; 0 where the matrix is 0. */
  readonly vectors: ComplexArray;
  /** `[y, x]` */
  readonly values: RealArray;
}

/** Steps of the power method at most; neighbours of almost equal eigenvalue are not told apart further. */
const ITERATIONS = 40;

export interface PixelMatrices {
  readonly shape: readonly [coils: number, ny: number, nx: number];
  /**
   * Writes row y: element (i, j <= i) of the Hermitian matrices of its pixels as line i (i + 1) / 2 + j of
   * nx complex numbers. `row` holds what was written for the row before.
   */
  readonly fill: (y: number, row: Float32Array) => void;
  /** The rows are spectra, of which the centred forward transform times this factor is meant. */
  readonly spectrumScale?: number;
}

/** One row of matrices is in memory at a time. */
export function pixelEigenvectors({ shape, fill, spectrumScale }: PixelMatrices): PixelEigenvectors {
  const [coils, ny, nx] = shape;
  const pairs = (coils * (coils + 1)) / 2;
  const count = (nx + 3) & ~3;
  const vectors = complexZeros(shape);
  const values = realZeros([ny, nx]);
  const k = kernels();
  const plan = spectrumScale === undefined ? 0 : k.plan(nx);
  k.scoped((scratch) => {
    const fft = spectrumScale === undefined ? 0 : scratch.fftWork(nx);
    // The last lanes of a line reach into the next one, those of the last line into the slack.
    const matrices = scratch.floats(2 * (pairs * nx + 4));
    const found = scratch.floats(2 * coils * count);
    const lengths = scratch.floats(count);
    const work = scratch.dominantWork(coils);
    const row = scratch.view(matrices, 2 * (pairs * nx + 4)).fill(0);
    const foundView = scratch.view(found, 2 * coils * count);
    const lengthView = scratch.view(lengths, count);
    for (let y = 0; y < ny; y++) {
      fill(y, row);
      if (spectrumScale !== undefined) k.fftRows(plan, matrices, fft, pairs, 0, spectrumScale);
      k.dominantEigenvectors(matrices, 8 * nx, found, lengths, work, coils, count, ITERATIONS);
      for (let coil = 0; coil < coils; coil++) {
        const from = 2 * coil * count;
        vectors.data.set(foundView.subarray(from, from + 2 * nx), 2 * (coil * ny + y) * nx);
      }
      values.data.set(lengthView.subarray(0, nx), y * nx);
    }
  });
  return { vectors, values };
}
