import { PNG } from 'pngjs';
import t from 'tap';
import { complexFrom } from '../../compute/array/complex.ts';
import { WorkerError } from '../../compute/errors.ts';
import type { RawScan } from '../../compute/formats/scan.ts';
import { centredFft } from '../../compute/math/fft.ts';
import { run, taskDocument } from './helpers/run.ts';
import {
  AXIAL,
  imageLines,
  type Line,
  memoryScan,
  noiseLines,
  normals,
  type ScanOptions,
} from './helpers/scan.ts';

/** Lines of an object with the given magnitude in every coil, `[coil, y, x]`, 10 in the left half, 2 right of it. */
function objectLines(coils: number, ny: number, nx: number, scale = 1, more: Partial<Line> = {}): Line[] {
  const images = new Float32Array(2 * coils * ny * nx);
  for (let i = 0; i < coils * ny * nx; i++) images[2 * i] = scale * (i % nx < nx / 2 ? 10 : 2);
  return imageLines(
    centredFft(complexFrom(images, [coils, ny, nx]), [1, 2], 'forward').data,
    [coils, ny, nx],
    more,
  );
}

function scanOf(
  coils: number,
  ny: number,
  nx: number,
  more: Partial<ScanOptions> & { scale?: number } = {},
): RawScan {
  const lines = [...noiseLines(normals(1), coils, 512, 64), ...objectLines(coils, ny, nx, more.scale)];
  return memoryScan({ columns: nx, lines: ny, coils, header: { noiseBandwidthRatio: 1 }, ...more }, lines);
}

t.test('a whole run: maps, previews, info.json and what they say', async (t) => {
  const { outcome, files, info, progress, map, header } = await run(
    { signal: scanOf(4, 32, 48) },
    { userId: 'u-1', output: { coilsensitivity: false, gfactor: false, matlab: true } },
  );
  t.same(
    [...files.keys()],
    [
      'data/SNR.nii.gz',
      'data/SNR.png',
      'data/NC.nii.gz',
      'data/NC.png',
      'data/NCC.nii.gz',
      'data/NCC.png',
      'overview.png',
      'matlab.mat',
      'info.json',
      'ro-crate-metadata.json',
    ],
  );
  const snr = map('SNR');
  t.same(header('SNR').dims.slice(0, 4), [3, 48, 32, 1]);
  // 4 coils of magnitude 10 in noise of complex variance 1, known to 1 %.
  t.ok(Math.abs(snr[5 * 48 + 3] / (Math.SQRT2 * 20) - 1) < 0.02, `left ${snr[5 * 48 + 3]}`);
  t.ok(Math.abs(snr[5 * 48 + 40] / (Math.SQRT2 * 4) - 1) < 0.02, `right ${snr[5 * 48 + 40]}`);
  t.same(header('NC').dims.slice(0, 4), [3, 4, 4, 1]);
  t.ok(Math.abs(map('NC')[0] - 1) < 0.02);
  t.same([...map('NCC').subarray(0, 2)], [1, 0]);

  t.same(info.data, [
    {
      filename: 'data/SNR.nii.gz',
      id: 0,
      name: 'SNR',
      type: 'output',
      dim: 3,
      numpyPixelType: 'float32',
      pixelType: 'real',
    },
    {
      filename: 'data/NC.nii.gz',
      id: 1,
      name: 'Noise Covariance',
      type: 'output',
      dim: 2,
      numpyPixelType: 'complex64',
      pixelType: 'complex',
    },
    {
      filename: 'data/NCC.nii.gz',
      id: 2,
      name: 'Noise Coefficients',
      type: 'output',
      dim: 2,
      numpyPixelType: 'complex64',
      pixelType: 'complex',
    },
  ]);
  t.match(info, {
    schema: 'cloudmr/result/1',
    user_id: 'u-1',
    seed: 7,
    info: { slices: 1 },
    noise: {
      samples: 64 * 512,
      oversampling: 1,
      bandwidthRatio: 1,
      bandwidthSource: 'header',
      dwellRatio: 1,
      regularised: false,
    },
    acquisition: { coils: 4, matrix: [48, 32], averages: [1], sampledFraction: [1], voxelMm: [2, 2, 5] },
    method: { name: 'ac', reconstruction: 'rss', biasCorrection: false },
    worker: { version: '0.1.0' },
    warnings: [],
  });
  const log = info.headers.log as { when: string; what: string; type: string }[];
  t.match(log[0], { type: 'start', settings: { version: '0.1.0' } });
  t.match(log[0].when, /^02\/01\/2026, 03:04:05$/);
  t.equal(log.at(-1)?.type, 'END');
  for (const name of ['SNR', 'NC', 'NCC'])
    t.ok(PNG.sync.read(files.get(`data/${name}.png`) as Buffer).width > 300);

  t.match(outcome.summary, { slices: 1, matrix: [48, 32], coils: 4, warnings: 0 });
  t.ok(
    outcome.summary.medianSnr &&
      outcome.summary.maxSnr &&
      outcome.summary.maxSnr >= outcome.summary.medianSnr,
  );
  t.same([...new Set(progress.map(({ step }) => step))], ['read', 'noise', 'reconstruct', 'write']);
  t.ok(progress.every(({ fraction }, i) => fraction >= (progress[i - 1]?.fraction ?? 0) && fraction <= 1));
});

t.test('U17: four averages double the SNR, six of eight lines raise it by the root of 8 / 6', async (t) => {
  const once = (await run({ signal: scanOf(2, 16, 16) })).map('SNR');
  const noise = noiseLines(normals(1), 2, 512, 64);
  const four = [0, 1, 2, 3].flatMap((average) => objectLines(2, 16, 16, 1, { average }));
  const options = { columns: 16, lines: 16, coils: 2, header: { noiseBandwidthRatio: 1 } };
  const averaged = (await run({ signal: memoryScan(options, [...noise, ...four]) })).map('SNR');
  t.ok(averaged.every((x, i) => Math.abs(x / (2 * once[i]) - 1) < 1e-5));

  // A flat object has its signal in the central line only, so the missing lines take noise and nothing else.
  const flat = objectLines(2, 16, 16);
  const partial = await run({ signal: memoryScan(options, [...noise, ...flat.slice(4)]) });
  t.ok(partial.map('SNR').every((x, i) => Math.abs(x / (once[i] * Math.sqrt(16 / 12)) - 1) < 1e-4));
  t.match(partial.info.warnings, [/Only 75 % of k-space/]);
});

t.test('U19: non-square, odd and prime sizes, odd coil counts', async (t) => {
  for (const [coils, ny, nx] of [
    [7, 97, 99],
    [3, 96, 160],
    [1, 31, 64],
    [5, 1, 17],
  ]) {
    const { map } = await run({ signal: scanOf(coils, ny, nx) });
    const expected = Math.SQRT2 * 10 * Math.sqrt(coils);
    t.ok(Math.abs(map('SNR')[0] / expected - 1) < 0.03, `${coils} x ${ny} x ${nx}`);
  }
});

t.test('a noise scan of its own; multiraid overrules it', async (t) => {
  const signal = memoryScan({ columns: 16, lines: 16, coils: 2 }, [
    ...noiseLines(normals(3), 2, 512, 64, 4),
    ...objectLines(2, 16, 16),
  ]);
  const noise = memoryScan(
    { columns: 16, lines: 256, coils: 2 },
    noiseLines(normals(4), 2, 16, 256).map((line, i) => ({ ...line, kind: 'image', line: i })),
  );
  const inputs = { signal: 'signal', noise: 'noise' };
  const separate = await run({ signal, noise }, { inputs });
  t.ok(
    Math.abs(separate.map('SNR')[0] / (Math.SQRT2 * 10 * Math.SQRT2) - 1) < 0.03,
    'variance 1 of the noise scan',
  );
  t.match(separate.info, { noise: { bandwidthRatio: 1, bandwidthSource: 'cropped', samples: 4096 } });

  const task = taskDocument();
  task.options.reconstructor.options.signal.options.multiraid = true;
  const own = await run({ signal, noise }, { inputs, task });
  t.ok(
    Math.abs(own.map('SNR')[0] / ((Math.SQRT2 * 10 * Math.SQRT2) / 2) - 1) < 0.03,
    'variance 4 of the own noise lines',
  );
  t.match(own.info.warnings, [/noise file was not used/]);
});

t.test('slices are put in the order of space, with the geometry of the first', async (t) => {
  const heights = [20, 0, 40];
  const lines = heights.flatMap((z, slice) =>
    objectLines(1, 8, 8, slice + 1, { slice, position: { ...AXIAL, centerMm: [5, 6, z] } }),
  );
  const options = { columns: 8, lines: 8, coils: 1, header: { slices: 3 } };
  const { map, header, info } = await run({
    signal: memoryScan(options, [...noiseLines(normals(5), 1, 512, 8), ...lines]),
  });
  t.match(info, { acquisition: { sliceOrder: [1, 0, 2], voxelMm: [2, 2, 20] } });
  const volume = map('SNR');
  const [low, middle, high] = [volume[0], volume[64], volume[128]];
  t.ok(Math.abs(low / middle - 2) < 1e-4 && Math.abs(high / middle - 3) < 1e-4, 'scaled by slice number + 1');
  t.same(header('SNR').affine, [
    [-2, 0, 0, -5 + 8],
    [0, -2, 0, -6 + 8],
    [0, 0, 20, 0],
    [0, 0, 0, 1],
  ]);
});

t.test('biasCorrection replaces the map and is recorded; rssUnweighted likewise', async (t) => {
  const scans = { signal: scanOf(8, 16, 16, { scale: 0.2 }) };
  const plain = (await run(scans)).map('SNR');
  for (const task of [
    taskDocument({ options: { biasCorrection: true } }),
    taskDocument({ reconOptions: { biasCorrection: true } }),
  ]) {
    const corrected = await run(scans, { task });
    t.match(corrected.info, { method: { biasCorrection: true } });
    t.ok(corrected.map('SNR').every((x, i) => x < plain[i]));
  }
  const seeded = await run(scans, { task: taskDocument({ options: { seed: 99 } }) });
  t.match(seeded.info, { seed: 99 });
  const unweighted = await run(scans, { task: taskDocument({ options: { rssUnweighted: true } }) });
  t.match(unweighted.info, { method: { rssUnweighted: true } });
});

t.test('what cannot be done is refused by name, with what there is', async (t) => {
  const scans = { signal: scanOf(1, 8, 8) };
  const refused = (task: unknown, message: RegExp) =>
    t.rejects(run(scans, { task }), { code: 'bad_options', message });
  await refused(taskDocument({ name: 'MR' }), /needs a scan with repetitions, and this one has 1/);
  const twofold = { decimate: true, accelerations: [1, 2] };
  await refused(taskDocument({ recon: 'Sense', reconOptions: twofold }), /1 coils cannot separate/);
  const correction = { useCorrection: true, faCorrection: { type: 'file', options: { type: 's3' } } };
  await refused(taskDocument({ reconOptions: { correction } }), /faCorrection/);
  await refused(taskDocument({ options: { biasCorrection: true, rssUnweighted: true } }), /biasCorrection/);
  const gaps = memoryScan(
    { columns: 8, lines: 8, coils: 1, header: { acceleration: { phase: 2, partition: 1 } } },
    [...noiseLines(normals(6), 1, 64, 4), ...objectLines(1, 8, 8).filter((_, i) => i % 2 === 0)],
  );
  await t.rejects(run({ signal: gaps }), { code: 'bad_options', message: /acceleration 2/ });
  const asked = await run(scans, { output: { coilsensitivity: true, gfactor: true, matlab: false } });
  t.match(asked.info.warnings, [/g-factor/, /sensitivities/]);
});

t.test('missing and unusable noise is refused with its own code', async (t) => {
  const bare = memoryScan({ columns: 8, lines: 8, coils: 2 }, objectLines(2, 8, 8));
  await t.rejects(run({ signal: bare }), { code: 'noise_missing', message: /no noise file was given/ });
  const other = memoryScan({ columns: 8, lines: 8, coils: 3 }, noiseLines(normals(1), 3, 64, 4));
  await t.rejects(run({ signal: bare, noise: other }, { inputs: { signal: 'signal', noise: 'noise' } }), {
    code: 'noise_mismatch',
    message: /3 coils, the signal with 2/,
  });
  const lines = noiseLines(normals(1), 2, 64, 4);
  lines[1].data[5] = Number.NaN;
  await t.rejects(
    run({ signal: memoryScan({ columns: 8, lines: 8, coils: 2 }, [...lines, ...objectLines(2, 8, 8)]) }),
    {
      code: 'input_unreadable',
      message: /noise readout/,
    },
  );
});

t.test('an abort ends the run with its reason, and every file is closed', async (t) => {
  let closed = 0;
  const scan = { ...scanOf(1, 8, 8), close: async () => void closed++ };
  const stop = new AbortController();
  const reason = new WorkerError('canceled', 'The job was canceled.');
  const onProgress = ({ step }: { step: string }): void => {
    if (step === 'reconstruct') stop.abort(reason);
  };
  await t.rejects(run({ signal: scan }, { signal: stop.signal, onProgress }), reason);
  t.equal(closed, 1);
});
