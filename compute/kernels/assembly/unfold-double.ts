/** The weights of one set of aliasing pixels in float64; see unfold.ts, whose steps these are. */

/** Pixels whose sensitivities differ less from a mixture of their aliases (squared sine) cannot be told apart. */
const INSEPARABLE: f64 = 1e-10;

/**
 * One set of the arrays of `unfoldingWeights`, whose addresses point at it; `plane` is the distance of complex
 * planes in bytes. `work` holds aliases^2 complex float64 numbers and as many as there are aliases and one more
 * coil vector. If the set cannot be separated, all of it becomes 0. `factors` 0: they are not wanted.
 */
export function unfoldOneSet(
  maps: usize, weights: usize, factors: usize, deviations: usize, gFactors: usize, work: usize,
  plane: usize, aliases: i32, coils: i32,
): void {
  const a = work;
  const separable = normalFactor(maps, a, plane, aliases, coils);
  if (separable) invert(a, aliases);
  const t = a + 16 * <usize>(aliases * aliases);
  for (let coil = 0; coil < coils; coil++) weigh(maps, weights, a, t, plane, aliases, coils, coil, separable);
  for (let i = 0; i < aliases; i++) {
    const own = power(maps, plane, coils, i);
    let variance: f64 = 0;
    for (let j = i; j < aliases; j++) {
      const p = a + 16 * <usize>(j * aliases + i);
      const live = separable && own > 0;
      const re = live ? load<f64>(p) : 0, im = live && j > i ? load<f64>(p, 8) : 0;
      variance += re * re + im * im;
      if (factors == 0) continue;
      const o = factors + plane * <usize>(i * aliases + j);
      store<f32>(o, <f32>re);
      store<f32>(o, <f32>-im, 4);
    }
    store<f32>(deviations + (plane >> 1) * <usize>i, <f32>Math.sqrt(variance));
    store<f32>(gFactors + (plane >> 1) * <usize>i, <f32>Math.sqrt(variance * own));
  }
}

/** Squared length of the sensitivities of one alias. */
function power(maps: usize, plane: usize, coils: i32, alias: i32): f64 {
  let sum: f64 = 0;
  let p = maps + plane * <usize>(alias * coils);
  for (let coil = 0; coil < coils; coil++, p += plane) {
    const re = <f64>load<f32>(p), im = <f64>load<f32>(p, 4);
    sum += re * re + im * im;
  }
  return sum;
}

/** Cholesky factor of E^H E with 1 / L_jj on the diagonal; false if it has none. */
function normalFactor(maps: usize, a: usize, plane: usize, n: i32, coils: i32): bool {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let re: f64 = 0, im: f64 = 0;
      let p = maps + plane * <usize>(i * coils), q = maps + plane * <usize>(j * coils);
      for (let coil = 0; coil < coils; coil++, p += plane, q += plane) {
        const pr = <f64>load<f32>(p), pi = <f64>load<f32>(p, 4), qr = <f64>load<f32>(q), qi = <f64>load<f32>(q, 4);
        re += pr * qr + pi * qi;
        im += pr * qi - pi * qr;
      }
      const o = a + 16 * <usize>(i * n + j);
      store<f64>(o, i == j && re == 0 ? 1 : re);
      store<f64>(o, im, 8);
    }
  }
  for (let j = 0; j < n; j++) {
    const rowJ = a + 16 * <usize>(j * n);
    const original = load<f64>(rowJ + 16 * j);
    let pivot = original;
    for (let k = 0; k < j; k++) {
      const re = load<f64>(rowJ + 16 * k), im = load<f64>(rowJ + 16 * k, 8);
      pivot -= re * re + im * im;
    }
    if (!(pivot > INSEPARABLE * original)) return false;
    const inverse = 1 / Math.sqrt(pivot);
    store<f64>(rowJ + 16 * j, inverse);
    for (let i = j + 1; i < n; i++) {
      const rowI = a + 16 * <usize>(i * n);
      let re = load<f64>(rowI + 16 * j), im = load<f64>(rowI + 16 * j, 8);
      for (let k = 0; k < j; k++) {
        const p = rowI + 16 * k, q = rowJ + 16 * k;
        const pr = load<f64>(p), pi = load<f64>(p, 8), qr = load<f64>(q), qi = load<f64>(q, 8);
        re -= pr * qr + pi * qi;
        im -= pi * qr - pr * qi;
      }
      store<f64>(rowI + 16 * j, re * inverse);
      store<f64>(rowI + 16 * j, im * inverse, 8);
    }
  }
  return true;
}

function invert(a: usize, n: i32): void {
  for (let j = 0; j < n; j++) {
    const first = load<f64>(a + 16 * <usize>(j * (n + 1)));
    for (let i = j + 1; i < n; i++) {
      const row = a + 16 * <usize>(i * n);
      let re = load<f64>(row + 16 * j) * first, im = load<f64>(row + 16 * j, 8) * first;
      for (let k = j + 1; k < i; k++) {
        const l = row + 16 * k, x = a + 16 * <usize>(k * n + j);
        const lr = load<f64>(l), li = load<f64>(l, 8), xr = load<f64>(x), xi = load<f64>(x, 8);
        re += lr * xr - li * xi;
        im += lr * xi + li * xr;
      }
      const scale = -load<f64>(row + 16 * i);
      store<f64>(row + 16 * j, re * scale);
      store<f64>(row + 16 * j, im * scale, 8);
    }
  }
}

/** The weights of one coil: X^H X times the conjugate sensitivities. */
function weigh(
  maps: usize, weights: usize, x: usize, t: usize, plane: usize, n: i32, coils: i32, coil: i32, separable: bool,
): void {
  for (let l = 0; separable && l < n; l++) {
    let re: f64 = 0, im: f64 = 0;
    for (let k = 0; k <= l; k++) {
      const p = x + 16 * <usize>(l * n + k), q = maps + plane * <usize>(k * coils + coil);
      const xr = load<f64>(p), xi = k < l ? load<f64>(p, 8) : 0;
      const er = <f64>load<f32>(q), ei = <f64>load<f32>(q, 4);
      re += xr * er + xi * ei;
      im += xi * er - xr * ei;
    }
    store<f64>(t + 16 * l, re);
    store<f64>(t + 16 * l, im, 8);
  }
  for (let k = 0; k < n; k++) {
    let re: f64 = 0, im: f64 = 0;
    for (let l = k; separable && l < n; l++) {
      const p = x + 16 * <usize>(l * n + k), q = t + 16 * l;
      const xr = load<f64>(p), xi = l > k ? load<f64>(p, 8) : 0;
      const tr = load<f64>(q), ti = load<f64>(q, 8);
      re += xr * tr + xi * ti;
      im += xr * ti - xi * tr;
    }
    const o = weights + plane * <usize>(k * coils + coil);
    store<f32>(o, <f32>re);
    store<f32>(o, <f32>im, 4);
  }
}

/** The pixels of one set, `plane` bytes apart, by its weights [alias][coil]; folded coils lie `pitch` bytes apart. */
export function weighOneSet(
  weights: usize, folded: usize, pitch: usize, image: usize, plane: usize, aliases: i32, coils: i32,
): void {
  for (let i = 0; i < aliases; i++, image += plane) {
    let re: f64 = 0, im: f64 = 0;
    let f = folded;
    for (let coil = 0; coil < coils; coil++, weights += 8, f += pitch) {
      const ur = <f64>load<f32>(weights), ui = <f64>load<f32>(weights, 4);
      const fr = <f64>load<f32>(f), fi = <f64>load<f32>(f, 4);
      re += ur * fr - ui * fi;
      im += ur * fi + ui * fr;
    }
    store<f32>(image, <f32>re);
    store<f32>(image, <f32>im, 4);
  }
}
