import t from 'tap';
import { complexZeros } from '../../../compute/array/complex.ts';
import { boxSums } from '../../../compute/math/box-sum.ts';
import { RECONSTRUCTIONS } from '../../../compute/mr/recon/registry.ts';
import { windowReach } from '../../../compute/mr/snr/generalised-replica.ts';
import type { CombinedMaps } from '../../../compute/mr/snr/method.ts';
import { METHODS } from '../../../compute/mr/snr/registry.ts';
import { whiteNoiseModel } from '../helpers/coils.ts';
import {
  analyticSnr,
  cases,
  objectOf,
  optionsOf,
  REPLICAS,
  ratios,
  statistics,
} from '../helpers/replicas.ts';

t.test('window sums are those of the sum written out, also at the edges', async (t) => {
  const [ny, nx] = [11, 14];
  const values = Float64Array.from({ length: ny * nx }, (_, i) => Math.sin(7 * i));
  for (const half of [0, 1, 3, 20]) {
    const sums = boxSums(values, [ny, nx], half);
    let worst = 0;
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        let sum = 0;
        for (let v = Math.max(0, y - half); v <= Math.min(ny - 1, y + half); v++) {
          for (let u = Math.max(0, x - half); u <= Math.min(nx - 1, x + half); u++) sum += values[v * nx + u];
        }
        worst = Math.max(worst, Math.abs(sum - sums[y * nx + x]));
      }
    }
    t.ok(worst < 1e-12, `half ${half}: ${worst}`);
  }
});

t.test('the side of the window is boxSize made odd; older tools meant half of it', async (t) => {
  const side = (boxSize: number, boxSizeCompatibility: boolean) =>
    2 * windowReach({ ...REPLICAS, boxSize, boxSizeCompatibility }) + 1;
  t.same(
    [1, 2, 3, 8, 9].map((size) => side(size, false)),
    [1, 3, 3, 9, 9],
  );
  t.same(
    [2, 9].map((size) => side(size, true)),
    [5, 19],
  );
});

/** A uniform object whose noise is 1 everywhere: what scatters is the estimate alone. */
function uniformSnr(count: number, boxSize: number, size: number): Float32Array {
  const kspace = complexZeros([2, size, size]);
  kspace.data[2 * ((size / 2) * size + size / 2)] = 100 * size;
  const slice = { kspace, noise: whiteNoiseModel(2) };
  return METHODS.cr.snr(slice, RECONSTRUCTIONS.rss, optionsOf({ count, boxSize, seed: 11 })).data;
}

t.test('U15: mean 1 and deviation 1 / sqrt(2 NR w^2) where the noise is the same everywhere', async (t) => {
  const size = 512;
  const truth = Math.SQRT2 * 100;
  for (const count of [1, 6]) {
    for (const side of [5, 9, 19]) {
      const snr = uniformSnr(count, side, size);
      // Windows that do not overlap are independent: every side-th pixel, away from the edges.
      const values: number[] = [];
      for (let y = side; y < size - side; y += side) {
        for (let x = side; x < size - side; x += side) values.push(snr[y * size + x] / truth);
      }
      const expected = 1 / Math.sqrt(2 * count * side * side);
      const { mean, deviation } = statistics(values);
      const text = `NR ${count}, side ${side}: mean ${mean.toFixed(4)}, deviation ${deviation.toFixed(4)} of ${expected.toFixed(4)}`;
      // The deviation of n values is known to 1 / sqrt(2 n); 26 * 26 values at the largest side.
      t.ok(Math.abs(deviation / expected - 1) < 0.1, text);
      t.ok(
        Math.abs(mean - 1 - 0.75 / (count * side * side)) < (4 * expected) / Math.sqrt(values.length),
        text,
      );
    }
  }
});

t.test('all reconstructions: the analytic SNR within the precision that is promised', async (t) => {
  for (const one of cases([8, 64, 96])) {
    const analytic = analyticSnr(one);
    const object = objectOf(analytic);
    for (const mode of ['fast', 'exact'] as const) {
      const options = optionsOf({ count: 6, boxSize: 5, mode });
      const found = ratios(METHODS.cr.snr(one.slice(), one.reconstruction, options).data, analytic, object);
      const expected = 1 / Math.sqrt(2 * 6 * 25);
      const text = `${one.name} ${mode}: mean ${found.mean.toFixed(4)}, deviation ${found.deviation.toFixed(4)}`;
      // Windows overlap: about one independent value in 25 pixels.
      t.ok(Math.abs(found.mean - 1) < (4 * expected) / Math.sqrt(found.count / 25), text);
      // The noise of SENSE and GRAPPA changes inside the window, which adds to the deviation.
      t.ok(found.deviation < 1.5 * expected, text);
    }
  }
});

t.test('pixels without noise do not count, and the precision knows how many did', async (t) => {
  const [ny, nx] = [12, 12];
  const magnitude = { data: new Float32Array(ny * nx).fill(10), shape: [ny, nx] };
  const maps: CombinedMaps = { magnitude, noiseDeviation: undefined, channels: 1, gFactor: undefined };
  const collector = METHODS.cr.collect(maps, optionsOf({ count: 2, boxSize: 3 }));
  // Noise of variance 4 in the left half only; two replicas give sums of 8.
  collector.add(Float32Array.from({ length: ny * nx }, (_, i) => (i % nx < 6 ? 8 : 0)));
  const { snr, precision, noise } = collector.finish();
  const at = (map: { data: Float32Array } | undefined, y: number, x: number) => map?.data[y * nx + x];
  t.equal(at(noise, 5, 3), 2);
  t.equal(at(noise, 5, 5), 2, 'at the border of the mask');
  t.equal(at(snr, 5, 5), 5);
  t.equal(at(snr, 5, 6), 0, 'outside');
  const near = (y: number, x: number, pixels: number) =>
    t.ok(Math.abs((at(precision, y, x) ?? 0) - 1 / Math.sqrt(2 * 2 * pixels)) < 1e-7, `${pixels} pixels`);
  near(5, 3, 9);
  near(5, 5, 6);
  near(0, 0, 4);
  t.equal(at(precision, 5, 6), 0);
});
