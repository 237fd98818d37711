/**
 * The WebAssembly kernels as typed functions over addresses. One instance per thread: it is made on
 * first use, and every thread loads this module for itself. What the kernels do is said in assembly/*.ts;
 * ../math turns them into functions over arrays.
 */
import { readFileSync } from 'node:fs';

/** The part of the global WebAssembly object that is used here; Node's type declarations leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** A place in the memory of the kernels. */
export type Address = number;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  alloc(bytes: number): Address;
  mark(): Address;
  release(position: Address): void;
  createPlan(n: number): Address;
  fftWorkBytes(n: number): number;
  fftRows(plan: Address, data: Address, work: Address, rows: number, inverse: number, scale: number): void;
  fftColumns(
    plan: Address,
    data: Address,
    work: Address,
    width: number,
    inverse: number,
    scale: number,
  ): void;
  lowerWorkBytes(coils: number): number;
  multiplyLower(weights: Address, data: Address, work: Address, coils: number, samples: number): void;
  addSquares(data: Address, sums: Address, count: number): void;
  scaledRoots(sums: Address, count: number, scale: number): void;
  divideByLengths(values: Address, lengths: Address, count: number): void;
  addCorrelatedSquares(factors: Address, numbers: Address, sums: Address, size: number, sets: number): void;
  fillNormals(state: Address, out: Address, count: number, deviation: number): void;
  addProducts(a: Address, b: Address, sums: Address, count: number): void;
  addConjugateProducts(a: Address, b: Address, sums: Address, count: number): void;
  addGram(samples: Address, gram: Address, rows: number, left: number, panels: number): void;
  choleskyFactor(re: Address, im: Address, n: number, smallest: number): number;
  imageWeightsWorkBytes(coils: number): number;
  imageWeights(
    waves: Address,
    phases: Address,
    folded: Address,
    fixed: Address,
    adjoint: Address,
    work: Address,
    coils: number,
    taps: number,
    rows: number,
  ): void;
  dominantWorkBytes(coils: number): number;
  dominantEigenvectors(
    pairs: Address,
    pitch: number,
    vectors: Address,
    values: Address,
    work: Address,
    coils: number,
    count: number,
    iterations: number,
  ): void;
  tridiagonalise(
    re: Address,
    im: Address,
    pitch: number,
    n: number,
    diagonal: Address,
    off: Address,
    phases: Address,
    betas: Address,
    work: Address,
  ): void;
  tridiagonalEigen(diagonal: Address, off: Address, z: Address, pitch: number, n: number): number;
  backTransform(
    re: Address,
    im: Address,
    pitch: number,
    n: number,
    phases: Address,
    betas: Address,
    z: Address,
    xr: Address,
    xi: Address,
  ): void;
  unfoldWorkBytes(aliases: number, coils: number): number;
  unfoldImage(
    maps: Address,
    pitchX: number,
    pitchY: number,
    mapPitch: number,
    folded: Address,
    foldedPitch: number,
    image: Address,
    deviations: Address,
    gFactors: Address,
    work: Address,
    spare: Address,
    across: number,
    aliases: number,
    coils: number,
    sets: number,
  ): void;
  unfoldingWeights(
    maps: Address,
    weights: Address,
    factors: Address,
    deviations: Address,
    gFactors: Address,
    work: Address,
    aliases: number,
    coils: number,
    sets: number,
  ): void;
}

export interface Kernels
  extends Omit<
    Exports,
    | 'memory'
    | 'alloc'
    | 'mark'
    | 'release'
    | 'createPlan'
    | 'fftWorkBytes'
    | 'lowerWorkBytes'
    | 'unfoldWorkBytes'
    | 'dominantWorkBytes'
    | 'imageWeightsWorkBytes'
  > {
  /** The plan for transforms of `n` points; plans are kept. Throws RangeError without memory. */
  plan(n: number): Address;
  /**
   * Runs `work` with a scratch space that is given back at its end. Scopes do not nest: plans must be
   * taken before, and nothing allocated inside may be used outside.
   */
  scoped<T>(work: (scratch: Scratch) => T): T;
}

/** Scratch memory inside a scope. Views are valid until the next allocation, which may move the memory. */
export interface Scratch {
  /** Room for `count` float32 numbers, contents undefined. */
  floats(count: number): Address;
  fftWork(n: number): Address;
  lowerWork(coils: number): Address;
  unfoldWork(aliases: number, coils: number): Address;
  dominantWork(coils: number): Address;
  imageWeightsWork(coils: number): Address;
  /** Room for `count` float64 numbers, contents undefined. */
  doubles(count: number): Address;
  /** The float64 numbers at an address. */
  doubleView(address: Address, count: number): Float64Array;
  /** The 32-bit words at an address. */
  words(address: Address, count: number): Uint32Array;
  /** The float32 numbers at an address. */
  view(address: Address, count: number): Float32Array;
}

/** 4 GiB, the address space of the kernels. */
const MOST_FLOATS = 2 ** 30;
/** More plans than this are never in use at once; then the table starts anew. */
const MOST_PLANS = 64;

let instance: Kernels | undefined;

/** The kernels of this thread. */
export function kernels(): Kernels {
  instance ??= instantiate(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  return instance;
}

/** A fresh instance from compiled bytes. */
export function instantiate(wasm: Uint8Array): Kernels {
  const module = new WebAssembly.Module(wasm);
  const exports = new WebAssembly.Instance(module).exports as Exports;
  const bottom = exports.mark();
  const plans = new Map<number, Address>();
  let busy = false;

  function mustBe(address: Address): Address {
    if (address === 0) throw new RangeError('Array buffer allocation failed in the kernels');
    return address;
  }

  const scratch: Scratch = {
    // A request beyond the address space would wrap round; 0 is what the arena answers for too much.
    floats: (count) => mustBe(count < MOST_FLOATS ? exports.alloc(4 * count) : 0),
    fftWork: (n) => mustBe(exports.alloc(exports.fftWorkBytes(n))),
    lowerWork: (coils) => mustBe(exports.alloc(exports.lowerWorkBytes(coils))),
    dominantWork: (coils) => mustBe(exports.alloc(exports.dominantWorkBytes(coils))),
    unfoldWork: (aliases, coils) => mustBe(exports.alloc(exports.unfoldWorkBytes(aliases, coils))),
    imageWeightsWork: (coils) => mustBe(exports.alloc(exports.imageWeightsWorkBytes(coils))),
    doubles: (count) => mustBe(count < MOST_FLOATS / 2 ? exports.alloc(8 * count) : 0),
    doubleView: (address, count) => new Float64Array(exports.memory.buffer, address, count),
    words: (address, count) => new Uint32Array(exports.memory.buffer, address, count),
    view: (address, count) => new Float32Array(exports.memory.buffer, address, count),
  };

  return {
    plan(n) {
      const known = plans.get(n);
      if (known !== undefined) return known;
      if (busy) throw new Error('a plan was asked for inside a scope');
      if (plans.size === MOST_PLANS) {
        plans.clear();
        exports.release(bottom);
      }
      const made = mustBe(exports.createPlan(n));
      plans.set(n, made);
      return made;
    },
    scoped(work) {
      if (busy) throw new Error('kernel scopes do not nest');
      busy = true;
      const position = exports.mark();
      try {
        return work(scratch);
      } finally {
        exports.release(position);
        busy = false;
      }
    },
    fftRows: exports.fftRows,
    fftColumns: exports.fftColumns,
    multiplyLower: exports.multiplyLower,
    addGram: exports.addGram,
    choleskyFactor: exports.choleskyFactor,
    imageWeights: exports.imageWeights,
    addSquares: exports.addSquares,
    scaledRoots: exports.scaledRoots,
    divideByLengths: exports.divideByLengths,
    fillNormals: exports.fillNormals,
    addCorrelatedSquares: exports.addCorrelatedSquares,
    addProducts: exports.addProducts,
    addConjugateProducts: exports.addConjugateProducts,
    unfoldingWeights: exports.unfoldingWeights,
    unfoldImage: exports.unfoldImage,
    dominantEigenvectors: exports.dominantEigenvectors,
    tridiagonalise: exports.tridiagonalise,
    tridiagonalEigen: exports.tridiagonalEigen,
    backTransform: exports.backTransform,
  };
}
