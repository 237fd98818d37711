import t from 'tap';
import { complexZeros } from '../../../compute/array/complex.ts';
import { chiDeviation } from '../../../compute/math/chi.ts';
import { normalStream } from '../../../compute/math/random.ts';
import { inPhaseNoise, phasorsOf } from '../../../compute/mr/snr/in-phase.ts';
import type { Prepared } from '../../../compute/mr/snr/method.ts';
import { prepare } from '../../../compute/mr/snr/prepare.ts';
import { METHODS } from '../../../compute/mr/snr/registry.ts';
import { fillSampled, noiseImage } from '../../../compute/mr/snr/replicas.ts';
import {
  analyticSnr,
  cases,
  copied,
  objectOf,
  optionsOf,
  ratios,
  sameBytes,
  smirnov,
  statistics,
} from '../helpers/replicas.ts';

const ALL = cases([8, 64, 96]);

/** E[sigma / s] and its deviation of N replicas: 1 + 3 / (4 N) and 1 / sqrt(2 N), to the next order. */
const mean = (n: number): number => 1 + 3 / (4 * n) + 25 / (32 * n * n);
const deviation = (n: number): number => Math.sqrt(n / (n - 2) - mean(n) ** 2);

for (const one of ALL) {
  t.test(
    `U14: ${one.name}: the SNR of N replicas scatters round the analytic one as theory says`,
    async (t) => {
      const analytic = analyticSnr(one);
      const object = objectOf(analytic);
      for (const mode of ['fast', 'exact'] as const) {
        for (const count of [20, 128]) {
          const options = optionsOf({ count, mode });
          const snr = METHODS.pmr.snr(one.slice(), one.reconstruction, options).data;
          const found = ratios(snr, analytic, object);
          const text = `${mode} ${count}: mean ${found.mean.toFixed(4)}, deviation ${found.deviation.toFixed(4)}`;
          // Pixels that fall together are not independent: four standard deviations of half their number.
          const error = (4 * deviation(count)) / Math.sqrt(found.count / 2);
          t.ok(Math.abs(found.mean - mean(count)) < error, text);
          t.ok(Math.abs(found.deviation / deviation(count) - 1) < 0.06, text);
        }
      }
    },
  );

  t.test(`U14: ${one.name}: fast and exact noise have the same distribution`, async (t) => {
    const prepared = prepare(one.slice(), one.reconstruction, optionsOf());
    const object = objectOf(analyticSnr(one));
    const fast = momentsOf(prepared, 'fast', object);
    const exact = momentsOf(prepared, 'exact', object);
    for (const part of ['values', 'pairs'] as const) {
      const distance = smirnov(fast[part], exact[part]);
      // 1.95: one in a thousand.
      t.ok(distance < 1.95, `${part}: ${distance.toFixed(2)}`);
    }
    for (const name of ['variance', 'pseudoVariance', 'alias', 'neighbour'] as const) {
      const difference = Math.abs(fast[name] - exact[name]);
      t.ok(difference < 0.012, `${name}: ${fast[name].toFixed(4)} and ${exact[name].toFixed(4)}`);
    }
  });
}

/** What the two modes must agree in: single numbers, products of pixels that fall together, correlations. */
function momentsOf(prepared: Prepared, mode: 'fast' | 'exact', object: readonly number[]) {
  const { noiseDeviation, magnitude } = prepared.combined;
  const [ny, nx] = magnitude.shape;
  const values: number[] = [];
  const pairs: number[] = [];
  let [variance, pseudo, aliasRe, aliasIm, neighbourRe, count] = [0, 0, 0, 0, 0, 0];
  for (let replica = 0; replica < 24; replica++) {
    const { data } = noiseImage(prepared, normalStream(3, mode === 'fast' ? 0 : 1, replica), { mode });
    for (const i of object) {
      const other = (i + (ny / 2) * nx) % (ny * nx);
      const next = i + 1;
      // Pixels without sensitivities have no noise.
      const scale = (pixel: number): number => {
        const sigma = noiseDeviation?.data[pixel] ?? 1;
        return sigma > 0 ? 1 / sigma : 0;
      };
      const [re, im] = [data[2 * i] * scale(i), data[2 * i + 1] * scale(i)];
      const [ar, ai] = [data[2 * other] * scale(other), data[2 * other + 1] * scale(other)];
      variance += re * re + im * im;
      pseudo += re * re - im * im;
      aliasRe += re * ar + im * ai;
      aliasIm += im * ar - re * ai;
      neighbourRe += (re * data[2 * next] + im * data[2 * next + 1]) * scale(next);
      count += 1;
      if (count % 16 === 0) values.push(re);
      if (count % 16 === 8) pairs.push(re * ar + im * ai);
    }
  }
  return {
    values,
    pairs,
    variance: variance / count,
    pseudoVariance: pseudo / count,
    alias: Math.hypot(aliasRe, aliasIm) / count,
    neighbour: neighbourRe / count,
  };
}

t.test(
  'the noise in phase of pixels that fall together has the covariance that fast replicas draw from',
  async (t) => {
    for (const one of ALL.slice(2)) {
      const prepared = prepare(one.slice(), one.reconstruction, optionsOf());
      const linear = prepared.combined.linear;
      if (!linear?.noiseCovariance) throw new Error('no covariance');
      const phasors = phasorsOf(linear.image);
      const { planes, sets } = inPhaseNoise(linear.noiseCovariance(), phasors);
      const count = sets[0] * sets[1];
      const analytic = analyticSnr(one);
      const both = objectOf(analytic).filter((i) => i < count && analytic[i + count] > 20);
      // Regression of what exact noise does on what is expected: slope 1.
      let [variance, expectedVariance, products, expectedProducts] = [0, 0, 0, 0];
      const replicas = 200;
      for (let j = 0; j < replicas; j++) {
        const { data } = noiseImage(prepared, normalStream(8, j), { mode: 'exact' });
        const d = (i: number): number => phasors[2 * i] * data[2 * i] - phasors[2 * i + 1] * data[2 * i + 1];
        for (const i of both) {
          const [f00, f10, f11] = [planes[i], planes[count + i], planes[2 * count + i]];
          const scale = 1 / (f00 * Math.hypot(f10, f11));
          const expected = f00 * f10 * scale;
          products += d(i) * d(i + count) * scale * expected;
          expectedProducts += expected ** 2;
          variance += d(i) ** 2 / f00 ** 2 + d(i + count) ** 2 / (f10 ** 2 + f11 ** 2);
          expectedVariance += 2;
        }
      }
      const text = `${one.name}: ${both.length} sets, slope ${products / expectedProducts}, variance ${variance / expectedVariance}`;
      t.ok(Math.abs(products / expectedProducts - 1) < 4 / Math.sqrt(expectedProducts), text);
      t.ok(Math.abs(variance / expectedVariance - 1) < 4 / Math.sqrt(expectedVariance / 2), text);
      t.ok(expectedProducts > 0.01 * replicas * both.length, 'the pixels are correlated');
    }
  },
);

t.test('noise drawn plane by plane is the same as noise in k-space, combined', async (t) => {
  for (const one of ALL.slice(0, 2)) {
    const prepared = prepare(one.slice(), one.reconstruction, optionsOf());
    const linear = prepared.combined.linear;
    if (!linear?.combineNoise) throw new Error('no combineNoise');
    const kspace = complexZeros(prepared.original.kspace.shape);
    fillSampled(kspace, undefined, normalStream(4, 5));
    t.ok(sameBytes(linear.combineNoise(normalStream(4, 5)).data, linear.combine(kspace).data), one.name);
  }
});

t.test('noise in k-space lies on the sampled points only', async (t) => {
  const kspace = complexZeros([2, 9, 7]);
  kspace.data.fill(9);
  fillSampled(kspace, { factors: [3, 2], offsets: [2, 1] }, normalStream(1));
  const at = (coil: number, y: number, x: number) => kspace.data[2 * ((coil * 9 + y) * 7 + x)];
  for (let coil = 0; coil < 2; coil++) {
    for (let y = 0; y < 9; y++) {
      for (let x = 0; x < 7; x++) {
        const isSampled = y % 2 === 1 && x % 3 === 2;
        if ((at(coil, y, x) !== 0) !== isSampled) t.fail(`${coil}, ${y}, ${x}`);
      }
    }
  }
  const large = complexZeros([1, 400, 400]);
  fillSampled(large, { factors: [2, 2], offsets: [1, 0] }, normalStream(2));
  const power = large.data.reduce((sum, x) => sum + x * x, 0) / (200 * 200);
  t.ok(Math.abs(power - 1) < 0.03, `complex variance ${power}`);
});

t.test('both quadratures pooled: twice the degrees of freedom', async (t) => {
  const [one] = ALL;
  const analytic = analyticSnr(one);
  const object = objectOf(analytic);
  const found = ratios(
    METHODS.pmr.snr(one.slice(), one.reconstruction, optionsOf({ count: 20, pooledQuadratures: true })).data,
    analytic,
    object,
  );
  t.ok(Math.abs(found.deviation / deviation(40) - 1) < 0.05, `deviation ${found.deviation}`);
  t.ok(Math.abs(found.mean - mean(40)) < 0.01, `mean ${found.mean}`);
});

t.test(
  'finiteCorrection takes the mean excess away; biasCorrection is that of the analytic method',
  async (t) => {
    const [one] = ALL;
    const analytic = analyticSnr(one);
    const object = objectOf(analytic);
    const corrected = METHODS.pmr.snr(
      one.slice(),
      one.reconstruction,
      optionsOf({ count: 20, finiteCorrection: true }),
    ).data;
    t.ok(Math.abs(ratios(corrected, analytic, object).mean - 1) < 0.008);
    const unbiased = { ...optionsOf({ count: 1000 }), biasCorrection: true };
    const background = [...analytic.keys()].filter((i) => analytic[i] < 6);
    const snr = METHODS.pmr.snr(one.slice(), one.reconstruction, unbiased).data;
    const expected = METHODS.ac.snr(one.slice(), one.reconstruction, unbiased).data;
    const difference = statistics(background.map((i) => snr[i] - expected[i]));
    t.ok(Math.abs(difference.mean) < 0.05, `mean difference ${difference.mean} in the background`);
  },
);

t.test('rssMagnitude: replicas as a magnitude image shows them', async (t) => {
  const [one] = ALL;
  const analytic = analyticSnr(one);
  const object = objectOf(analytic);
  const snr = METHODS.pmr.snr(
    one.slice(),
    one.reconstruction,
    optionsOf({ count: 128, rssMagnitude: true }),
  ).data;
  const found = ratios(snr, analytic, object);
  t.ok(Math.abs(found.mean - mean(127)) < 0.01, `in the object as the others: ${found.mean}`);
  // In the background the noise of the magnitude is that of the chi distribution. The image is the same there.
  const background = [...analytic.keys()].filter((i) => analytic[i] < 5);
  const deviations = statistics(background.map((i) => analytic[i] / snr[i]));
  // Noise on a pixel of the acquired image, not on nothing: between pure noise and a strong signal.
  t.ok(deviations.mean > chiDeviation(8, 0) && deviations.mean < 1, `deviation ${deviations.mean}`);
});

t.test('precision says how far an SNR of so many replicas is off', async (t) => {
  const [one] = ALL;
  const { combined } = prepare(one.slice(), one.reconstruction, optionsOf());
  const options = optionsOf({ count: 50 });
  const collector = METHODS.pmr.collect(combined, options);
  const prepared = prepare(one.slice(), one.reconstruction, options);
  for (let i = 0; i < METHODS.pmr.pieces(options); i++) collector.add(METHODS.pmr.piece(prepared, i));
  const { precision, noise } = collector.finish();
  t.ok(precision?.data.every((x) => Math.abs(x - 0.1) < 1e-6));
  const sigma = statistics([...(noise?.data ?? [])]);
  t.ok(Math.abs(sigma.mean - Math.SQRT1_2) < 0.01, 'the noise in phase of whitened coils');
});

t.test(
  'the slice and the seed name the noise; the k-space given is not what the result depends on',
  async (t) => {
    const [one] = ALL;
    const of = (seed: number, slice: number) =>
      METHODS.pmr.piece(prepare(one.slice(), one.reconstruction, optionsOf({ seed }), slice), 0);
    const first = of(1, 0);
    t.ok(sameBytes(of(1, 0), first));
    t.notOk(sameBytes(of(2, 0), first));
    t.notOk(sameBytes(of(1, 1), first));
    const prepared = prepare(one.slice(), one.reconstruction, optionsOf({ mode: 'exact' }));
    const before = copied(prepared.combined.linear?.image ?? complexZeros([0]));
    METHODS.pmr.piece(prepared, 0);
    t.ok(sameBytes(prepared.combined.linear?.image.data ?? new Float32Array(0), before.data));
  },
);
