/** The demo's phantom.h5: it is what its generator makes, and its truth is what its samples say. */
import { File, ready } from 'h5wasm/node';
import t from 'tap';
import { openRawScan } from '../../compute/formats/open.ts';
import { mustBeCartesian } from '../../compute/mr/cartesian.ts';
import {
  noiseCovariance,
  PHANTOM,
  phantomLines,
  phantomMaps,
  phantomObject,
  trueSnr,
} from '../../infra/local/phantom/phantom.ts';
import { readAll } from '../helpers/raw/samples.ts';

const PATH = new URL('../../infra/local/phantom/phantom.h5', import.meta.url).pathname;
const { matrix: N, coils: COILS } = PHANTOM;
const SAMPLES = N * PHANTOM.oversampling;

const scan = await openRawScan(PATH);
const readouts = await readAll(scan);
await scan.close();

t.test('the file has the lines of its generator', async (t) => {
  mustBeCartesian(scan.header);
  t.match(scan.header, {
    encodedMatrix: { x: SAMPLES, y: N, z: 1 },
    reconMatrix: { x: N, y: N, z: 1 },
    readoutOversampling: 2,
    coils: COILS,
    noiseBandwidthRatio: 1,
    noiseDwellMicroseconds: 10,
    imageDwellMicroseconds: 10,
  });
  const lines = [...phantomLines()];
  t.equal(readouts.length, lines.length);
  let worst = 0;
  for (const [i, { kind, data }] of lines.entries()) {
    if (kind !== readouts[i].kind) t.fail(`line ${i} is ${readouts[i].kind}`);
    for (let k = 0; k < data.length; k++) worst = Math.max(worst, Math.abs(data[k] - readouts[i].data[k]));
  }
  t.ok(worst < 1e-4, `largest difference ${worst}`);
});

t.test('the truth in the file is that of the generator', async (t) => {
  await ready;
  const file = new File(PATH, 'r');
  const snr = file.get('truth_snr') as unknown as { shape: number[]; value: Float32Array };
  t.same(snr.shape, [N, N]);
  const truth = trueSnr();
  t.ok(snr.value.every((value, i) => Math.abs(value - truth[i]) <= 1e-5 * truth[i]));
  file.close();
});

t.test('the noise lines have the true covariance', async (t) => {
  const sum = new Float64Array(2 * COILS * COILS);
  let count = 0;
  for (const { kind, data, samples } of readouts) {
    if (kind !== 'noise') continue;
    count += samples;
    for (let i = 0; i < COILS; i++) {
      for (let j = 0; j < COILS; j++) {
        for (let s = 0; s < samples; s++) {
          const [a, b, at] = [2 * (i * samples + s), 2 * (j * samples + s), 2 * (i * COILS + j)];
          sum[at] += data[a] * data[b] + data[a + 1] * data[b + 1];
          sum[at + 1] += data[a + 1] * data[b] - data[a] * data[b + 1];
        }
      }
    }
  }
  t.equal(count, 9216);
  const truth = noiseCovariance();
  const norm = (values: Float64Array): number => Math.hypot(...values);
  const error = norm(sum.map((value, i) => value / count - truth[i])) / norm(truth);
  // the expected relative Frobenius error is sqrt(coils / samples) = 0.03
  t.ok(error < 0.045, `relative error ${error.toFixed(4)}`);
});

/** Unitary centred inverse DFT of `values` (interleaved), of which the middle `size` points are kept. */
function inverse(values: Float64Array, size: number): Float64Array {
  const length = values.length / 2;
  const result = new Float64Array(2 * size);
  for (let n = 0; n < size; n++) {
    for (let k = 0; k < length; k++) {
      const angle = (2 * Math.PI * (k - Math.floor(length / 2)) * (n - Math.floor(size / 2))) / length;
      const [c, s] = [Math.cos(angle) / Math.sqrt(length), Math.sin(angle) / Math.sqrt(length)];
      result[2 * n] += c * values[2 * k] - s * values[2 * k + 1];
      result[2 * n + 1] += s * values[2 * k] + c * values[2 * k + 1];
    }
  }
  return result;
}

t.test('the image is object times maps plus noise of the true covariance', async (t) => {
  const image = new Float64Array(2 * COILS * N * N);
  for (let coil = 0; coil < COILS; coil++) {
    const rows = new Float64Array(2 * N * N);
    for (const { kind, line, data } of readouts) {
      if (kind !== 'image') continue;
      const samples = data.subarray(2 * coil * SAMPLES, 2 * (coil + 1) * SAMPLES);
      rows.set(inverse(Float64Array.from(samples), N), 2 * line * N);
    }
    for (let x = 0; x < N; x++) {
      const column = new Float64Array(2 * N);
      for (let y = 0; y < N; y++) column.set(rows.subarray(2 * (y * N + x), 2 * (y * N + x) + 2), 2 * y);
      const points = inverse(column, N);
      for (let y = 0; y < N; y++) image.set(points.subarray(2 * y, 2 * y + 2), 2 * ((coil * N + y) * N + x));
    }
  }
  const object = phantomObject();
  const maps = phantomMaps();
  const truth = noiseCovariance();
  let largestBias = 0;
  for (let coil = 0; coil < COILS; coil++) {
    let variance = 0;
    let [re, im] = [0, 0];
    for (let pixel = 0; pixel < N * N; pixel++) {
      const [o, m] = [2 * pixel, 2 * (coil * N * N + pixel)];
      const dr = image[m] - (object[o] * maps[m] - object[o + 1] * maps[m + 1]);
      const di = image[m + 1] - (object[o] * maps[m + 1] + object[o + 1] * maps[m]);
      variance += dr * dr + di * di;
      re += dr;
      im += di;
    }
    const expected = truth[2 * (coil * COILS + coil)];
    // relative standard deviation of a variance from 9216 complex numbers: 0.0104
    t.ok(
      Math.abs(variance / (N * N) / expected - 1) < 0.04,
      `coil ${coil}: ${variance / (N * N) / expected}`,
    );
    largestBias = Math.max(largestBias, Math.hypot(re, im) / Math.sqrt(N * N * expected));
  }
  t.ok(largestBias < 3.5, 'no bias: the mean of the differences is that of noise');
});
