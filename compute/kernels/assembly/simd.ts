/**
 * Names for the few vector instructions the kernels use. A `v128` here always holds four float32 lanes;
 * a complex quantity is two of them, real parts and imaginary parts.
 */

@inline
export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

@inline
export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

@inline
export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

/** The same number in all lanes. */
@inline
export function all(x: f32): v128 {
  return f32x4.splat(x);
}

/** The number at `address` in all lanes. */
@inline
export function loadAll(address: usize): v128 {
  return v128.load32_splat(address);
}

/** Real parts of four neighbouring complex numbers held as (re im re im), (re im re im). */
@inline
export function realParts(first: v128, second: v128): v128 {
  return v128.shuffle<f32>(first, second, 0, 2, 4, 6);
}

/** Imaginary parts of the same. */
@inline
export function imaginaryParts(first: v128, second: v128): v128 {
  return v128.shuffle<f32>(first, second, 1, 3, 5, 7);
}

/** First two complex numbers (re im re im) of four given as real and imaginary parts. */
@inline
export function firstPair(re: v128, im: v128): v128 {
  return v128.shuffle<f32>(re, im, 0, 4, 1, 5);
}

/** Last two of the same. */
@inline
export function lastPair(re: v128, im: v128): v128 {
  return v128.shuffle<f32>(re, im, 2, 6, 3, 7);
}
