/**
 * The GRAPPA kernel (Griswold, Magn Reson Med 47:1202, 2002): for each missing type of k-space point a linear
 * map from the sampled points in a window around it to the point itself in all coils, trained on calibration
 * lines. All types together are one convolution of the zero-filled k-space with the identity at its centre:
 * an offset d serves the one type whose distance from the lattice it bridges.
 */
import { WorkerError } from '../../errors.ts';
import type { Tap } from '../../math/image-weights.ts';
import { solveLeastSquares } from '../../math/least-squares.ts';
import type { Calibration, GrappaOptions, Sampling } from './reconstruction.ts';

export const GRAPPA_DEFAULTS: GrappaOptions = {
  kernelSize: [4, 4],
  lambda: 0.01,
  zeroPaddedCalibration: false,
};

export interface GrappaKernel {
  readonly taps: readonly Tap[];
  readonly warnings: readonly string[];
}

type Offset = readonly [dx: number, dy: number];
type Pair = readonly [x: number, y: number];

/** 64 MiB of normal equations, some seconds to factor. */
const MOST_UNKNOWNS = 2048;
const AT = 'task.options.reconstructor.options';

/**
 * Trains the kernel. A window that leaves a type without sources is enlarged, and that is reported. Throws
 * `bad_options` if the window does not fit into the calibration lines or has too many unknowns.
 */
export function trainKernel(
  calibration: Calibration,
  sampling: Sampling,
  options: GrappaOptions,
): GrappaKernel {
  const { factors } = sampling;
  const warnings: string[] = [];
  const window = windowFor(options.kernelSize, factors, warnings);
  const places = trainingPlaces(calibration, window, options.zeroPaddedCalibration);
  const taps: Tap[] = [];
  for (let ty = 0; ty < factors[1]; ty++) {
    for (let tx = 0; tx < factors[0]; tx++) {
      if (tx !== 0 || ty !== 0) {
        taps.push(...trainType(calibration, sourcesOf(window, factors, [tx, ty]), places, options, warnings));
      }
    }
  }
  return { taps, warnings: [...new Set(warnings)] };
}

/** The window, enlarged where it is shorter than the acceleration. */
export function windowFor(asked: Pair, factors: Pair, warnings: string[]): Pair {
  const window = asked.map((k, axis) => (k < factors[axis] ? 2 * factors[axis] - 1 : k));
  if (window.some((k, axis) => k !== asked[axis])) {
    warnings.push(
      `A kernel of [${asked}] samples is too small for an acceleration of [${factors}]; [${window}] was used.`,
    );
  } else if (window.some((k, axis) => factors[axis] > 1 && k < 2 * factors[axis] - 1)) {
    warnings.push(
      `A kernel of [${asked}] samples does not reach measured lines on both sides of every missing one at an ` +
        `acceleration of [${factors}]; [${factors.map((r, axis) => Math.max(asked[axis], 2 * r - 1))}] would.`,
    );
  }
  return [window[0], window[1]];
}

/** The offsets of the window that lead from a point of type t to the lattice. */
function sourcesOf([kx, ky]: Pair, factors: Pair, type: Pair): Offset[] {
  const sources: Offset[] = [];
  for (let j = 0; j < ky; j++) {
    for (let i = 0; i < kx; i++) {
      const d: Offset = [i - Math.floor(kx / 2), j - Math.floor(ky / 2)];
      if (d.every((offset, axis) => (type[axis] + offset) % factors[axis] === 0)) sources.push(d);
    }
  }
  return sources;
}

/** Points of the calibration block whose windows are examples. */
interface Places {
  readonly x: Pair;
  readonly y: Pair;
  /** True if no window reaches outside the block. */
  readonly inside: boolean;
}

function trainingPlaces({ block }: Calibration, window: Pair, zeroPadded: boolean): Places {
  const within = ([from, to]: Pair, k: number): Pair => [
    from + Math.floor(k / 2),
    to - (k - 1 - Math.floor(k / 2)),
  ];
  // Older tools pad by floor(k / 2) on both sides: an even window then finds one more place, past the end.
  const around = ([from, to]: Pair, k: number): Pair => [from, k % 2 === 0 ? to + 1 : to];
  const places = zeroPadded ? around : within;
  const [x, y] = [places(block.x, window[0]), places(block.y, window[1])];
  if (x[1] - x[0] < 1 || y[1] - y[0] < 1) {
    throw new WorkerError(
      'bad_options',
      `${AT}.kernelSize: a kernel of [${window}] samples does not fit into the ${block.x[1] - block.x[0]} x ` +
        `${block.y[1] - block.y[0]} samples of the calibration lines; use a smaller kernelSize or more lines (acl).`,
    );
  }
  return { x, y, inside: !zeroPadded };
}

function trainType(
  calibration: Calibration,
  sources: readonly Offset[],
  places: Places,
  { lambda }: GrappaOptions,
  warnings: string[],
): Tap[] {
  const coils = calibration.kspace.shape[0];
  const unknowns = coils * sources.length;
  const rows = (places.x[1] - places.x[0]) * (places.y[1] - places.y[0]);
  mustBeSolvable(rows, unknowns, coils, lambda, warnings);
  const fill = exampleReader(calibration, sources, places);
  const { weights, singular } = solveLeastSquares({ rows, unknowns, targets: coils, fill }, lambda);
  if (singular) {
    warnings.push(
      'The GRAPPA calibration is singular to working precision; 1e-12 of its diagonal was added.',
    );
  }
  return sources.map(([dx, dy], s) => ({ dx, dy, weights: tapWeights(weights, s, sources.length, coils) }));
}

function mustBeSolvable(
  rows: number,
  unknowns: number,
  coils: number,
  lambda: number,
  warnings: string[],
): void {
  if (unknowns > MOST_UNKNOWNS) {
    throw new WorkerError(
      'bad_options',
      `${AT}.kernelSize: the kernel has ${unknowns} unknowns per coil; at most ${MOST_UNKNOWNS} can be solved, that is ` +
        `${Math.floor(MOST_UNKNOWNS / coils)} measured samples in the window of ${coils} coils.`,
    );
  }
  if (rows >= unknowns) return;
  const what = `The calibration lines give ${rows} equations for the ${unknowns} unknowns of the kernel`;
  if (lambda === 0) {
    throw new WorkerError(
      'bad_options',
      `${AT}.acl: ${what}; use more lines, a smaller kernelSize, or lambda.`,
    );
  }
  warnings.push(`${what}: only the regularisation makes it solvable, and the image may be poor.`);
}

/** Reads the column `coil * sources + source` (or, beyond, the target coil) of the examples. */
function exampleReader({ kspace, block }: Calibration, sources: readonly Offset[], { x, y, inside }: Places) {
  const [coils, lines, columns] = kspace.shape;
  const { data } = kspace;
  const perRow = x[1] - x[0];
  const count = sources.length;
  return (column: number, first: number, rows: number, out: Float64Array, at: number): void => {
    const isSource = column < coils * count;
    const coil = isSource ? Math.floor(column / count) : column - coils * count;
    const [dx, dy] = isSource ? sources[column % count] : [0, 0];
    for (let r = 0; r < rows; r++) {
      const py = y[0] + Math.floor((first + r) / perRow) + dy;
      const px = x[0] + ((first + r) % perRow) + dx;
      const within = inside || (px >= block.x[0] && px < block.x[1] && py >= block.y[0] && py < block.y[1]);
      if (!within) continue;
      const p = 2 * ((coil * lines + py) * columns + px);
      out[at + 8 * r] = data[p];
      out[at + 8 * r + 4] = data[p + 1];
    }
  };
}

/** `[unknown, target]` -> `[target, coil from]` of one source. */
function tapWeights(weights: Float64Array, source: number, sources: number, coils: number): Float64Array {
  const out = new Float64Array(2 * coils * coils);
  for (let to = 0; to < coils; to++) {
    for (let from = 0; from < coils; from++) {
      const p = 2 * ((from * sources + source) * coils + to);
      out[2 * (to * coils + from)] = weights[p];
      out[2 * (to * coils + from) + 1] = weights[p + 1];
    }
  }
  return out;
}
