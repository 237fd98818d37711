import t from 'tap';
import { complexFrom, realZeros } from '../../../compute/array/complex.ts';
import { zeroMatrix } from '../../../compute/array/matrix.ts';
import { chiDeviation, chiMean } from '../../../compute/math/chi.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import type { NoiseModel } from '../../../compute/mr/noise.ts';
import { noiseModel } from '../../../compute/mr/noise.ts';
import { createNoiseAccumulator } from '../../../compute/mr/noise-statistics.ts';
import { prewhitenInPlace } from '../../../compute/mr/prewhiten.ts';
import { RECONSTRUCTIONS } from '../../../compute/mr/recon/registry.ts';
import { METHODS } from '../../../compute/mr/snr/registry.ts';
import { coilFirst, complexNoise, fixture, normals, transposed, worstRelative } from '../helpers/scan.ts';

const FACTORS = {
  oversampling: 1,
  bandwidthRatio: 1,
  bandwidthSource: 'cropped' as const,
  noiseDwellMicroseconds: 1,
  imageDwellMicroseconds: 1,
  dwellRatio: 1,
  warnings: [],
};
const OFF = { biasCorrection: false, rssUnweighted: false };

/** The model of a given covariance (real and imaginary parts, row by row). */
function modelOf(re: number[], im: number[] = re.map(() => 0)): NoiseModel {
  const size = Math.sqrt(re.length);
  const products = { ...zeroMatrix(size), re: Float64Array.from(re), im: Float64Array.from(im) };
  const samples = 1000 * size;
  const scaled = {
    ...products,
    re: products.re.map((x) => x * samples),
    im: products.im.map((x) => x * samples),
  };
  return noiseModel(
    { coils: size, samples, readouts: 1, products: scaled, bandwidthRatio: undefined },
    FACTORS,
  );
}

/** SNR of coil images given as values per coil and pixel. */
function snrOf(
  images: Float32Array,
  shape: readonly number[],
  noise: NoiseModel,
  options = OFF,
  gain = 1,
): Float32Array {
  const kspace = centredFft(complexFrom(images.slice(), shape), [1, 2], 'forward');
  prewhitenInPlace(kspace, noise, gain);
  return METHODS.ac.snr({ kspace, noise }, RECONSTRUCTIONS.rss, options).data;
}

/** The same complex vector over coils in every pixel. */
function uniform(vector: [number, number][], ny: number, nx: number): Float32Array {
  return Float32Array.from(
    vector.flatMap(([re, im]) => Array.from({ length: ny * nx }, () => [re, im]).flat()),
  );
}

function allNear(actual: Float32Array, expected: number, tolerance: number): boolean {
  return actual.every((x) => Math.abs(x / expected - 1) < tolerance);
}

t.test('U4: identical coils with independent noise: sqrt(2) A sqrt(coils)', async (t) => {
  for (const coils of [1, 4, 7]) {
    const identity = Array.from({ length: coils * coils }, (_, i) => (i % (coils + 1) === 0 ? 1 : 0));
    const images = uniform(
      Array.from({ length: coils }, () => [3, 4]),
      6,
      9,
    );
    const snr = snrOf(images, [coils, 6, 9], modelOf(identity));
    t.ok(allNear(snr, Math.SQRT2 * 5 * Math.sqrt(coils), 1e-6), `${coils} coils`);
  }
});

t.test('U5: two coils with correlated noise', async (t) => {
  const q = 0.6;
  const noise = modelOf([1, q, q, 1]);
  t.ok(
    allNear(
      snrOf(
        uniform(
          [
            [5, 0],
            [5, 0],
          ],
          4,
          4,
        ),
        [2, 4, 4],
        noise,
      ),
      Math.SQRT2 * 5 * Math.sqrt(2 / (1 + q)),
      1e-6,
    ),
  );
  t.ok(
    allNear(
      snrOf(
        uniform(
          [
            [5, 0],
            [-5, 0],
          ],
          4,
          4,
        ),
        [2, 4, 4],
        noise,
      ),
      Math.SQRT2 * 5 * Math.sqrt(2 / (1 - q)),
      1e-6,
    ),
  );
});

t.test('rssUnweighted: the SNR of the plain root of sums of squares', async (t) => {
  // Weights (5, 5): signal 50, noise variance 25 (1 + 4 + 2 * 0.6), in complex terms.
  const noise = modelOf([1, 0.6, 0.6, 4]);
  const snr = snrOf(
    uniform(
      [
        [5, 0],
        [5, 0],
      ],
      4,
      6,
    ),
    [2, 4, 6],
    noise,
    { ...OFF, rssUnweighted: true },
  );
  t.ok(allNear(snr, (Math.SQRT2 * 50) / Math.sqrt(25 * (1 + 4 + 1.2)), 1e-5));
  const white = modelOf([2, 0, 0, 2]);
  const random = complexNoise(normals(2), 2 * 4 * 4);
  const plain = snrOf(random, [2, 4, 4], white, { ...OFF, rssUnweighted: true });
  t.ok(
    worstRelative(plain, snrOf(random, [2, 4, 4], white)) < 1e-5,
    'for equal uncorrelated noise both are one',
  );
});

t.test('U6: mixing the coils by any matrix, and scaling data and noise, changes nothing', async (t) => {
  const [coils, ny, nx] = [3, 8, 10];
  const noise = modelOf([2, 0.3, 0.1, 0.3, 1, -0.2, 0.1, -0.2, 3], [0, 0.4, 0, -0.4, 0, 0.1, 0, -0.1, 0]);
  const images = complexNoise(normals(3), coils * ny * nx, 50);
  const before = snrOf(images, [coils, ny, nx], noise);
  const mix = [
    [1e-5, 2e-5, 0],
    [0, -3e-5, 1e-5],
    [1e-5, 1e-5, 1e-5],
  ];
  const mixed = new Float32Array(images.length);
  const n = 2 * ny * nx;
  const re = new Float64Array(9);
  const im = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      for (let k = 0; k < n; k++) mixed[i * n + k] += mix[i][j] * images[j * n + k];
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          re[i * 3 + j] += mix[i][a] * noise.covariance.re[a * 3 + b] * mix[j][b];
          im[i * 3 + j] += mix[i][a] * noise.covariance.im[a * 3 + b] * mix[j][b];
        }
      }
    }
  }
  const after = snrOf(mixed, [coils, ny, nx], modelOf([...re], [...im]));
  t.ok(worstRelative(after, before, 0) < 1e-5);
});

t.test(
  'U13: pure noise reads the mean and deviation of the chi distribution; the correction makes it small',
  async (t) => {
    for (const coils of [1, 8]) {
      const identity = Array.from({ length: coils * coils }, (_, i) => (i % (coils + 1) === 0 ? 1 : 0));
      const noise = complexNoise(normals(coils + 10), coils * 128 * 128);
      const snr = snrOf(noise, [coils, 128, 128], modelOf(identity));
      const mean = snr.reduce((sum, x) => sum + x, 0) / snr.length;
      const deviation = Math.sqrt(snr.reduce((sum, x) => sum + (x - mean) ** 2, 0) / snr.length);
      t.ok(Math.abs(mean / chiMean(coils, 0) - 1) < 0.01, `${coils} coils: mean ${mean}`);
      t.ok(Math.abs(deviation / chiDeviation(coils, 0) - 1) < 0.02, `${coils} coils: deviation ${deviation}`);
      const corrected = snrOf(noise, [coils, 128, 128], modelOf(identity), { ...OFF, biasCorrection: true });
      t.ok(corrected.filter((x) => x === 0).length > 0.4 * corrected.length);
    }
  },
);

t.test('the noise gain of averages raises the SNR by the root of their number', async (t) => {
  const images = uniform([[1, 2]], 4, 4);
  const once = snrOf(images, [1, 4, 4], modelOf([1]));
  const fourTimes = snrOf(images, [1, 4, 4], modelOf([1]), OFF, 0.25);
  t.ok(
    worstRelative(
      fourTimes,
      once.map((x) => 2 * x),
    ) < 1e-5,
  );
});

t.test('the phantom: equal to the reference program, and to the truth', async (t) => {
  const [nx, ny, coils] = [96, 96, 8];
  const noise = coilFirst(fixture('oracle/phantom8/noise.c64'), 192, 24, coils);
  const accumulator = createNoiseAccumulator(coils);
  accumulator.add(noise, 192 * 24);
  const beta = 0.9932457121754437;
  const model = noiseModel(accumulator.finish(), { ...FACTORS, oversampling: 2, bandwidthRatio: beta });
  const map = (options: typeof OFF): Float32Array => {
    const kspace = complexFrom(coilFirst(fixture('oracle/phantom8/signal.c64'), nx, ny, coils), [
      coils,
      ny,
      nx,
    ]);
    prewhitenInPlace(kspace, model, 1);
    return METHODS.ac.snr({ kspace, noise: model }, RECONSTRUCTIONS.rss, options).data;
  };
  const expected = (name: string): Float32Array => transposed(fixture(`oracle/phantom8/${name}.f32`), nx, ny);
  t.ok(worstRelative(map(OFF), expected('ac_rss_oracle')) < 1e-5);
  const corrected = map({ ...OFF, biasCorrection: true });
  t.ok(worstRelative(corrected, expected('ac_rss_biascorr_oracle')) < 2e-5);

  const truth = expected('snr_true_fullysampled');
  const ratios: number[] = [];
  truth.forEach((value, i) => {
    if (value > 2 && value < 12) ratios.push(corrected[i] / value);
  });
  const mean = ratios.reduce((sum, x) => sum + x, 0) / ratios.length;
  t.ok(Math.abs(mean - 1) < 0.01, `corrected over true SNR below 12: ${mean}`);
});

t.test('pixels without signal and noise have SNR 0', async (t) => {
  const zero = realZeros([2, 2]);
  const empty = {
    label: 'empty',
    needs: { fullSampling: false },
    reconstruct: () => ({ magnitude: zero, noiseDeviation: zero, channels: 1 }),
  };
  const slice = { kspace: complexFrom(new Float32Array(8), [1, 2, 2]), noise: modelOf([1]) };
  t.same([...METHODS.ac.snr(slice, empty, OFF).data], [0, 0, 0, 0]);
});
