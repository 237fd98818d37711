/**
 * The aliased coil images of a regularly undersampled k-space, by a transform of the sampled points alone.
 *
 * Along an axis of N points with samples l0 + m R (m = 0 .. M - 1, M = N / R), the unitary transform of those M
 * points is sqrt(R) times that of the grid with zeros between them, except for a phase:
 *
 *   f(i) = R^-1/2 sum over a of x(i + a M) / P(i + a M),   P(r) = exp(2 pi i (r - c) ((l0 - c) / N + c' / M))
 *
 * with c = floor(N / 2) and c' = floor(M / 2). Its complex noise has the variance of a k-space sample.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import { centredFftInto } from '../../math/fft.ts';
import { foldedAxis } from '../../math/unfold-image.ts';
import type { Sampling } from './reconstruction.ts';

/** f for both axes: `[coil, y / ry, x / rx]`. The factors must divide the size of `kspace`, which is not changed. */
export function foldedImages(kspace: ComplexArray, { factors, offsets }: Sampling): ComplexArray {
  const [coils, ny, nx] = kspace.shape;
  const [rx, ry] = factors;
  const [mx, my] = [nx / rx, ny / ry];
  const sampled = complexZeros([coils, my, mx]);
  for (let row = 0; row < coils * my; row++) {
    const line = Math.floor(row / my) * ny + offsets[1] + (row % my) * ry;
    const from = 2 * line * nx;
    const to = 2 * row * mx;
    if (rx === 1) {
      sampled.data.set(kspace.data.subarray(from, from + 2 * nx), to);
      continue;
    }
    for (let m = 0; m < mx; m++) {
      const p = from + 2 * (offsets[0] + m * rx);
      sampled.data[to + 2 * m] = kspace.data[p];
      sampled.data[to + 2 * m + 1] = kspace.data[p + 1];
    }
  }
  centredFftInto(sampled, sampled, [1, 2], 'inverse');
  return rolled(sampled, foldedAxis(ny, ry, offsets[1]).roll, foldedAxis(nx, rx, offsets[0]).roll);
}

/** Multiplies an image `[y, x]` by P of both axes and by sqrt(R), in place: pixel values as of full sampling. */
export function restorePhases(image: ComplexArray, { factors, offsets }: Sampling): ComplexArray {
  const [ny, nx] = image.shape;
  const alongX = phases(nx, factors[0], offsets[0]);
  const alongY = phases(ny, factors[1], offsets[1]);
  const { data } = image;
  for (let y = 0; y < ny; y++) {
    const [yr, yi] = [alongY[2 * y], alongY[2 * y + 1]];
    for (let x = 0; x < nx; x++) {
      const pr = yr * alongX[2 * x] - yi * alongX[2 * x + 1];
      const pi = yr * alongX[2 * x + 1] + yi * alongX[2 * x];
      const k = 2 * (y * nx + x);
      const re = data[k];
      data[k] = re * pr - data[k + 1] * pi;
      data[k + 1] = re * pi + data[k + 1] * pr;
    }
  }
  return image;
}

/** sqrt(R) P(r) for every pixel of an axis. */
function phases(n: number, factor: number, offset: number): Float64Array {
  const out = new Float64Array(2 * n);
  const m = n / factor;
  const [c, small] = [Math.floor(n / 2), Math.floor(m / 2)];
  for (let r = 0; r < n; r++) {
    // Whole turns are left out first: the numbers are exact integers over n.
    const turns = (((r - c) * (offset - c + small * factor)) % n) / n;
    out[2 * r] = Math.sqrt(factor) * Math.cos(2 * Math.PI * turns);
    out[2 * r + 1] = Math.sqrt(factor) * Math.sin(2 * Math.PI * turns);
  }
  return out;
}

/** out[y, x] = images[y + dy, x + dx], round the edges. */
function rolled(images: ComplexArray, dy: number, dx: number): ComplexArray {
  if (dy === 0 && dx === 0) return images;
  const [coils, my, mx] = images.shape;
  const out = complexZeros(images.shape);
  for (let row = 0; row < coils * my; row++) {
    const coil = Math.floor(row / my);
    const from = 2 * (coil * my + (((row % my) + dy) % my)) * mx;
    const to = 2 * row * mx;
    out.data.set(images.data.subarray(from + 2 * dx, from + 2 * mx), to);
    out.data.set(images.data.subarray(from, from + 2 * dx), to + 2 * (mx - dx));
  }
  return out;
}
