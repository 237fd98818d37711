/**
 * Normal numbers: four interleaved generators xoshiro128+ (Blackman and Vigna, ACM Trans Math Softw 47:36, 2021),
 * one per lane, and the transform of Box and Muller (Ann Math Stat 29:610, 1958). The polynomials are minimax fits;
 * their errors (1e-7 of the logarithm, 6e-7 of the sine) lie far below what any sample can show. 31 bits make the
 * radius, so that the tails reach 6.7 standard deviations.
 */
import { add, all, firstPair, lastPair, mul } from './simd';

@inline
function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b);
}

/** -2 ln(u) for u in (0, 1]: u = m 2^e with m in [sqrt(1/2), sqrt(2)), t = m - 1. */
@inline
function minusTwoLog(u: v128): v128 {
  const e = i32x4.shr_s(i32x4.sub(u, i32x4.splat(0x3f3504f3)), 23);
  const t = add(i32x4.sub(u, i32x4.shl(e, 23)), all(-1));
  let p = add(mul(t, all(0.20373971)), all(-0.32623246));
  p = add(mul(p, t), all(0.34530166));
  p = add(mul(p, t), all(-0.3978078));
  p = add(mul(p, t), all(0.49934891));
  p = add(mul(p, t), all(-0.66670423));
  p = add(mul(p, t), all(1.00000856));
  const ofM = mul(t, add(mul(p, t), all(-2)));
  return add(ofM, mul(f32x4.convert_i32x4_s(e), all(-1.38629436)));
}

/** sin(pi v / 2) for v in [-1, 1], given v and its square. */
@inline
function sine(v: v128, square: v128): v128 {
  let p = add(mul(square, all(-0.00433309538)), all(0.0794343448));
  p = add(mul(p, square), all(-0.64589285));
  return mul(v, add(mul(p, square), all(1.57079101)));
}

/** cos(pi v / 2) for v in [-1, 1], given the square of v. */
@inline
function cosine(square: v128): v128 {
  let p = add(mul(square, all(0.000858191633)), all(-0.0208106298));
  p = add(mul(p, square), all(0.253650746));
  p = add(mul(p, square), all(-1.23369822));
  return add(mul(p, square), all(0.99999995));
}

/**
 * `count` numbers (a multiple of 8) of mean 0 and the given standard deviation. `state` is that of the
 * generators, four vectors of four lanes, and moves on.
 */
export function fillNormals(state: usize, out: usize, count: i32, deviation: f32): void {
  let s0 = v128.load(state), s1 = v128.load(state, 16), s2 = v128.load(state, 32), s3 = v128.load(state, 48);
  const variance = all(deviation * deviation);
  const end = out + (<usize>count << 2);
  for (; out < end; out += 32) {
    const a = i32x4.add(s0, s3);
    let t = i32x4.shl(s1, 9);
    s2 = xor(s2, s0);
    s3 = xor(s3, s1);
    s1 = xor(s1, s2);
    s0 = xor(s0, s3);
    s2 = xor(s2, t);
    s3 = v128.or(i32x4.shl(s3, 11), i32x4.shr_u(s3, 21));
    const b = i32x4.add(s0, s3);
    t = i32x4.shl(s1, 9);
    s2 = xor(s2, s0);
    s3 = xor(s3, s1);
    s1 = xor(s1, s2);
    s0 = xor(s0, s3);
    s2 = xor(s2, t);
    s3 = v128.or(i32x4.shl(s3, 11), i32x4.shr_u(s3, 21));

    // The modulus of a is the radius, its sign that of the cosine; b is half a turn.
    const u = add(mul(f32x4.abs(f32x4.convert_i32x4_s(a)), all(4.656612873077393e-10)), all(1.1641532182693481e-10));
    const radius = f32x4.sqrt(mul(variance, minusTwoLog(u)));
    const v = mul(f32x4.convert_i32x4_s(b), all(4.656612873077393e-10));
    const square = mul(v, v);
    const sign = v128.and(a, i32x4.splat(<i32>0x80000000));
    const x = mul(radius, xor(cosine(square), sign)), y = mul(radius, sine(v, square));
    v128.store(out, firstPair(x, y));
    v128.store(out, lastPair(x, y), 16);
  }
  v128.store(state, s0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}
