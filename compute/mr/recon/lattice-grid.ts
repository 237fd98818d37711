/**
 * Aliased pixels lie N / R apart, so that the size of the grid must be a multiple of the acceleration. Another
 * size is made up with zeros: the image has slightly smaller pixels over the same field of view.
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import type { Sampling, WhitenedSlice } from './reconstruction.ts';

/** The smallest multiple of `factor` that is at least n. */
export function latticeSize(n: number, factor: number): number {
  return Math.ceil(n / factor) * factor;
}

export interface LatticeGrid {
  readonly slice: WhitenedSlice;
  /** Puts other whitened k-space of the same sampling on the same grid. */
  readonly place: (kspace: ComplexArray) => ComplexArray;
}

/**
 * The slice on the next grid that its acceleration divides, k = 0 at floor(N' / 2); the slice itself if that is
 * its grid. Lattice points beyond the old grid were not measured: what is there is scaled so that the noise
 * of the image is that of a complete lattice.
 */
export function latticeGrid(slice: WhitenedSlice): LatticeGrid {
  const { kspace, sampling, calibration } = slice;
  const [, ny, nx] = kspace.shape;
  const { factors, offsets }: Sampling = sampling ?? { factors: [1, 1], offsets: [0, 0] };
  const size: [number, number] = [latticeSize(nx, factors[0]), latticeSize(ny, factors[1])];
  if (size[0] === nx && size[1] === ny) return { slice, place: (data) => data };
  const shift = [shiftOf(nx, size[0]), shiftOf(ny, size[1])];
  const moved: Sampling = {
    factors,
    offsets: [(offsets[0] + shift[0]) % factors[0], (offsets[1] + shift[1]) % factors[1]],
  };
  const measured = pointsOf(nx, factors[0], offsets[0]) * pointsOf(ny, factors[1], offsets[1]);
  const complete = (size[0] / factors[0]) * (size[1] / factors[1]);
  const place = (data: ComplexArray): ComplexArray => padded(data, size, Math.sqrt(complete / measured));
  const on = (range: readonly [number, number], by: number): [number, number] => [
    range[0] + by,
    range[1] + by,
  ];
  const reference = calibration && {
    kspace: padded(calibration.kspace, size, 1),
    block: { x: on(calibration.block.x, shift[0]), y: on(calibration.block.y, shift[1]) },
  };
  return { slice: { ...slice, kspace: place(kspace), sampling: moved, calibration: reference }, place };
}

/** The slice on that grid. */
export function onLatticeGrid(slice: WhitenedSlice): WhitenedSlice {
  return latticeGrid(slice).slice;
}

/** How far k = 0 moves when n points become `size`. */
function shiftOf(n: number, size: number): number {
  return Math.floor(size / 2) - Math.floor(n / 2);
}

/** Points offset, offset + factor, ... below n. */
function pointsOf(n: number, factor: number, offset: number): number {
  return Math.ceil((n - offset) / factor);
}

function padded(kspace: ComplexArray, [mx, my]: readonly [number, number], scale: number): ComplexArray {
  const [coils, ny, nx] = kspace.shape;
  const out = complexZeros([coils, my, mx]);
  const [dx, dy] = [shiftOf(nx, mx), shiftOf(ny, my)];
  for (let row = 0; row < coils * ny; row++) {
    const to = 2 * ((Math.floor(row / ny) * my + (row % ny) + dy) * mx + dx);
    for (let k = 0; k < 2 * nx; k++) out.data[to + k] = scale * kspace.data[2 * row * nx + k];
  }
  return out;
}
