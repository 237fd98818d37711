import t from 'tap';
import type { ComplexArray } from '../../../compute/array/complex.ts';
import { complexFrom, complexZeros, plane } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { copyBlock } from '../../../compute/mr/calibration.ts';
import { noiseModel } from '../../../compute/mr/noise.ts';
import { createNoiseAccumulator } from '../../../compute/mr/noise-statistics.ts';
import { prewhitenInPlace } from '../../../compute/mr/prewhiten.ts';
import type { Calibration } from '../../../compute/mr/recon/reconstruction.ts';
import { sense } from '../../../compute/mr/recon/sense.ts';
import { bodyChannel } from '../../../compute/mr/sensitivity/body-channel.ts';
import { ESPIRIT_DEFAULTS, espirit } from '../../../compute/mr/sensitivity/espirit.ts';
import { hann } from '../../../compute/mr/sensitivity/hann.ts';
import { inner, innerAcl } from '../../../compute/mr/sensitivity/inner.ts';
import { physicalMaps, whitenedMaps } from '../../../compute/mr/sensitivity/physical-maps.ts';
import { SENSITIVITIES } from '../../../compute/mr/sensitivity/registry.ts';
import { adaptiveMaps } from '../../../compute/mr/sensitivity/walsh.ts';
import { coilImages, decimatedSlice } from '../helpers/coils.ts';
import { coilFirst, complexNoise, fixture, normals, transposed, worstRelative } from '../helpers/scan.ts';

/** The whole k-space of images as a reference. */
function referenceOf(images: ComplexArray): Calibration {
  const [, ny, nx] = images.shape;
  return { kspace: centredFft(images, [1, 2], 'forward'), block: { x: [0, nx], y: [0, ny] } };
}

/** |a^H b| / (|a| |b|) of the coil vectors of every pixel that has both; NaN elsewhere. */
function likeness(a: ComplexArray, b: ComplexArray): Float64Array {
  const pixels = a.data.length / 2 / a.shape[0];
  return Float64Array.from({ length: pixels }, (_, i) => {
    let [re, im, p, q] = [0, 0, 0, 0];
    for (let k = 2 * i; k < a.data.length; k += 2 * pixels) {
      re += a.data[k] * b.data[k] + a.data[k + 1] * b.data[k + 1];
      im += a.data[k] * b.data[k + 1] - a.data[k + 1] * b.data[k];
      p += a.data[k] ** 2 + a.data[k + 1] ** 2;
      q += b.data[k] ** 2 + b.data[k + 1] ** 2;
    }
    return Math.hypot(re, im) / Math.sqrt(p * q);
  });
}

/** The least likeness over the pixels that `inside` names. */
function least(values: Float64Array, inside: (pixel: number) => boolean): number {
  return values.reduce((low, value, i) => (inside(i) ? Math.min(low, value) : low), 1);
}

const truth = transposed(fixture('oracle/phantom8/snr_true_fullysampled.f32'), 96, 96);
const phantom = (): Calibration => ({
  kspace: complexFrom(coilFirst(fixture('oracle/phantom8/signal.c64'), 96, 96, 8), [8, 96, 96]),
  block: { x: [0, 96], y: [0, 96] },
});

t.test('ESPIRiT: as bart ecalib -m1 -k6 -r24 -t0.001 -c0.8', async (t) => {
  const expected = complexFrom(fixture('oracle/phantom8/espirit_bart.c64'), [8, 96, 96]);
  const { maps, support } = espirit(ESPIRIT_DEFAULTS).estimate(phantom());
  const likenesses = likeness(maps, expected);
  const object = (i: number): boolean => truth[i] > 1;
  t.ok(truth.filter((snr) => snr > 1).length > 3500);
  t.ok(least(likenesses, object) >= 0.999, `${least(likenesses, object)}`);
  // BART's support, pixel by pixel: only pixels whose eigenvalue is within rounding of 0.8 may differ.
  const theirs = plane(expected, 0).data;
  const differing = support.data.reduce((n, x, i) => n + ((x !== 0) !== (theirs[2 * i] !== 0) ? 1 : 0), 0);
  t.ok(differing <= 10, `${differing} pixels differ`);
  const lengths = Float64Array.from(support.data, (_, i) => {
    let sum = 0;
    for (let k = 2 * i; k < maps.data.length; k += 2 * 96 * 96)
      sum += maps.data[k] ** 2 + maps.data[k + 1] ** 2;
    return sum;
  });
  t.ok(
    lengths.every((length, i) => Math.abs(length - support.data[i]) < 1e-5),
    'unit vectors, or 0',
  );
});

t.test('ESPIRiT and Walsh find the sensitivities of the true coils', async (t) => {
  const noise = coilFirst(fixture('oracle/phantom8/noise.c64'), 192, 24, 8);
  const accumulator = createNoiseAccumulator(8);
  accumulator.add(noise, 192 * 24);
  const model = noiseModel(accumulator.finish(), {
    oversampling: 2,
    bandwidthRatio: 0.9932457121754437,
    bandwidthSource: 'computed',
    noiseDwellMicroseconds: 1,
    imageDwellMicroseconds: 1,
    dwellRatio: 1,
    warnings: [],
  });
  const reference = phantom();
  prewhitenInPlace(reference.kspace, model, 1);
  const coils = complexFrom(coilFirst(fixture('oracle/phantom8/coils_true.c64'), 96, 96, 8), [8, 96, 96]);
  prewhitenInPlace(coils, model, 1);
  const bright = (i: number): boolean => truth[i] > 10;
  for (const [name, bound] of [
    ['espirit', 0.998],
    ['walsh', 0.98],
  ] as const) {
    const { maps } = SENSITIVITIES[name].estimate(reference);
    t.ok(least(likeness(maps, coils), bright) > bound, `${name}: ${least(likeness(maps, coils), bright)}`);
  }
});

t.test('ESPIRiT on odd, non-square and small grids, and on calibration lines only', async (t) => {
  for (const [coils, ny, nx] of [
    [5, 45, 61],
    [3, 24, 40],
    [4, 10, 30],
  ]) {
    const images = coilImages([coils, ny, nx], { noise: 0.05 });
    const reference = referenceOf(images);
    const block = { x: [0, nx], y: [Math.max(0, (ny >> 1) - 12), Math.min(ny, (ny >> 1) + 12)] } as const;
    const lines = { kspace: copyBlock(reference.kspace, block), block };
    const { maps } = espirit(ESPIRIT_DEFAULTS).estimate(lines);
    const top = images.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const first = plane(images, 0).data;
    const bright = (i: number): boolean => Math.hypot(first[2 * i], first[2 * i + 1]) > 0.3 * top;
    t.ok(least(likeness(maps, images), bright) > 0.995, `${coils} x ${ny} x ${nx}`);
  }
});

t.test('ESPIRiT refuses calibration lines that are no larger than its kernel', async (t) => {
  const reference = referenceOf(coilImages([2, 32, 32]));
  const block = { x: [0, 32], y: [13, 19] } as const;
  const thin = { kspace: copyBlock(reference.kspace, block), block };
  t.throws(() => espirit(ESPIRIT_DEFAULTS).estimate(thin), { code: 'bad_options', message: /24 x 6/ });
});

t.test('inner: coil images over their root of sums of squares; 0 where there is nothing', async (t) => {
  const images = complexZeros([2, 4, 4]);
  plane(images, 0).data.set([3, 0], 10);
  plane(images, 1).data.set([0, 4], 10);
  const { maps } = inner.estimate(referenceOf(images));
  t.ok(Math.abs(plane(maps, 0).data[10] - 0.6) < 1e-5);
  t.ok(Math.abs(plane(maps, 1).data[11] - 0.8) < 1e-5);
  t.ok(inner.estimate(referenceOf(complexZeros([2, 4, 4]))).maps.data.every((x) => x === 0));
});

t.test(
  'innerACL: a Hann window over the calibration lines, none over an axis that is complete',
  async (t) => {
    t.same([...hann(8, [0, 8])], Array(8).fill(1));
    const window = hann(9, [2, 7]);
    const expected = [0, 0, 0.25, 0.75, 1, 0.75, 0.25, 0, 0];
    t.ok(window.every((w, i) => Math.abs(w - expected[i]) < 1e-12));
    const images = coilImages([4, 48, 40], { noise: 0 });
    const full = referenceOf(images);
    t.same(innerAcl.estimate(full).maps.data, inner.estimate(full).maps.data, 'all lines: as inner');
    // Few lines: the window leaves less ringing beside the object, whose maps are closer to the true ones.
    const block = { x: [0, 40], y: [18, 30] } as const;
    const few = { kspace: copyBlock(full.kspace, block), block };
    const bright = (i: number): boolean => Math.hypot(images.data[2 * i], images.data[2 * i + 1]) > 5;
    const windowed = likeness(innerAcl.estimate(few).maps, images);
    t.ok(least(windowed, bright) > least(likeness(inner.estimate(few).maps, images), bright));
  },
);

t.test('Walsh: the dominant eigenvector of the local covariance, by hand', async (t) => {
  const images = complexFrom(complexNoise(normals(3), 2 * 6 * 5), [2, 6, 5]);
  const maps = adaptiveMaps(images, 3);
  for (const [y, x] of [
    [0, 0],
    [2, 3],
    [5, 4],
  ]) {
    let [a, b, re, im] = [0, 0, 0, 0];
    for (let v = Math.max(0, y - 1); v <= Math.min(5, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(4, x + 1); u++) {
        const k = 2 * (v * 5 + u);
        const [p, q, r, s] = [images.data[k], images.data[k + 1], images.data[60 + k], images.data[61 + k]];
        a += p * p + q * q;
        b += r * r + s * s;
        re += r * p + s * q;
        im += s * p - r * q;
      }
    }
    // [[a, conj(c)], [c, b]] has the eigenvector (value - b, c).
    const value = (a + b) / 2 + Math.sqrt(((a - b) / 2) ** 2 + re * re + im * im);
    const length = Math.hypot(value - b, re, im);
    const k = 2 * (y * 5 + x);
    const found = [maps.data[k], maps.data[k + 1], maps.data[60 + k], maps.data[61 + k]];
    const expected = [(value - b) / length, 0, re / length, im / length];
    t.ok(
      found.every((f, i) => Math.abs(f - expected[i]) < 1e-3),
      `${found} ${expected}`,
    );
  }
});

t.test('body coil: the ratio of the images where the body image exceeds its noise fivefold', async (t) => {
  const [coils, ny, nx] = [3, 40, 48];
  const images = coilImages([coils, ny, nx], { noise: 0 });
  const object = coilImages([1, ny, nx], { noise: 0, snr: 50 });
  // A second channel without signal: the stronger one is taken.
  const channels = complexZeros([2, ny, nx]);
  plane(channels, 1).data.set(object.data);
  const random = complexNoise(normals(4), 2 * ny * nx, 1e-2);
  for (let k = 0; k < random.length; k++) channels.data[k] += random[k];
  const body = bodyChannel(channels);
  t.ok(Math.abs(body.noise / 0.1 - 1) < 0.5, `noise ${body.noise}`);
  const { maps, support } = SENSITIVITIES.bodycoil.estimate(referenceOf(images), { body });
  const middle = (ny >> 1) * nx + (nx >> 1);
  t.equal(support?.data[middle], 1);
  t.equal(support?.data[0], 0);
  const at = (array: ComplexArray, coil: number): number => {
    const { data } = plane(array, coil);
    return Math.hypot(data[2 * middle], data[2 * middle + 1]);
  };
  const ratio = at(images, 1) / Math.hypot(object.data[2 * middle], object.data[2 * middle + 1]);
  t.ok(Math.abs(at(maps, 1) / ratio - 1) < 0.02, 'with the scale of the coil relative to the body coil');
  t.ok(least(likeness(maps, images), (i) => support?.data[i] === 1) > 0.99);
  t.throws(() => SENSITIVITIES.bodycoil.estimate(referenceOf(images)), RangeError);
});

t.test('physical maps and back: whitening undone, SNR and g the same', async (t) => {
  const re = [2, 0.3, 0.3, 1];
  const products = { size: 2, re: Float64Array.from(re, (x) => 1000 * x), im: new Float64Array(4) };
  const model = noiseModel(
    { coils: 2, samples: 1000, readouts: 1, products, bandwidthRatio: 1 },
    {
      oversampling: 1,
      bandwidthRatio: 1,
      bandwidthSource: 'header',
      noiseDwellMicroseconds: 1,
      imageDwellMicroseconds: 1,
      dwellRatio: 1,
      warnings: [],
    },
  );
  const slice = decimatedSlice(coilImages([2, 16, 16]), [1, 2], [null, null]);
  const { maps } = inner.estimate(slice.calibration as Calibration);
  const again = whitenedMaps(physicalMaps(maps, model), model);
  t.ok(least(likeness(again, maps), () => true) > 1 - 1e-6);
  const mask = { data: new Float32Array(256).fill(1), shape: [16, 16] };
  const g = (given: ComplexArray): Float32Array => {
    const kspace = complexFrom(slice.kspace.data.slice(), slice.kspace.shape);
    const sensitivities = { maps: given, mask };
    const { gFactor } = sense.reconstruct({ ...slice, kspace, sensitivities }, { rssUnweighted: false });
    return gFactor?.data ?? new Float32Array(0);
  };
  const moderate = g(maps).map((x) => (x < 20 ? x : 0));
  t.ok(
    worstRelative(
      g(again).map((x, i) => (moderate[i] > 0 ? x : 0)),
      moderate,
      0,
    ) < 1e-3,
  );
});
