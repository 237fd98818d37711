/** Images over the same field of view on another grid. */
import type { RealArray } from '../../array/complex.ts';

/**
 * `[..., y, x]` on a grid `[ny, nx]` over the same field of view: the nearest pixel, centre upon centre
 * (floor(n / 2)). `parts` numbers per element.
 */
export function nearest(image: RealArray, [ny, nx]: readonly number[], parts = 1): RealArray {
  const [oldY, oldX] = image.shape.slice(-2);
  if (oldY === ny && oldX === nx) return image;
  const planes = image.shape.slice(0, -2).reduce((product, n) => product * n, 1);
  const data = new Float32Array(planes * ny * nx * parts);
  const columns = places(nx, oldX);
  places(ny, oldY).forEach((from, y) => {
    for (let plane = 0; plane < planes; plane++) {
      const line = (plane * oldY + from) * oldX;
      const to = (plane * ny + y) * nx;
      for (let x = 0; x < nx; x++) {
        for (let k = 0; k < parts; k++)
          data[(to + x) * parts + k] = image.data[(line + columns[x]) * parts + k];
      }
    }
  });
  return { data, shape: [...image.shape.slice(0, -2), ny, nx] };
}

/** Index on a grid of `old` points for each of n points. */
function places(n: number, old: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const at = Math.round(((i - Math.floor(n / 2)) * old) / n) + Math.floor(old / 2);
    return Math.min(old - 1, Math.max(0, at));
  });
}
