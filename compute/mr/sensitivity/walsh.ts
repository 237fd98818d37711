/**
 * Adaptive sensitivities (Walsh, Gmitro and Marcellin, Magn Reson Med 43:682, 2000) of whitened coils: the
 * dominant eigenvector of the local coil covariance
 *
 *   R(r) = sum over q within w x w pixels around r of p(q) p(q)^H
 *
 * with the first coil real and positive. The window is cut off at the edges of the image.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { centredFft } from '../../math/fft.ts';
import { pixelEigenvectors } from '../../math/pixel-eigenvectors.ts';
import type { SensitivityEstimator } from './estimator.ts';
import { hannWindowed } from './hann.ts';

/** Side of the window in pixels. */
const WINDOW = 7;

export const walsh: SensitivityEstimator = {
  label: `Adaptive (Walsh), window ${WINDOW} x ${WINDOW}`,
  estimate(reference) {
    const images = centredFft(hannWindowed(reference), [1, 2], 'inverse');
    return { maps: adaptiveMaps(images, WINDOW) };
  },
};

/** Unit vectors `[coil, y, x]`; 0 where the image is 0 over the whole window. `side` is odd. */
export function adaptiveMaps(images: ComplexArray, side: number): ComplexArray {
  const [coils, ny, nx] = images.shape;
  const reach = (side - 1) / 2;
  const pairs = (coils * (coils + 1)) / 2;
  // Products of the lines around the present one, and their sum over these lines.
  const lines = Array.from({ length: side }, () => new Float64Array(2 * pairs * nx));
  const sums = new Float64Array(2 * pairs * nx);
  const enter = (y: number): void => {
    const line = lines[y % side];
    for (let k = 0; k < sums.length; k++) sums[k] -= line[k];
    if (y < ny) productsOfLine(images, y, line);
    else line.fill(0);
    for (let k = 0; k < sums.length; k++) sums[k] += line[k];
  };
  for (let y = 0; y < reach; y++) enter(y);
  return pixelEigenvectors({
    shape: [coils, ny, nx],
    fill(y, row) {
      enter(y + reach);
      for (let pair = 0; pair < pairs; pair++) slidingSums(sums, row, 2 * pair * nx, nx, reach);
    },
  }).vectors;
}

/** p_i conj(p_j) of every pixel of a line, for the pairs (i, j <= i). */
function productsOfLine({ data, shape }: ComplexArray, y: number, out: Float64Array): void {
  const [coils, ny, nx] = shape;
  let to = 0;
  for (let i = 0; i < coils; i++) {
    for (let j = 0; j <= i; j++) {
      let a = 2 * (i * ny + y) * nx;
      let b = 2 * (j * ny + y) * nx;
      for (let x = 0; x < nx; x++, a += 2, b += 2, to += 2) {
        out[to] = data[a] * data[b] + data[a + 1] * data[b + 1];
        out[to + 1] = data[a + 1] * data[b] - data[a] * data[b + 1];
      }
    }
  }
}

/** Sums over 2 reach + 1 neighbouring complex numbers of the nx that begin at `start`. */
function slidingSums(from: Float64Array, to: Float32Array, start: number, nx: number, reach: number): void {
  let re = 0;
  let im = 0;
  for (let x = 0; x < Math.min(reach, nx); x++) {
    re += from[start + 2 * x];
    im += from[start + 2 * x + 1];
  }
  for (let x = 0; x < nx; x++) {
    const entering = start + 2 * (x + reach);
    const leaving = start + 2 * (x - reach - 1);
    if (x + reach < nx) {
      re += from[entering];
      im += from[entering + 1];
    }
    if (x - reach > 0) {
      re -= from[leaving];
      im -= from[leaving + 1];
    }
    to[start + 2 * x] = re;
    to[start + 2 * x + 1] = im;
  }
}
