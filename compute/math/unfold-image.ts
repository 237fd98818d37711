/**
 * SENSE of one image: from undersampled k-space to unfolded pixels, their noise and g, without keeping weights.
 * The sampled points are transformed and unfolded in the memory of the kernels.
 */
import type { ComplexArray, RealArray } from '../array/complex.ts';
import { complexZeros, realZeros } from '../array/complex.ts';
import { kernels } from '../kernels/kernels.ts';
import type { Factors } from './unfolding.ts';

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
  const k = kernels();
  const [rows, columns] = [k.plan(x.m), k.plan(y.m)];
  k.scoped((scratch) => {
    const fft = scratch.fftWork(Math.max(x.m, y.m));
    // The last lanes of a line reach into the next one, those of the last line into the slack.
    const folded = scratch.floats(2 * (coils * y.m * x.m + 4));
    const [e, spare] = [
      scratch.floats(2 * aliases * coils * sets),
      scratch.floats(2 * aliases * coils * sets),
    ];
    const [p, d, g] = [
      scratch.floats(2 * aliases * sets),
      scratch.floats(aliases * sets),
      scratch.floats(aliases * sets),
    ];
    const work = scratch.unfoldWork(aliases, coils);
    const eView = scratch.view(e, 2 * aliases * coils * sets).fill(0);
    const [pView, dView, gView] = [
      scratch.view(p, 2 * aliases * sets),
      scratch.view(d, aliases * sets),
      scratch.view(g, aliases * sets),
    ];
    takeSampled(scratch.view(folded, 2 * (coils * y.m * x.m + 4)), kspace, x, y);
    const plane = 8 * y.m * x.m;
    for (let coil = 0; coil < coils; coil++) {
      k.fftColumns(columns, folded + coil * plane, fft, x.m, 1, 1 / Math.sqrt(y.m));
    }
    k.fftRows(rows, folded, fft, coils * y.m, 1, 1 / Math.sqrt(x.m));
    // Folded pixels in the order of the small transform: those from `turn` on belong to the beginning of a line.
    const turn = x.roll;
    for (let line = 0; line < y.m; line++) {
      const row = (line - y.roll + y.m) % y.m;
      const places = Array.from(
        { length: aliases },
        (_, alias) => (row + Math.floor(alias / x.factor) * y.m) * nx + (alias % x.factor) * x.m,
      );
      places.forEach((place, alias) => {
        for (let coil = 0; coil < coils; coil++) {
          const from = 2 * (coil * ny * nx + place);
          const to = 2 * (alias * coils + coil) * sets;
          eView.set(maps.data.subarray(from, from + 2 * (x.m - turn)), to + 2 * turn);
          if (turn > 0) eView.set(maps.data.subarray(from + 2 * (x.m - turn), from + 2 * x.m), to);
        }
      });
      k.unfoldImage(e, folded + 8 * line * x.m, plane, p, d, g, work, spare, aliases, coils, sets);
      places.forEach((place, alias) => {
        const from = alias * sets;
        put(image.data, 2 * place, pView, 2 * from, 2 * x.m, 2 * turn);
        put(deviation.data, place, dView, from, x.m, turn);
        put(gFactor.data, place, gView, from, x.m, turn);
      });
    }
  });
  return { image, deviation, gFactor };
}

/** The sampled points as `[coil, y / ry, x / rx]`. */
function takeSampled(to: Float32Array, { data, shape }: ComplexArray, x: Axis, y: Axis): void {
  let at = 0;
  for (let row = 0; row < shape[0] * y.m; row++) {
    const line = Math.floor(row / y.m) * y.n + y.offset + (row % y.m) * y.factor;
    const from = 2 * line * x.n;
    if (x.factor === 1) {
      to.set(data.subarray(from, from + 2 * x.n), at);
      at += 2 * x.n;
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
