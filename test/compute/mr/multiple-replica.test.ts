import t from 'tap';
import { complexZeros } from '../../../compute/array/complex.ts';
import { centredFftInto } from '../../../compute/math/fft.ts';
import { normalStream } from '../../../compute/math/random.ts';
import type { ReplicaOptions, SnrMaps } from '../../../compute/mr/snr/method.ts';
import {
  freedomOfDifferences,
  meanDeviationPercent,
  meanInverse,
  relativeDeviation,
  suggestedReplicas,
} from '../../../compute/mr/snr/precision.ts';
import { mapsOf, prepare } from '../../../compute/mr/snr/prepare.ts';
import { METHODS } from '../../../compute/mr/snr/registry.ts';
import { fillSampled } from '../../../compute/mr/snr/replicas.ts';
import { type Case, cases, objectOf, optionsOf, ratios } from '../helpers/replicas.ts';

/** SNR of repetitions: the slice plus new noise each time, scaled by `drift(j)`. */
function repeated(
  { slice, reconstruction }: Case,
  count: number,
  more: Partial<ReplicaOptions> = {},
  drift = (_: number): number => 1,
): SnrMaps {
  const options = optionsOf({ count, ...more });
  const prepared = prepare(slice(), reconstruction, options);
  const collector = METHODS.mr.collect(mapsOf(prepared), options);
  for (let j = 0; j < count; j++) {
    const repetition = slice();
    const noise = complexZeros(repetition.kspace.shape);
    fillSampled(noise, repetition.sampling, normalStream(5, j));
    const { data } = repetition.kspace;
    for (let i = 0; i < data.length; i++) data[i] = drift(j) * data[i] + noise.data[i];
    collector.add(METHODS.mr.piece(prepared, j, repetition));
  }
  return collector.finish();
}

const ALL = cases([6, 48, 64]);

for (const one of ALL) {
  t.test(
    `U16: ${one.name}: N repetitions scatter round the analytic SNR with N - 1 degrees of freedom`,
    async (t) => {
      const analytic = METHODS.ac.snr(one.slice(), one.reconstruction, optionsOf()).data;
      const object = objectOf(analytic).filter((i) => analytic[i] > 10);
      const { snr } = repeated(one, 20);
      const found = ratios(snr.data, analytic, object);
      const expected = meanInverse(19) + 25 / (32 * 19 * 19);
      const deviation = Math.sqrt(19 / 17 - expected ** 2);
      const text = `mean ${found.mean.toFixed(4)} of ${expected.toFixed(4)}, deviation ${found.deviation.toFixed(4)} of ${deviation.toFixed(4)}`;
      t.ok(Math.abs(found.mean - expected) < (4 * deviation) / Math.sqrt(found.count / 2) + 0.003, text);
      t.ok(Math.abs(found.deviation / deviation - 1) < 0.1, text);
    },
  );
}

t.test('finiteCorrection takes the mean excess away, precision tells the scatter', async (t) => {
  const [one] = ALL;
  const analytic = METHODS.ac.snr(one.slice(), one.reconstruction, optionsOf()).data;
  const object = objectOf(analytic);
  const { snr, precision } = repeated(one, 20, { finiteCorrection: true });
  t.ok(Math.abs(ratios(snr.data, analytic, object).mean - 1) < 0.012);
  t.ok(precision?.data.every((x) => Math.abs(x - 1 / Math.sqrt(38)) < 1e-6));
});

t.test('a drift spoils the deviation, but not the difference of neighbours', async (t) => {
  const [one] = ALL;
  const analytic = METHODS.ac.snr(one.slice(), one.reconstruction, optionsOf()).data;
  const object = objectOf(analytic).filter((i) => analytic[i] > 50);
  const drift = (j: number): number => 1 + 0.002 * j;
  // A step of 0.2 % of the signal remains in the difference of neighbours.
  const expected = analytic.map((a) => (1.039 * a) / Math.sqrt(1 + (0.002 * a) ** 2 / 2));
  const mean = (more: Partial<ReplicaOptions>): number =>
    ratios(repeated(one, 40, { ...more, finiteCorrection: true }, drift).snr.data, expected, object).mean;
  const plain = mean({});
  const differences = mean({ neighbouringDifference: true });
  t.ok(plain < 0.7, `plain ${plain}`);
  t.ok(Math.abs(differences - 1) < 0.015, `differences ${differences}`);
});

t.test('literal magnitudes: the root of squares of each repetition', async (t) => {
  const [one] = ALL;
  const analytic = METHODS.ac.snr(one.slice(), one.reconstruction, optionsOf()).data;
  const object = objectOf(analytic);
  const { snr } = repeated(one, 30, { rssMagnitude: true, finiteCorrection: true });
  t.ok(Math.abs(ratios(snr.data, analytic, object).mean - 1) < 0.02);
});

t.test('one repetition is refused', async (t) => {
  const [one] = ALL;
  t.throws(() => repeated(one, 1), { code: 'bad_options', message: /repetitions/ });
});

t.test('the mean and deviation are those of the numbers', async (t) => {
  const magnitude = { data: new Float32Array(1), shape: [1, 1] };
  const maps = { magnitude, noiseDeviation: undefined, channels: 1, gFactor: undefined };
  const of = (neighbouringDifference: boolean): SnrMaps => {
    const collector = METHODS.mr.collect(maps, optionsOf({ count: 4, neighbouringDifference }));
    for (const value of [10, 12, 11, 15]) collector.add(Float32Array.of(value));
    return collector.finish();
  };
  t.ok(Math.abs(of(false).snr.data[0] - 12 / Math.sqrt(14 / 3)) < 1e-6);
  t.ok(Math.abs(of(true).snr.data[0] - 12 / Math.sqrt(21 / 6)) < 1e-6);
});

t.test('suggested numbers of replicas', async (t) => {
  t.equal(suggestedReplicas(10), 33);
  t.equal(suggestedReplicas(5), 129);
  t.equal(suggestedReplicas(1), 3185);
  t.throws(() => suggestedReplicas(0), RangeError);
  t.ok(Math.abs(meanDeviationPercent(128) - 4.987) < 0.001);
  t.equal(relativeDeviation(50), 0.1);
  // Two numbers have one difference: one degree of freedom. Many: two thirds of their number.
  t.equal(freedomOfDifferences(2), 1);
  t.ok(Math.abs(freedomOfDifferences(3000) / 2000 - 1) < 1e-3);
});

t.test('weights of the repetition itself are not needed: the image is what combine() gives', async (t) => {
  const [, one] = ALL;
  const prepared = prepare(one.slice(), one.reconstruction, optionsOf({ count: 2 }));
  const image = METHODS.mr.piece(prepared, 0, one.slice());
  const expected = prepared.combined.magnitude.data;
  t.ok(image.every((x, i) => Math.abs(x - expected[i]) < 1e-3));
  const kspace = complexZeros([6, 48, 64]);
  centredFftInto(kspace, kspace, [1, 2], 'forward');
  t.ok(METHODS.mr.piece(prepared, 1, { ...one.slice(), kspace }).every((x) => x === 0));
});
