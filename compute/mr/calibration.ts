/** The block of k-space that kernels and sensitivities are calibrated on. */
import type { ComplexArray } from '../array/complex.ts';
import { complexZeros } from '../array/complex.ts';
import type { Calibration } from './recon/reconstruction.ts';

export type Block = Calibration['block'];
type Interval = readonly [from: number, to: number];

/** Central columns and lines of a grid; null or more than there are: all. */
export function centralBlock(
  [columns, lines]: readonly [number, number],
  acl: readonly [number | null, number | null] | null | undefined,
): Block {
  return { x: central([0, columns], columns, acl?.[0]), y: central([0, lines], lines, acl?.[1]) };
}

/** The part of `block` that is within the central `acl` columns and lines of the grid. */
export function withinAcl(
  block: Block,
  [columns, lines]: readonly [number, number],
  acl: readonly [number | null, number | null] | null | undefined,
): Block {
  return { x: central(block.x, columns, acl?.[0]), y: central(block.y, lines, acl?.[1]) };
}

/** `count` of n samples from floor(n / 2) - floor(count / 2) on, as far as `limits` has them. */
function central([from, to]: Interval, n: number, count: number | null | undefined): Interval {
  if (!count || count >= n) return [from, to];
  const start = Math.floor(n / 2) - Math.floor(count / 2);
  const first = Math.max(from, start);
  const last = Math.min(to, start + count);
  return last > first ? [first, last] : [from, to];
}

/** The longest run of rows without a gap, the first of several; undefined if no row is measured. */
export function longestRun(counts: ArrayLike<number>): Interval | undefined {
  let best: Interval | undefined;
  for (let row = 0; row < counts.length; row++) {
    if (!counts[row]) continue;
    let end = row;
    while (end < counts.length && counts[end]) end += 1;
    if (!best || end - row > best[1] - best[0]) best = [row, end];
    row = end;
  }
  return best;
}

/** A copy of the block, times `scale`, zero elsewhere. */
export function copyBlock(kspace: ComplexArray, { x, y }: Block, scale = 1): ComplexArray {
  const [coils, lines, columns] = kspace.shape;
  const out = complexZeros(kspace.shape);
  for (let coil = 0; coil < coils; coil++) {
    for (let row = y[0]; row < y[1]; row++) {
      const line = 2 * (coil * lines + row) * columns;
      for (let k = line + 2 * x[0]; k < line + 2 * x[1]; k++) out.data[k] = scale * kspace.data[k];
    }
  }
  return out;
}

/** In place: zero outside the block. */
export function keepBlock(kspace: ComplexArray, { x, y }: Block): void {
  const [coils, lines, columns] = kspace.shape;
  for (let row = 0; row < coils * lines; row++) {
    const line = 2 * row * columns;
    const inside = row % lines >= y[0] && row % lines < y[1];
    kspace.data.fill(0, line, line + 2 * (inside ? x[0] : columns));
    if (inside) kspace.data.fill(0, line + 2 * x[1], line + 2 * columns);
  }
}
