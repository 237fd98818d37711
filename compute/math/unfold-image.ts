/**
 * SENSE of one image: from undersampled k-space to unfolded pixels, their noise and g, without keeping weights.
 * The sampled points are transformed and unfolded in the memory of the kernels.
 */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, plane, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import type { Factors } from './unfolding.ts';

/** Complex numbers of the maps that are unfolded at a time: as many as stay in the caches. */
const BLOCK = 32_768;

export interface UnfoldedImage {
  /** U f of the folded images f, `[y, x]`. */
  readonly image: ComplexArray;
  /** As in Unfolding. */
  readonly deviation: RealArray;
  readonly gFactor: RealArray;
}

/** Where the sampled points of an axis lie, and their small transform. */
interface Axis {
  readonly n: number;
  readonly factor: number;
  readonly offset: number;
  /** Points of the small transform. */
  readonly m: number;
  /** Folded pixel i is point (i + roll) mod m of the small transform. */
  readonly roll: number;
}

/** How an axis of n points with samples offset, offset + factor, ... is folded. */
export function foldedAxis(n: number, factor: number, offset: number): Axis {
  const m = n / factor;
  const roll = (((Math.floor(m / 2) - Math.floor(n / 2)) % m) + m) % m;
  return { n, factor, offset, m, roll };
}

/**
 * `kspace` `[coil, y, x]` is not changed; `maps` are of the same size. Throws RangeError unless the factors divide
 * that size.
 */
export function unfoldImage(
  kspace: ComplexArray,
  maps: ComplexArray,
  factors: Factors,
  offsets: readonly [x: number, y: number],
): UnfoldedImage {
  const [coils, ny, nx] = kspace.shape;
  const [x, y] = [foldedAxis(nx, factors[0], offsets[0]), foldedAxis(ny, factors[1], offsets[1])];
  if (!Number.isInteger(x.m) || !Number.isInteger(y.m)) {
    throw new RangeError(`factors [${factors}] do not divide [${kspace.shape}]`);
  }
  const aliases = x.factor * y.factor;
  const [image, deviation, gFactor] = [complexZeros([ny, nx]), realZeros([ny, nx]), realZeros([ny, nx])];
  const sets = (x.m + 3) & ~3;
  const pitch = pitchOf(y.m * x.m);
  const most = Math.min(y.m, Math.max(1, Math.floor(BLOCK / (coils * y.factor * nx))));
  const mapPitch = pitchOf(most * nx);
  const k = kernels();
  const [rows, columns] = [k.plan(x.m), k.plan(y.m)];
  k.scoped((scratch) => {
    const fft = scratch.fftWork(Math.max(x.m, y.m));
    const folded = scratch.floats(2 * coils * pitch);
    const e = scratch.floats(2 * y.factor * coils * mapPitch);
    const [p, d, g] = [2, 1, 1].map((parts) => scratch.floats(parts * aliases * sets));
    const work = scratch.unfoldWork(aliases, coils);
    const spare = scratch.floats(4 * aliases * (coils + 1));
    const foldedView = scratch.view(folded, 2 * coils * pitch);
    const eView = scratch.view(e, 2 * y.factor * coils * mapPitch).fill(0);
    const pView = scratch.view(p, 2 * aliases * sets);
    const dView = scratch.view(d, aliases * sets);
    const gView = scratch.view(g, aliases * sets);
    for (let coil = 0; coil < coils; coil++) {
      const at = coil * pitch;
      takeSampled(foldedView.subarray(2 * at, 2 * (at + pitch)), plane(kspace, coil).data, x, y);
      k.fftColumns(columns, folded + 8 * at, fft, x.m, 1, 1 / Math.sqrt(y.m));
      k.fftRows(rows, folded + 8 * at, fft, y.m, 1, 1 / Math.sqrt(x.m));
    }
    for (let first = 0; first < y.m; first += most) {
      const count = Math.min(most, y.m - first);
      for (let b = 0; b < y.factor; b++) {
        const start = 2 * (first + b * y.m) * nx;
        for (let coil = 0; coil < coils; coil++) {
          const lines = plane(maps, coil).data.subarray(start, start + 2 * count * nx);
          takeTurned(eView, 2 * (b * coils + coil) * mapPitch, lines, x);
        }
      }
      for (let row = first; row < first + count; row++) {
        const from = e + 8 * (row - first) * nx;
        const line = folded + 8 * ((row + y.roll) % y.m) * x.m;
        // biome-ignore format: the arguments in groups
        k.unfoldImage(
          from, 8 * x.m, 8 * coils * mapPitch, 8 * mapPitch, line, 8 * pitch,
          p, d, g, work, spare, x.factor, aliases, coils, sets,
        );
        for (let alias = 0; alias < aliases; alias++) {
          const place = (row + Math.floor(alias / x.factor) * y.m) * nx + (alias % x.factor) * x.m;
          put(image.data, 2 * place, pView, 2 * alias * sets, 2 * x.m, 2 * x.roll);
          put(deviation.data, place, dView, alias * sets, x.m, x.roll);
          put(gFactor.data, place, gView, alias * sets, x.m, x.roll);
        }
      }
    }
  });
  return { image, deviation, gFactor };
}

/**
 * Distance of planes of `count` complex numbers: not a power of two, with which all coils would compete for the
 * same places of the caches; and room for the last lanes of a line, which reach into the next one.
 */
function pitchOf(count: number): number {
  return ((count + 7) & ~7) + 24;
}

/** Lines of a map, the pixels of each alias in the order of the small transform along x. */
function takeTurned(to: Float32Array, at: number, lines: Float32Array, x: Axis): void {
  if (x.roll === 0) {
    to.set(lines, at);
    return;
  }
  const turn = 2 * x.roll;
  for (let k = 0; k < lines.length; k += 2 * x.m) {
    const end = k + 2 * x.m;
    to.set(lines.subarray(k, end - turn), at + k + turn);
    to.set(lines.subarray(end - turn, end), at + k);
  }
}

/** The sampled points of one coil as `[y / ry, x / rx]`. */
function takeSampled(to: Float32Array, data: Float32Array, x: Axis, y: Axis): void {
  for (let row = 0; row < y.m; row++) {
    const from = 2 * (y.offset + row * y.factor) * x.n;
    let at = 2 * row * x.m;
    if (x.factor === 1) {
      to.set(data.subarray(from, from + 2 * x.n), at);
      continue;
    }
    for (let m = 0; m < x.m; m++, at += 2) {
      const k = from + 2 * (x.offset + m * x.factor);
      to[at] = data[k];
      to[at + 1] = data[k + 1];
    }
  }
}

/** A line of `count` numbers, turned so that number `turn` comes first. */
function put(
  to: Float32Array,
  at: number,
  from: Float32Array,
  start: number,
  count: number,
  turn: number,
): void {
  to.set(from.subarray(start + turn, start + count), at);
  if (turn > 0) to.set(from.subarray(start, start + turn), at + count - turn);
}
