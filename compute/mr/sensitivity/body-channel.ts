/** One image of a body coil that may have several channels. */
import type { ComplexArray } from '../../array/complex.ts';
import { plane } from '../../array/complex.ts';
import type { SuppliedImages } from '../recon/reconstruction.ts';

/** Part of each side that a corner is made of. */
const CORNER = 1 / 16;

/**
 * The channel with the most energy of images `[channel, y, x]`, and the root mean square of the quietest of its
 * four corners, where there is noise only.
 */
export function bodyChannel(images: ComplexArray): NonNullable<SuppliedImages['body']> {
  const energies = Array.from({ length: images.shape[0] }, (_, channel) => {
    let sum = 0;
    for (const x of plane(images, channel).data) sum += x * x;
    return sum;
  });
  const { data, shape } = plane(images, energies.indexOf(Math.max(...energies)));
  const image = { data: data.slice(), shape };
  const [ny, nx] = shape;
  const [h, w] = [Math.max(1, Math.round(ny * CORNER)), Math.max(1, Math.round(nx * CORNER))];
  const corners = [
    [0, 0],
    [0, nx - w],
    [ny - h, 0],
    [ny - h, nx - w],
  ];
  const powers = corners.map(([y0, x0]) => {
    let sum = 0;
    for (let y = y0; y < y0 + h; y++) {
      for (let k = 2 * (y * nx + x0); k < 2 * (y * nx + x0 + w); k++) sum += data[k] * data[k];
    }
    return sum / (h * w);
  });
  return { image, noise: Math.sqrt(Math.min(...powers)) };
}
