/** A Hann window over the calibration block. */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import type { Calibration } from '../recon/reconstruction.ts';

/**
 * A windowed copy, zero outside the block. Along an axis where the block has all samples nothing is done;
 * else the window is 1 at k = 0 and 0 one sample beyond the further edge of the block.
 */
export function hannWindowed({ kspace, block }: Calibration): ComplexArray {
  const [coils, ny, nx] = kspace.shape;
  const alongX = hann(nx, block.x);
  const alongY = hann(ny, block.y);
  const out = complexZeros(kspace.shape);
  for (let row = 0; row < coils * ny; row++) {
    const weight = alongY[row % ny];
    if (weight === 0) continue;
    for (let x = block.x[0]; x < block.x[1]; x++) {
      const k = 2 * (row * nx + x);
      out.data[k] = weight * alongX[x] * kspace.data[k];
      out.data[k + 1] = weight * alongX[x] * kspace.data[k + 1];
    }
  }
  return out;
}

/** Weights of n samples, 0 outside [from, to). */
export function hann(n: number, [from, to]: readonly [number, number]): Float64Array {
  const out = new Float64Array(n);
  const centre = Math.floor(n / 2);
  const reach = Math.max(centre - from, to - 1 - centre) + 1;
  for (let x = from; x < to; x++) {
    out[x] = to - from === n ? 1 : 0.5 + 0.5 * Math.cos((Math.PI * (x - centre)) / reach);
  }
  return out;
}
