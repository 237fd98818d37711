import t from 'tap';
import { complexFrom } from '../../../compute/array/complex.ts';
import { toComplexArray } from '../../../compute/array/matrix.ts';
import { noiseModel } from '../../../compute/mr/noise.ts';
import type { NoiseFactors } from '../../../compute/mr/noise-factors.ts';
import { createNoiseAccumulator } from '../../../compute/mr/noise-statistics.ts';
import { prewhitenInPlace } from '../../../compute/mr/prewhiten.ts';
import { coilFirst, complexNoise, fixture, normals, worstOfMaximum } from '../helpers/scan.ts';

const PLAIN: NoiseFactors = {
  oversampling: 1,
  bandwidthRatio: 1,
  bandwidthSource: 'cropped',
  noiseDwellMicroseconds: 5,
  imageDwellMicroseconds: 5,
  dwellRatio: 1,
  warnings: [],
};

/** Statistics of `[coil, line, sample]` noise. */
function statisticsOf(data: Float32Array, coils: number, lines: number, samples: number) {
  const accumulator = createNoiseAccumulator(coils);
  for (let line = 0; line < lines; line++) {
    const readout = new Float32Array(2 * coils * samples);
    for (let coil = 0; coil < coils; coil++) {
      const from = 2 * (coil * lines + line) * samples;
      readout.set(data.subarray(from, from + 2 * samples), 2 * coil * samples);
    }
    accumulator.add(readout, samples);
  }
  return accumulator.finish();
}

t.test('U2: covariance and correlation of the phantom are those of the reference program', async (t) => {
  const noise = coilFirst(fixture('oracle/phantom8/noise.c64'), 192, 24, 8);
  const statistics = statisticsOf(noise, 8, 24, 192);
  const beta = statistics.bandwidthRatio as number;
  t.ok(beta > 0.98 && beta < 1.01, `white noise, beta ${beta}`);
  const model = noiseModel(statistics, { ...PLAIN, oversampling: 2, bandwidthRatio: beta });
  t.equal(model.samples, 4608);
  const covariance = toComplexArray(model.covariance).data;
  t.ok(worstOfMaximum(covariance, fixture('oracle/phantom8/NC.c64')) < 1e-6);
  const correlation = toComplexArray(model.correlation).data;
  t.ok(worstOfMaximum(correlation, fixture('oracle/phantom8/NCC_correct.c64')) < 1e-6);
  t.same(model.warnings, []);
});

t.test('a known matrix: sum of products over M o beta, times the ratio of the dwell times', async (t) => {
  const accumulator = createNoiseAccumulator(2);
  // Coil 0: 1, 2i; coil 1: 1 + i, 3.
  accumulator.add(Float32Array.from([1, 0, 0, 2, 1, 1, 3, 0]), 2);
  const statistics = accumulator.finish();
  t.equal(statistics.bandwidthRatio, undefined, 'two samples say nothing about the bandwidth');
  const factors = { ...PLAIN, oversampling: 2, bandwidthRatio: 0.8, dwellRatio: 0.5 };
  const { covariance } = noiseModel(statistics, factors);
  const scale = 0.5 / (2 * 2 * 0.8);
  t.match(
    [...covariance.re].map((x) => x / scale),
    [5, 1, 1, 11],
  );
  // eta_0 conj(eta_1) = 1 (1 - i) + 2i 3 = 1 + 5i
  t.match(
    [...covariance.im].map((x) => Math.round(x / scale)),
    [0, 5, -5, 0],
  );
});

t.test('a filter that takes the edges of the band lowers the bandwidth ratio', async (t) => {
  const [coils, lines, samples] = [2, 64, 128];
  const random = normals(2);
  const accumulator = createNoiseAccumulator(coils);
  for (let line = 0; line < lines; line++) {
    const white = complexNoise(random, coils * samples);
    const data = new Float32Array(white.length);
    // A moving sum of two samples: power 1 + cos(2 pi k / n), mean 1 over the band.
    for (let coil = 0; coil < coils; coil++) {
      for (let s = 0; s < samples; s++) {
        for (const part of [0, 1]) {
          const now = 2 * (coil * samples + s) + part;
          const before = 2 * (coil * samples + ((s + samples - 1) % samples)) + part;
          data[now] = (white[now] + white[before]) / Math.SQRT2;
        }
      }
    }
    accumulator.add(data, samples);
  }
  const beta = accumulator.finish().bandwidthRatio as number;
  // Mean of the power over its mean in the middle half, 1 + 2 / pi.
  t.ok(Math.abs(beta / (1 / (1 + 2 / Math.PI)) - 1) < 0.03, `${beta}`);
  const { warnings } = noiseModel(accumulator.finish(), { ...PLAIN, bandwidthRatio: 0.59 });
  t.match(warnings, [/below 0\.6/]);
});

t.test('a coil without noise, too few samples: refused with the coil and the numbers', async (t) => {
  const data = complexNoise(normals(3), 4 * 100);
  data.fill(0, 2 * 2 * 100, 2 * 3 * 100);
  t.throws(() => noiseModel(statisticsOf(data, 4, 1, 100), PLAIN), {
    code: 'noise_mismatch',
    message: /Coil 2 /,
  });
  const one = complexNoise(normals(4), 4);
  t.throws(() => noiseModel(statisticsOf(one, 4, 1, 1), PLAIN), {
    code: 'noise_missing',
    message: /1 samples.*4 coils/,
  });
});

t.test('few samples are warned about; a singular covariance names its coil and is regularised', async (t) => {
  const few = noiseModel(statisticsOf(complexNoise(normals(5), 4 * 39), 4, 1, 39), PLAIN);
  t.match(few.warnings, [/Only 39 noise samples for 4 coils.*16 %/]);
  t.notOk(few.regularised);

  const twins = complexNoise(normals(6), 3 * 1000);
  twins.set(twins.subarray(0, 2000), 4000);
  const model = noiseModel(statisticsOf(twins, 3, 1, 1000), PLAIN);
  t.ok(model.regularised);
  t.match(model.warnings, [/coil 2 has no noise that is independent/]);
  t.ok(Number.isFinite(model.conditionNumber) && model.conditionNumber > 1e8);
});

t.test('only the measured lines are whitened if they are named', async (t) => {
  const products = { size: 2, re: Float64Array.of(4, 1, 1, 2), im: new Float64Array(4) };
  const scaled = { ...products, re: products.re.map((x) => 1000 * x) };
  const noise = noiseModel(
    { coils: 2, samples: 1000, readouts: 1, products: scaled, bandwidthRatio: 1 },
    PLAIN,
  );
  const data = Float32Array.from({ length: 2 * 2 * 7 * 5 }, (_, i) => Math.sin(i));
  const all = complexFrom(data.slice(), [2, 7, 5]);
  const some = complexFrom(data.slice(), [2, 7, 5]);
  prewhitenInPlace(all, noise, 1);
  prewhitenInPlace(some, noise, 1, { from: 1, to: 6, step: 2 });
  const expected = data.map((x, i) => ([1, 3, 5].includes(Math.floor(i / 10) % 7) ? all.data[i] : x));
  t.same(some.data, expected);
});
