/** SENSE in float64 by the pseudo-inverse of every set of aliasing pixels: slow and plain, to compare with. */
import type { ComplexArray } from '../../../compute/array/complex.ts';

export interface Unfolded {
  /** Standard deviation of the complex noise for folded data of variance 1, `[y, x]`. */
  readonly deviation: Float64Array;
  readonly gFactor: Float64Array;
  /** (E^H E)^-1 E^H f, complex, `[y, x]`. */
  readonly image: Float64Array;
}

/** `folded`: `[coil, y / ry, x / rx]`. Pixels with zero maps take no part. */
export function pseudoInverse(
  maps: ComplexArray,
  folded: ComplexArray,
  [rx, ry]: readonly [number, number],
): Unfolded {
  const [coils, ny, nx] = maps.shape;
  const [my, mx] = [ny / ry, nx / rx];
  const out = {
    deviation: new Float64Array(ny * nx),
    gFactor: new Float64Array(ny * nx),
    image: new Float64Array(2 * ny * nx),
  };
  for (let j = 0; j < my; j++) {
    for (let i = 0; i < mx; i++) {
      const pixels: number[] = [];
      for (let b = 0; b < ry; b++) {
        for (let a = 0; a < rx; a++) pixels.push((j + b * my) * nx + i + a * mx);
      }
      const live = pixels.filter((p) => column(maps, p).some((x) => x !== 0));
      const e = live.map((p) => column(maps, p));
      const gram = e.map((p) => e.map((q) => dot(p, q)));
      const inverse = inverted(gram);
      const f = Array.from({ length: coils }, (_, c) => 2 * ((c * my + j) * mx + i)).flatMap((k) => [
        folded.data[k],
        folded.data[k + 1],
      ]);
      const projected = e.map((p) => dot(p, f));
      live.forEach((pixel, k) => {
        out.deviation[pixel] = Math.sqrt(inverse[k][k][0]);
        out.gFactor[pixel] = Math.sqrt(inverse[k][k][0] * gram[k][k][0]);
        for (let l = 0; l < live.length; l++) {
          const [a, b] = inverse[k][l];
          const [c, d] = projected[l];
          out.image[2 * pixel] += a * c - b * d;
          out.image[2 * pixel + 1] += a * d + b * c;
        }
      });
    }
  }
  return out;
}

function column(maps: ComplexArray, pixel: number): number[] {
  const plane = maps.data.length / maps.shape[0];
  return Array.from({ length: maps.shape[0] }, (_, c) => c * plane + 2 * pixel).flatMap((k) => [
    maps.data[k],
    maps.data[k + 1],
  ]);
}

type Complex = [number, number];

/** p^H q of interleaved vectors. */
function dot(p: readonly number[], q: readonly number[]): Complex {
  let re = 0;
  let im = 0;
  for (let k = 0; k < p.length; k += 2) {
    re += p[k] * q[k] + p[k + 1] * q[k + 1];
    im += p[k] * q[k + 1] - p[k + 1] * q[k];
  }
  return [re, im];
}

/** Gauss and Jordan with pivots on the diagonal. */
function inverted(matrix: Complex[][]): Complex[][] {
  const n = matrix.length;
  const a = matrix.map((row) => row.map(([re, im]): Complex => [re, im]));
  const b = matrix.map((_, i) => matrix.map((__, j): Complex => [i === j ? 1 : 0, 0]));
  for (let k = 0; k < n; k++) {
    const [pr, pi] = a[k][k];
    const size = pr * pr + pi * pi;
    const scale = (row: Complex[]): void => {
      for (const x of row) {
        const [re, im] = x;
        x[0] = (re * pr + im * pi) / size;
        x[1] = (im * pr - re * pi) / size;
      }
    };
    scale(a[k]);
    scale(b[k]);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const [fr, fi] = a[i][k];
      const take = (to: Complex[], from: Complex[]): void => {
        to.forEach((x, j) => {
          const [re, im] = from[j];
          x[0] -= fr * re - fi * im;
          x[1] -= fr * im + fi * re;
        });
      };
      take(a[i], a[k]);
      take(b[i], b[k]);
    }
  }
  return b;
}
