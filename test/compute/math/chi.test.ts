import t from 'tap';
import { chiDeviation, chiMean, chiMeanInverse } from '../../../compute/math/chi.ts';

t.test('U12: mean and deviation of the non-central chi distribution', async (t) => {
  const table: [coils: number, snr: number, mean: number, deviation: number][] = [
    [1, 0, 1.253314, 0.655136],
    [1, 5, 5.10107, 0.989489],
    [4, 0, 2.741625, 0.695337],
    [4, 5, 5.667046, 0.940527],
    [8, 0, 3.938026, 0.701394],
    [8, 5, 6.339881, 0.897721],
    [16, 0, 5.612839, 0.704297],
    [16, 5, 7.502131, 0.847369],
    [32, 0, 7.968812, 0.705714],
    [32, 5, 9.400053, 0.799375],
  ];
  for (const [coils, snr, mean, deviation] of table) {
    t.ok(Math.abs(chiMean(coils, snr) - mean) < 1e-6, `mean, ${coils} coils, SNR ${snr}`);
    t.ok(Math.abs(chiDeviation(coils, snr) - deviation) < 1e-6, `deviation, ${coils} coils, SNR ${snr}`);
  }
  t.ok(Math.abs(chiMean(8, 20) - 20.371994) < 1e-6);
  t.ok(Math.abs(chiMean(32, 20) - 21.519022) < 1e-6);
});

t.test('U12: the correction undoes the bias at every SNR and for 1 to 128 coils', async (t) => {
  for (const coils of [1, 2, 8, 32, 128]) {
    const correct = chiMeanInverse(coils);
    let worst = 0;
    for (let snr = 0.05; snr < 300; snr *= 1.01) {
      worst = Math.max(worst, Math.abs(correct(chiMean(coils, snr)) / snr - 1));
    }
    t.ok(worst < 1e-6, `${coils} coils: ${worst}`);
    t.equal(correct(chiMean(coils, 0)), 0);
    t.equal(correct(0), 0);
    t.equal(correct(Number.NaN), 0);
  }
});

t.test('the expansion for high SNR joins the exact values without a step', async (t) => {
  for (const coils of [1, 32, 128]) {
    const slope = (chiMean(coils, 32.001) - chiMean(coils, 31.999)) / 0.002;
    t.ok(Math.abs(slope - 1) < 0.2, `${coils} coils: ${slope}`);
  }
});
