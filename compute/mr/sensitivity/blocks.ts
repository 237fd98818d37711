/** The blocks of a calibration region: all k x k neighbourhoods over all coils. */
import type { ComplexMatrix } from '../../array/matrix.ts';
import { zeroMatrix } from '../../array/matrix.ts';
import type { Calibration } from '../recon/reconstruction.ts';

/** Samples around the centre of k-space in float64, `[coil, line, column]`. */
export interface CalibrationRegion {
  readonly coils: number;
  readonly lines: number;
  readonly columns: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The central `side` x `side` samples, as far as the block of the calibration has them. */
export function centralRegion({ kspace, block }: Calibration, side: number): CalibrationRegion {
  const [coils, ny, nx] = kspace.shape;
  const [x0, x1] = central(block.x, nx, side);
  const [y0, y1] = central(block.y, ny, side);
  const [columns, lines] = [x1 - x0, y1 - y0];
  const re = new Float64Array(coils * lines * columns);
  const im = new Float64Array(coils * lines * columns);
  for (let coil = 0; coil < coils; coil++) {
    for (let y = 0; y < lines; y++) {
      for (let x = 0; x < columns; x++) {
        const from = 2 * ((coil * ny + y0 + y) * nx + x0 + x);
        const to = (coil * lines + y) * columns + x;
        re[to] = kspace.data[from];
        im[to] = kspace.data[from + 1];
      }
    }
  }
  return { coils, lines, columns, re, im };
}

function central([from, to]: readonly [number, number], n: number, side: number): [number, number] {
  const start = Math.floor(n / 2) - Math.floor(side / 2);
  return [Math.max(from, start), Math.min(to, start + side)];
}

/** Number of blocks along lines and columns. */
export function blockCounts({ lines, columns }: CalibrationRegion, kernel: number): [number, number] {
  return [lines - kernel + 1, columns - kernel + 1];
}

/**
 * H[p, q] = y_p^H y_q for all pairs of blocks, y_p the samples of block p over all coils: the small one of the
 * two products of the calibration matrix. Blocks overlap, so every product of two samples is formed once and
 * added up along the blocks it belongs to.
 */
export function blockProducts(region: CalibrationRegion, kernel: number): ComplexMatrix {
  const { lines, columns } = region;
  const [py, px] = blockCounts(region, kernel);
  const out = zeroMatrix(py * px);
  const re = new Float64Array(lines * columns);
  const im = new Float64Array(lines * columns);
  // Pairs of blocks at the distance (dy, dx), q after p; the others follow by symmetry.
  for (let dy = 0; dy < py; dy++) {
    for (let dx = dy === 0 ? 0 : 1 - px; dx < px; dx++) {
      sampleProducts(region, dy, dx, re, im);
      boxSums(re, lines, columns, kernel);
      boxSums(im, lines, columns, kernel);
      for (let y = 0; y + dy < py; y++) {
        for (let x = Math.max(0, -dx); x < Math.min(px, px - dx); x++) {
          const p = y * px + x;
          const q = (y + dy) * px + x + dx;
          const sum = y * columns + x;
          out.re[p * out.size + q] = re[sum];
          out.im[p * out.size + q] = im[sum];
          out.re[q * out.size + p] = re[sum];
          out.im[q * out.size + p] = -im[sum];
        }
      }
    }
  }
  return out;
}

/** conj(sample) times the sample at the distance (dy, dx), added over the coils; 0 where that lies outside. */
function sampleProducts(
  { coils, lines, columns, re, im }: CalibrationRegion,
  dy: number,
  dx: number,
  outRe: Float64Array,
  outIm: Float64Array,
): void {
  outRe.fill(0);
  outIm.fill(0);
  const [first, end] = [Math.max(0, -dx), Math.min(columns, columns - dx)];
  for (let coil = 0; coil < coils; coil++) {
    for (let y = 0; y + dy < lines; y++) {
      const a = (coil * lines + y) * columns;
      const b = a + dy * columns + dx;
      const to = y * columns;
      for (let x = first; x < end; x++) {
        outRe[to + x] += re[a + x] * re[b + x] + im[a + x] * im[b + x];
        outIm[to + x] += re[a + x] * im[b + x] - im[a + x] * re[b + x];
      }
    }
  }
}

/** In place: the sum over the k x k samples from each one on, as far as there are so many. */
function boxSums(values: Float64Array, lines: number, columns: number, kernel: number): void {
  for (let y = 0; y < lines; y++) {
    for (let x = 0; x + kernel <= columns; x++) {
      const at = y * columns + x;
      let sum = values[at];
      for (let k = 1; k < kernel; k++) sum += values[at + k];
      values[at] = sum;
    }
  }
  for (let y = 0; y + kernel <= lines; y++) {
    for (let x = 0; x + kernel <= columns; x++) {
      const at = y * columns + x;
      let sum = values[at];
      for (let k = 1; k < kernel; k++) sum += values[at + k * columns];
      values[at] = sum;
    }
  }
}
