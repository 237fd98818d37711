/**
 * Regularised complex least squares with many right-hand sides, in float64 through the normal equations:
 *
 *   minimise ||A w - T||^2 + mu ||w||^2,   mu = lambda ||A^H A||_F / unknowns
 *
 * A and T are never held as a whole: their rows are asked for in chunks.
 */
import { type Kernels, kernels, type Scratch } from '../kernels/kernels.ts';

export interface LeastSquares {
  readonly rows: number;
  /** Columns of A. */
  readonly unknowns: number;
  /** Columns of T, which follow those of A. */
  readonly targets: number;
  /**
   * Writes `count` rows from `first` on of a column: real part of row r to out[at + 8 r], imaginary part to
   * out[at + 8 r + 4]. It must not use the kernels.
   */
  readonly fill: (column: number, first: number, count: number, out: Float64Array, at: number) => void;
}

export interface Solution {
  /** Interleaved complex numbers, `[unknown, target]`. */
  readonly weights: Float64Array;
  /** True if the equations were singular to working precision and 1e-12 of the mean diagonal was added. */
  readonly singular: boolean;
}

const CHUNK = 64;
const LEAST_REGULARISATION = 1e-12;

/** Real and imaginary parts of the lower triangle of A^H A (or of its factor), and of A^H T. */
interface NormalEquations {
  /** Unknowns, padded to a multiple of 4. */
  readonly size: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Interleaved, `[unknown, target]`. */
  readonly right: Float64Array;
}

/** The weights w. Throws RangeError if the equations do not fit the memory of the kernels. */
export function solveLeastSquares(problem: LeastSquares, lambda: number): Solution {
  const equations = normalEquations(problem);
  const { unknowns, targets } = problem;
  const diagonal = meanDiagonal(equations, unknowns);
  const mu = (lambda * frobenius(equations)) / unknowns;
  const smallest = 4 * unknowns * Number.EPSILON * diagonal;
  const least = LEAST_REGULARISATION * diagonal || 1;
  const factor = factorise(equations, unknowns, mu, smallest);
  const weights = equations.right;
  const lower = factor ?? factorise(equations, unknowns, mu + least, 0);
  if (!lower) throw new RangeError('the normal equations are not finite');
  substitute(lower, unknowns, weights, targets);
  return { weights, singular: factor === undefined };
}

function normalEquations({ rows, unknowns, targets, fill }: LeastSquares): NormalEquations {
  const left = Math.ceil(unknowns / 4);
  const panels = left + Math.ceil(targets / 4);
  const size = 4 * left;
  const width = 4 * panels;
  const k = kernels();
  return k.scoped((scratch) => {
    const samples = scratch.doubles(8 * CHUNK * panels);
    const gram = scratch.doubles(2 * size * width);
    const chunk = scratch.doubleView(samples, 8 * CHUNK * panels);
    const sums = scratch.doubleView(gram, 2 * size * width).fill(0);
    for (let first = 0; first < rows; first += CHUNK) {
      const count = Math.min(CHUNK, rows - first);
      chunk.fill(0);
      for (let column = 0; column < unknowns + targets; column++) {
        // Targets begin with a panel of their own.
        const place = column < unknowns ? column : column - unknowns + size;
        fill(column, first, count, chunk, 8 * CHUNK * (place >> 2) + (place & 3));
      }
      k.addGram(samples, gram, CHUNK, left, panels);
    }
    return lowerPart(sums, size, width, targets);
  });
}

/** The kernel sums the upper part; the factorisation wants the lower one. */
function lowerPart(sums: Float64Array, size: number, width: number, targets: number): NormalEquations {
  const re = new Float64Array(size * size);
  const im = new Float64Array(size * size);
  const right = new Float64Array(2 * size * targets);
  const imaginary = size * width;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      re[i * size + j] = sums[j * width + i];
      im[i * size + j] = -sums[imaginary + j * width + i];
    }
    for (let t = 0; t < targets; t++) {
      right[2 * (i * targets + t)] = sums[i * width + size + t];
      right[2 * (i * targets + t) + 1] = sums[imaginary + i * width + size + t];
    }
  }
  return { size, re, im, right };
}

function meanDiagonal({ size, re }: NormalEquations, unknowns: number): number {
  let sum = 0;
  for (let i = 0; i < unknowns; i++) sum += re[i * size + i];
  return sum / unknowns;
}

function frobenius({ size, re, im }: NormalEquations): number {
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) sum += 2 * (re[i * size + j] ** 2 + im[i * size + j] ** 2);
    sum += re[i * size + i] ** 2;
  }
  return Math.sqrt(sum);
}

type Lower = Pick<NormalEquations, 'size' | 're' | 'im'>;

/** L of the equations with `mu` on the diagonal; undefined if a pivot is not above `smallest`. */
function factorise(
  { size, re, im }: NormalEquations,
  unknowns: number,
  mu: number,
  smallest: number,
): Lower | undefined {
  const k: Kernels = kernels();
  return k.scoped((scratch: Scratch) => {
    const reAt = scratch.doubles(size * size);
    const imAt = scratch.doubles(size * size);
    const lower: Lower = {
      size,
      re: scratch.doubleView(reAt, size * size),
      im: scratch.doubleView(imAt, size * size),
    };
    lower.re.set(re);
    lower.im.set(im);
    for (let i = 0; i < size; i++) {
      if (i < unknowns) lower.re[i * size + i] += mu;
      else lower.re[i * size + i] = Math.max(1, smallest * 2);
    }
    if (k.choleskyFactor(reAt, imAt, size, smallest) >= 0) return undefined;
    return { size, re: lower.re.slice(), im: lower.im.slice() };
  });
}

/** In place: L L^H w = b for all targets; first L, then L^H. */
function substitute({ size, re, im }: Lower, unknowns: number, b: Float64Array, targets: number): void {
  const width = 2 * targets;
  for (let i = 0; i < unknowns; i++) {
    for (let j = 0; j < i; j++) subtractRow(b, i, j, re[i * size + j], im[i * size + j], width);
    scaleRow(b, i, 1 / re[i * size + i], width);
  }
  for (let i = unknowns - 1; i >= 0; i--) {
    scaleRow(b, i, 1 / re[i * size + i], width);
    for (let j = 0; j < i; j++) subtractRow(b, j, i, re[i * size + j], -im[i * size + j], width);
  }
}

/** b[to] -= (x + iy) b[from] */
function subtractRow(b: Float64Array, to: number, from: number, x: number, y: number, width: number): void {
  let p = to * width;
  let q = from * width;
  for (const end = p + width; p < end; p += 2, q += 2) {
    b[p] -= x * b[q] - y * b[q + 1];
    b[p + 1] -= x * b[q + 1] + y * b[q];
  }
}

function scaleRow(b: Float64Array, row: number, factor: number, width: number): void {
  for (let p = row * width; p < (row + 1) * width; p++) b[p] *= factor;
}
