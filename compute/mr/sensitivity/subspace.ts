/** From the leading singular vectors of the calibration matrix to the operator M of every pixel. */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros, plane } from '../../array/complex.ts';
import { conjugateCoilSum } from '../../math/coil-sum.ts';
import { centredFftInto } from '../../math/fft.ts';
import type { Eigenvector } from '../../math/hermitian-eigen.ts';
import type { PixelEigenvectors } from '../../math/pixel-eigenvectors.ts';
import { pixelEigenvectors } from '../../math/pixel-eigenvectors.ts';
import type { CalibrationRegion } from './blocks.ts';
import { blockCounts } from './blocks.ts';

/**
 * w_n = sum over blocks p of y_p u_n[p] / s_n, the singular vectors in the space of blocks, as spectra
 * `[coil, vector, y, x]` of 2k x 2k points with block element (0, 0) at the centre.
 */
export function subspaceVectors(
  region: CalibrationRegion,
  kernel: number,
  leading: readonly Eigenvector[],
): ComplexArray {
  const { coils, lines, columns } = region;
  const [py, px] = blockCounts(region, kernel);
  const m = 2 * kernel;
  const out = complexZeros([coils, leading.length, m, m]);
  leading.forEach(({ value, re, im }, n) => {
    const scale = 1 / Math.sqrt(value);
    for (let coil = 0; coil < coils; coil++) {
      for (let dy = 0; dy < kernel; dy++) {
        for (let dx = 0; dx < kernel; dx++) {
          let sumRe = 0;
          let sumIm = 0;
          for (let y = 0; y < py; y++) {
            const from = (coil * lines + y + dy) * columns + dx;
            const u = y * px;
            for (let x = 0; x < px; x++) {
              const a = region.re[from + x];
              const b = region.im[from + x];
              sumRe += a * re[u + x] - b * im[u + x];
              sumIm += a * im[u + x] + b * re[u + x];
            }
          }
          const to = 2 * (((coil * leading.length + n) * m + kernel + dy) * m + kernel + dx);
          out.data[to] = scale * sumRe;
          out.data[to + 1] = scale * sumIm;
        }
      }
    }
  });
  return out;
}

/**
 * M as a short Fourier series `[pair, y, x]` of 2k x 2k coefficients around the centre, for the pairs of coils
 * (i, j <= i) at i (i + 1) / 2 + j:
 *
 *   M_ij(r) = k^-2 sum over n of K_ni(r) conj(K_nj(r)),   K_n(r) the transform of w_n
 *
 * It is formed on 2k x 2k points, which is enough for series of that length. `vectors` is used up.
 */
export function subspaceOperator(vectors: ComplexArray, coils: number, kernel: number): ComplexArray {
  const m = 2 * kernel;
  const pairs = (coils * (coils + 1)) / 2;
  centredFftInto(vectors, vectors, [2, 3], 'inverse');
  const out = complexZeros([pairs, m, m]);
  for (let i = 0, pair = 0; i < coils; i++) {
    for (let j = 0; j <= i; j++, pair++) {
      plane(out, pair).data.set(conjugateCoilSum(plane(vectors, j), plane(vectors, i)).data);
    }
  }
  // The unitary transform of w lacks a factor m, that of M back again a factor 1 / m.
  centredFftInto(out, out, [1, 2], 'inverse');
  const scale = m / (kernel * kernel);
  for (let i = 0; i < out.data.length; i++) out.data[i] *= scale;
  return out;
}

/** The dominant eigenvectors of M in the pixels of a slice. */
export function operatorEigenvectors(
  series: ComplexArray,
  [coils, ny, nx]: readonly [number, number, number],
): PixelEigenvectors {
  const [pairs, m] = series.shape;
  const columns = complexZeros([pairs, ny, m]);
  for (let pair = 0; pair < pairs; pair++) {
    for (let y = 0; y < m; y++) {
      const to = 2 * (pair * ny + onGrid(y, m, ny)) * m;
      const from = 2 * (pair * m + y) * m;
      for (let k = 0; k < 2 * m; k++) columns.data[to + k] += series.data[from + k];
    }
  }
  centredFftInto(columns, columns, [1], 'forward');
  const places = Array.from({ length: m }, (_, x) => onGrid(x, m, nx));
  return pixelEigenvectors({
    shape: [coils, ny, nx],
    // The unitary transform along y lacks sqrt(ny); that along x is not scaled.
    spectrumScale: Math.sqrt(ny),
    fill(y, row) {
      row.fill(0);
      for (let pair = 0; pair < pairs; pair++) {
        const from = 2 * (pair * ny + y) * m;
        for (let x = 0; x < m; x++) {
          const to = 2 * (pair * nx + places[x]);
          row[to] += columns.data[from + 2 * x];
          row[to + 1] += columns.data[from + 2 * x + 1];
        }
      }
    },
  });
}

/** Index on a grid of n points of coefficient `index` of m around the centre; round its ends if it is shorter. */
function onGrid(index: number, m: number, n: number): number {
  return (((Math.floor(n / 2) + index - m / 2) % n) + n) % n;
}
