import t from 'tap';
import { type ComplexArray, complexFrom, complexZeros, copyOf } from '../../../compute/array/complex.ts';
import { zeroMatrix } from '../../../compute/array/matrix.ts';
import { cholesky, invertLower } from '../../../compute/math/cholesky.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { multiplyLowerInto } from '../../../compute/math/lower-product.ts';
import { normalStream } from '../../../compute/math/random.ts';
import { decimateInPlace } from '../../../compute/mr/lattice.ts';
import { grappa } from '../../../compute/mr/recon/grappa.ts';
import { latticeGrid } from '../../../compute/mr/recon/lattice-grid.ts';
import type {
  CombinedImage,
  GrappaOptions,
  WhitenedSlice,
} from '../../../compute/mr/recon/reconstruction.ts';
import { whiteNoise } from '../../../compute/mr/recon/white-noise.ts';
import { coilImages, decimatedSlice, whiteNoiseModel } from '../helpers/coils.ts';
import { coilFirst, complexNoise, fixture, normals, transposed, worstRelative } from '../helpers/scan.ts';

const reconstruct = (slice: WhitenedSlice, options: Partial<GrappaOptions> = {}): CombinedImage =>
  grappa.reconstruct(slice, { rssUnweighted: false, grappa: options });

function snrOf({ magnitude, noiseDeviation }: CombinedImage): Float32Array {
  return magnitude.data.map((y, i) => {
    const sigma = noiseDeviation?.data[i] ?? 1;
    return sigma > 0 ? (Math.SQRT2 * y) / sigma : 0;
  });
}

/** Whitened k-space of a set of reference answers. */
function whitenedSet(set: string, coils: number, signal: Float32Array): ComplexArray {
  const covariance = zeroMatrix(coils);
  const stored = fixture(`oracle/${set}/NC.c64`);
  for (let i = 0; i < coils * coils; i++) {
    covariance.re[i] = stored[2 * i];
    covariance.im[i] = stored[2 * i + 1];
  }
  const kspace = complexFrom(signal, [coils, 96, 96]);
  multiplyLowerInto(kspace, invertLower(cholesky(covariance)), kspace);
  return kspace;
}

t.test('the reference answers: SNR and g of kernels with and without regularisation', async (t) => {
  const set = 'phantom8';
  const signal = coilFirst(fixture(`oracle/${set}/signal.c64`), 96, 96, 8);
  const images = centredFft(whitenedSet(set, 8, signal), [1, 2], 'inverse');
  const cases = [
    ['lam0.01_zp_circular', { lambda: 0.01, zeroPaddedCalibration: true }],
    ['lam0', { lambda: 0 }],
  ] as const;
  for (const [name, options] of cases) {
    const result = reconstruct(decimatedSlice(images, [1, 2], [24, 24]), { kernelSize: [4, 4], ...options });
    const expected = (kind: string): Float32Array =>
      transposed(fixture(`oracle/${set}/${kind}_grappa_${name}_oracle.f32`), 96, 96);
    // float32 against float64: the bar is 1e-3.
    t.ok(worstRelative(snrOf(result), expected('ac'), 0) < 1e-4, `SNR ${name}`);
    t.ok(worstRelative(result.gFactor?.data ?? [], expected('g'), 0) < 1e-4, `g ${name}`);
  }
});

t.test('U10: two harmonic coils need one neighbour each: exact image, g = 1', async (t) => {
  const [ny, nx] = [32, 24];
  const rho = complexNoise(normals(3), ny * nx, 400);
  const images = complexZeros([2, ny, nx]);
  images.data.set(rho);
  for (let y = 0; y < ny; y++) {
    const [c, s] = [Math.cos((2 * Math.PI * y) / ny), Math.sin((2 * Math.PI * y) / ny)];
    for (let x = 0; x < nx; x++) {
      const p = 2 * (y * nx + x);
      const q = p + 2 * ny * nx;
      images.data[q] = rho[p] * c - rho[p + 1] * s;
      images.data[q + 1] = rho[p] * s + rho[p + 1] * c;
    }
  }
  const result = reconstruct(decimatedSlice(images, [1, 2], [null, null]), { kernelSize: [3, 4], lambda: 0 });
  const modulus = Float32Array.from({ length: ny * nx }, (_, i) => Math.hypot(rho[2 * i], rho[2 * i + 1]));
  const expected = modulus.map((m) => m * Math.SQRT2);
  // The data are float32 numbers before the calibration sees them; a float64 pipeline gives 8e-16.
  t.ok(worstRelative(result.magnitude.data, expected, 0.05) < 5e-6, 'the image');
  t.ok(worstRelative(result.gFactor?.data ?? [], new Float32Array(ny * nx).fill(1)) < 5e-6, 'g');
  // Of two coils of modulus 1 at R = 2: SNR = sqrt(2) ||p|| / (g sqrt(R)) = sqrt(2) |rho|.
  t.ok(worstRelative(snrOf(result), expected, 0.05) < 1e-5, 'SNR');
});

t.test('U11: the noise by formula is the noise of replicas through the same kernel', async (t) => {
  const images = coilImages([4, 40, 32]);
  const slice = decimatedSlice(images, [1, 2], [null, 20], [0, 1]);
  const result = reconstruct(slice);
  const { linear } = result;
  if (!linear || !slice.sampling) return t.fail('no weights');
  const stream = normalStream(11);
  const count = 200;
  const [exact, fast] = [new Float64Array(1280), new Float64Array(1280)];
  const add = (sums: Float64Array, { data }: ComplexArray): void => {
    for (let i = 0; i < sums.length; i++) sums[i] += (data[2 * i] ** 2 + data[2 * i + 1] ** 2) / count;
  };
  for (let n = 0; n < count; n++) {
    const noise = whiteNoise(stream, [4, 40, 32]);
    decimateInPlace(noise, slice.sampling);
    add(exact, linear.combine(noise));
    add(fast, linear.drawNoise(stream));
  }
  for (const [name, sums] of [
    ['k-space noise', exact],
    ['drawn noise', fast],
  ] as const) {
    const ratios = Array.from(sums, (sum, i) => Math.sqrt(sum) / (result.noiseDeviation?.data[i] ?? 0));
    const mean = ratios.reduce((a, b) => a + b) / ratios.length;
    const deviation = Math.sqrt(ratios.reduce((sum, r) => sum + (r - mean) ** 2, 0) / ratios.length);
    t.ok(Math.abs(mean - 1) < 0.01, `${name}: mean ratio ${mean}`);
    // Both quadratures count: 1 / sqrt(4 n).
    t.ok(Math.abs(deviation * Math.sqrt(4 * count) - 1) < 0.15, `${name}: deviation ${deviation}`);
  }
});

t.test('drawn noise has the covariance of alias pairs, phase included, for every first line', async (t) => {
  for (const [factors, offsets] of [
    [
      [1, 2],
      [0, 1],
    ],
    [
      [1, 3],
      [0, 2],
    ],
    [
      [2, 2],
      [1, 0],
    ],
  ] as const) {
    const shape = [3, 12, 8] as const;
    const slice = decimatedSlice(coilImages(shape), factors, [null, null], offsets);
    const result = reconstruct(slice, { kernelSize: [3, 5] });
    const { linear } = result;
    if (!linear || !slice.sampling) return t.fail('no weights');
    const stream = normalStream(7);
    // Covariance of pixel (2, 3) with the next one of its set, both ways of drawing.
    const p = 2 * 8 + 3;
    const q = factors[1] > 1 ? (2 + 12 / factors[1]) * 8 + 3 : p + 8 / factors[0];
    const count = 20_000;
    const sums = { exact: [0, 0], fast: [0, 0] };
    const add = (into: number[], { data }: ComplexArray): void => {
      const [a, b, c, d] = [data[2 * p], data[2 * p + 1], data[2 * q], data[2 * q + 1]];
      into[0] += (a * c + b * d) / count;
      into[1] += (b * c - a * d) / count;
    };
    for (let n = 0; n < count; n++) {
      const noise = whiteNoise(stream, shape);
      decimateInPlace(noise, slice.sampling);
      add(sums.exact, linear.combine(noise));
      add(sums.fast, linear.drawNoise(stream));
    }
    const scale = (result.noiseDeviation?.data[p] ?? 0) * (result.noiseDeviation?.data[q] ?? 0);
    const difference = Math.hypot(sums.exact[0] - sums.fast[0], sums.exact[1] - sums.fast[1]);
    // Two estimates of a coefficient from 20000 samples: standard deviation of the difference 0.01.
    t.ok(difference / scale < 0.04, `R = [${factors}]: ${difference / scale}`);
    t.ok(Math.hypot(...sums.exact) / scale > 0.1, 'the pair is correlated at all');
  }
});

t.test('U19: non-square, odd and indivisible sizes, odd coil counts, all kernels', async (t) => {
  /** Deviation of the coil-combined image from that of the full data, relative, inside the object. */
  const error = (
    shape: readonly [number, number, number],
    factors: readonly [number, number],
    kernelSize: readonly [number, number],
  ): number => {
    const images = coilImages(shape, { noise: 0 });
    const kspace = centredFft(images, [1, 2], 'forward');
    const noise = whiteNoiseModel(shape[0]);
    const { slice: all } = latticeGrid({ kspace, noise, sampling: { factors, offsets: [0, 0] } });
    const full = reconstruct({ kspace: all.kspace, noise });
    const result = reconstruct(decimatedSlice(images, factors, [32, 32]), { kernelSize, lambda: 1e-7 });
    t.equal(
      result.magnitude.data.findIndex((x) => !Number.isFinite(x)),
      -1,
    );
    let [sum, of] = [0, 0];
    full.magnitude.data.forEach((m, i) => {
      sum += (m - result.magnitude.data[i]) ** 2;
      of += m ** 2;
    });
    return Math.sqrt(sum / of);
  };
  const square = error([7, 96, 96], [1, 2], [4, 4]);
  t.ok(square < 0.01, `96 x 96: ${square}`);
  for (const [ny, nx] of [
    [160, 96],
    [96, 160],
    [99, 97],
    [97, 99],
  ] as const) {
    const value = error([7, ny, nx], [1, 2], [4, 4]);
    t.ok(value < 1.5 * square, `${nx} x ${ny}: ${value}`);
  }
  const three = error([7, 99, 96], [1, 3], [5, 5]);
  const indivisible = error([7, 100, 96], [1, 3], [5, 5]);
  t.ok(indivisible < 1.5 * three, `R = 3, 100 lines: ${indivisible} against ${three}`);
  for (let kx = 2; kx <= 7; kx++) {
    for (let ky = 3; ky <= 7; ky += 2) {
      const value = error([7, 64, 48], [1, 2], [kx, ky]);
      t.ok(value < 0.03, `kernel [${kx}, ${ky}]: ${value}`);
    }
  }
});

t.test('without acceleration GRAPPA is the root of sums of squares', async (t) => {
  const images = coilImages([5, 18, 14]);
  const result = reconstruct(decimatedSlice(images, [1, 1], [null, null]));
  const expected = new Float32Array(18 * 14).map((_, i) => {
    let sum = 0;
    for (let c = 0; c < 5; c++) {
      sum += images.data[2 * (c * 252 + i)] ** 2 + images.data[2 * (c * 252 + i) + 1] ** 2;
    }
    return Math.sqrt(sum);
  });
  t.ok(worstRelative(result.magnitude.data, expected, 0) < 1e-5);
  t.ok(worstRelative(result.gFactor?.data ?? [], new Float32Array(252).fill(1), 0) < 1e-5);
  t.equal(result.channels, 5);
});

t.test('one coil and 128 coils', async (t) => {
  for (const coils of [1, 128]) {
    const slice = decimatedSlice(coilImages([coils, 24, 20]), [1, 2], [null, null]);
    const { magnitude, gFactor } = reconstruct(slice, { kernelSize: [2, 3] });
    t.equal(
      magnitude.data.findIndex((x) => !(x > 0)),
      -1,
    );
    t.equal(
      (gFactor?.data ?? []).findIndex((x) => !(x > 0)),
      -1,
    );
  }
});

t.test('with sensitivities the coils are combined by them', async (t) => {
  const images = coilImages([4, 24, 20], { noise: 0 });
  const maps = copyOf(images);
  const slice = {
    ...decimatedSlice(images, [1, 2], [null, null]),
    sensitivities: { maps, mask: { data: new Float32Array(480), shape: [24, 20] } },
  };
  const b1 = reconstruct(slice);
  const rss = reconstruct(decimatedSlice(images, [1, 2], [null, null]));
  t.equal(b1.channels, 1);
  // The maps are the object itself: the same weights as q = x / ||x||, but for the error of the kernel.
  t.ok(worstRelative(b1.magnitude.data, rss.magnitude.data, 0.3) < 0.02);
  const inside = (values: Float32Array | undefined): Float32Array =>
    (values ?? new Float32Array()).map((value, i) => (rss.magnitude.data[i] > 40 ? value : 0));
  t.ok(worstRelative(inside(b1.gFactor?.data), inside(rss.gFactor?.data), 0) < 0.1, 'g');
});

t.test('kernels that cannot be trained are refused, small ones enlarged and reported', async (t) => {
  const images = coilImages([4, 32, 24]);
  t.throws(() => reconstruct(decimatedSlice(images, [1, 2], [24, 6]), { kernelSize: [4, 8] }), {
    code: 'bad_options',
    message: /kernel of \[4,8\].*24 x 6/,
  });
  t.throws(() => reconstruct(decimatedSlice(images, [1, 2], [6, 6]), { kernelSize: [4, 4], lambda: 0 }), {
    code: 'bad_options',
    message: /9 equations for the 32 unknowns/,
  });
  t.match(reconstruct(decimatedSlice(images, [1, 2], [6, 6])).warnings, [/9 equations for the 32 unknowns/]);
  t.match(reconstruct(decimatedSlice(images, [1, 4], [null, null]), { kernelSize: [3, 2] }).warnings, [
    /\[3,2\] samples is too small for an acceleration of \[1,4\]; \[3,7\] was used/,
  ]);
  t.match(reconstruct(decimatedSlice(images, [1, 3], [null, null]), { kernelSize: [3, 4] }).warnings, [
    /both sides .* \[3,5\] would/,
  ]);
  t.same(reconstruct(decimatedSlice(images, [1, 2], [null, null]), { kernelSize: [3, 4] }).warnings, []);
  const many = coilImages([64, 24, 24]);
  t.throws(() => reconstruct(decimatedSlice(many, [1, 2], [null, null]), { kernelSize: [9, 9] }), {
    code: 'bad_options',
    message: /unknowns per coil/,
  });
});

t.test('a singular calibration is solved with the least regularisation, and that is said', async (t) => {
  const one = coilImages([1, 24, 20]);
  const twice = complexZeros([2, 24, 20]);
  twice.data.set(one.data);
  twice.data.set(one.data, one.data.length);
  const result = reconstruct(decimatedSlice(twice, [1, 2], [null, null]), { lambda: 0 });
  t.match(result.warnings, [/singular to working precision/]);
  t.equal(
    result.magnitude.data.findIndex((x) => !Number.isFinite(x)),
    -1,
  );
});
