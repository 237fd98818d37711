/**
 * What is computed once per transform length: the factors and the twiddle numbers.
 *
 * Stockham's self-sorting decomposition (see Van Loan, Computational Frameworks for the Fast Fourier
 * Transform, 1992): stage j with radix r turns a length l into l / r; its twiddles are
 * exp(-2 pi i q k / l), q = 0 .. l/r - 1, k = 1 .. r - 1. A radix without its own butterfly (a prime
 * above 5) has in addition the r roots of unity of the small transform.
 */
import { alloc } from './memory';

/** Layout of a plan, in bytes: length, stage count, address of the twiddles, radices, roots. */
const LENGTH: usize = 0;
const STAGES: usize = 4;
const TWIDDLES: usize = 8;
const RADICES: usize = 16;
const ROOTS: usize = 16 + 4 * 32;
const PLAN_BYTES: usize = 16 + 8 * 32;

export const COMPLEX_BYTES: usize = 8;

@inline
export function planLength(plan: usize): i32 {
  return load<i32>(plan, LENGTH);
}

@inline
export function planStages(plan: usize): i32 {
  return load<i32>(plan, STAGES);
}

@inline
export function planTwiddles(plan: usize): usize {
  return load<usize>(plan, TWIDDLES);
}

@inline
export function planRadix(plan: usize, stage: i32): i32 {
  return load<i32>(plan + (<usize>stage << 2), RADICES);
}

@inline
export function planRoots(plan: usize, stage: i32): usize {
  return load<usize>(plan + (<usize>stage << 2), ROOTS);
}

let sine: f64 = 0;
let cosine: f64 = 0;

/**
 * Sets `sine` and `cosine` of pi * x. Polynomials on [-pi/4, pi/4] (Taylor, error below 1e-16), so that
 * the numbers do not depend on the host's mathematical library.
 */
function sineCosineOfPi(x: f64): void {
  const quarter = nearest<f64>(x * 2);
  const t = (x - quarter * 0.5) * 3.141592653589793;
  const z = t * t;
  // Horner's scheme on 1, -1/3!, 1/5!, ... and 1, -1/2!, 1/4!, ...
  let s = -1.0 / 1307674368000.0;
  s = 1.0 / 6227020800.0 + z * s;
  s = -1.0 / 39916800.0 + z * s;
  s = 1.0 / 362880.0 + z * s;
  s = -1.0 / 5040.0 + z * s;
  s = 1.0 / 120.0 + z * s;
  s = -1.0 / 6.0 + z * s;
  s = t * (1.0 + z * s);
  let c = 1.0 / 20922789888000.0;
  c = -1.0 / 87178291200.0 + z * c;
  c = 1.0 / 479001600.0 + z * c;
  c = -1.0 / 3628800.0 + z * c;
  c = 1.0 / 40320.0 + z * c;
  c = -1.0 / 720.0 + z * c;
  c = 1.0 / 24.0 + z * c;
  c = -0.5 + z * c;
  c = 1.0 + z * c;
  const quadrant = <i32>quarter & 3;
  if (quadrant == 0) {
    sine = s;
    cosine = c;
  } else if (quadrant == 1) {
    sine = c;
    cosine = -s;
  } else if (quadrant == 2) {
    sine = -s;
    cosine = -c;
  } else {
    sine = -c;
    cosine = s;
  }
}

/** Writes exp(-2 pi i numerator / denominator) and returns the address behind it. */
function storeRoot(address: usize, numerator: i32, denominator: i32): usize {
  sineCosineOfPi((2.0 * <f64>numerator) / <f64>denominator);
  store<f32>(address, <f32>cosine);
  store<f32>(address, <f32>-sine, 4);
  return address + COMPLEX_BYTES;
}

/** Divides `radix` out of `rest` as often as it goes, noting the stages. Returns what remains. */
function takeOut(plan: usize, radix: i32, rest: i32): i32 {
  while (rest % radix == 0) {
    const stage = planStages(plan);
    store<i32>(plan + (<usize>stage << 2), radix, RADICES);
    store<i32>(plan, stage + 1, STAGES);
    rest /= radix;
  }
  return rest;
}

/** A plan for transforms of `n` points, in the arena; 0 if there is no memory. */
export function createPlan(n: i32): usize {
  const plan = alloc(PLAN_BYTES);
  if (plan == 0) return 0;
  store<i32>(plan, n, LENGTH);
  store<i32>(plan, 0, STAGES);
  let rest = takeOut(plan, 4, n);
  rest = takeOut(plan, 2, rest);
  rest = takeOut(plan, 3, rest);
  rest = takeOut(plan, 5, rest);
  for (let prime = 7; prime * prime <= rest; prime += 2) rest = takeOut(plan, prime, rest);
  if (rest > 1) takeOut(plan, rest, rest);

  let count = 0;
  let length = n;
  for (let stage = 0; stage < planStages(plan); stage++) {
    const radix = planRadix(plan, stage);
    length /= radix;
    count += length * (radix - 1);
  }
  let next = alloc(<usize>count * COMPLEX_BYTES);
  if (next == 0) return 0;
  store<usize>(plan, next, TWIDDLES);

  length = n;
  for (let stage = 0; stage < planStages(plan); stage++) {
    const radix = planRadix(plan, stage);
    const shorter = length / radix;
    for (let q = 0; q < shorter; q++) {
      for (let k = 1; k < radix; k++) next = storeRoot(next, <i32>((<i64>q * k) % length), length);
    }
    let roots: usize = 0;
    if (radix > 5) {
      roots = alloc(<usize>radix * COMPLEX_BYTES);
      if (roots == 0) return 0;
      let root = roots;
      for (let k = 0; k < radix; k++) root = storeRoot(root, k, radix);
    }
    store<usize>(plan + (<usize>stage << 2), roots, ROOTS);
    length = shorter;
  }
  return plan;
}
