/**
 * Binary pictures `[y, x]` of ones and zeros: filling holes, dilation and erosion with the 3 x 3 square. What
 * lies beyond the edge counts as outside when holes are filled, and does not count for dilation and erosion.
 */
import type { RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';

/**
 * Holes filled, dilated, holes filled again, eroded: gaps of two pixels are closed, the outline stays, also at
 * the edge of the image, where the dilated mask has a pixel more to grow into.
 */
export function closeMask(mask: RealArray): RealArray {
  const [ny, nx] = mask.shape;
  const framed = window(fillHoles(mask), [ny + 2, nx + 2], -1);
  return window(erode(fillHoles(dilate(framed))), [ny, nx], 1);
}

/** out[y, x] = mask[y + by, x + by], 0 beyond its edges. */
function window(mask: RealArray, [ny, nx]: readonly [number, number], by: number): RealArray {
  const out = realZeros([ny, nx]);
  for (let y = Math.max(0, -by); y < Math.min(ny, mask.shape[0] - by); y++) {
    for (let x = Math.max(0, -by); x < Math.min(nx, mask.shape[1] - by); x++) {
      out.data[y * nx + x] = mask.data[(y + by) * mask.shape[1] + x + by];
    }
  }
  return out;
}

/** Sets everything that cannot be reached from the edge through zeros (over sides, not corners). */
export function fillHoles(mask: RealArray): RealArray {
  const [ny, nx] = mask.shape;
  const out = realZeros(mask.shape);
  out.data.fill(1);
  const stack: number[] = [];
  const visit = (pixel: number): void => {
    if (mask.data[pixel] !== 0 || out.data[pixel] === 0) return;
    out.data[pixel] = 0;
    stack.push(pixel);
  };
  for (let x = 0; x < nx; x++) {
    visit(x);
    visit((ny - 1) * nx + x);
  }
  for (let y = 0; y < ny; y++) {
    visit(y * nx);
    visit(y * nx + nx - 1);
  }
  for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
    const x = pixel % nx;
    if (x > 0) visit(pixel - 1);
    if (x < nx - 1) visit(pixel + 1);
    if (pixel >= nx) visit(pixel - nx);
    if (pixel < (ny - 1) * nx) visit(pixel + nx);
  }
  return out;
}

/** Sets every pixel that touches a set one, over sides or corners. */
export function dilate(mask: RealArray): RealArray {
  return overNeighbours(mask, Math.max);
}

/** Clears every pixel that touches a cleared one, over sides or corners. */
export function erode(mask: RealArray): RealArray {
  return overNeighbours(mask, Math.min);
}

/** The square of neighbours as a row after a column. */
function overNeighbours(mask: RealArray, choose: (a: number, b: number) => number): RealArray {
  const [ny, nx] = mask.shape;
  const rows = realZeros(mask.shape);
  const out = realZeros(mask.shape);
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const pixel = y * nx + x;
      let value = mask.data[pixel];
      if (x > 0) value = choose(value, mask.data[pixel - 1]);
      if (x < nx - 1) value = choose(value, mask.data[pixel + 1]);
      rows.data[pixel] = value;
    }
  }
  for (let pixel = 0; pixel < ny * nx; pixel++) {
    let value = rows.data[pixel];
    if (pixel >= nx) value = choose(value, rows.data[pixel - nx]);
    if (pixel < (ny - 1) * nx) value = choose(value, rows.data[pixel + nx]);
    out.data[pixel] = value;
  }
  return out;
}
