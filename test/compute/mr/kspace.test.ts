import t from 'tap';
import { complexFrom } from '../../../compute/array/complex.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { imageReadouts, isFullySampled, mustBeReasonable } from '../../../compute/mr/acquisition.ts';
import { assembleSlice } from '../../../compute/mr/assemble.ts';
import { mustBeCartesian } from '../../../compute/mr/cartesian.ts';
import { kSpaceGrid } from '../../../compute/mr/kspace.ts';
import { createOversamplingRemover } from '../../../compute/mr/oversampling.ts';
import {
  complexNoise,
  imageLines,
  type Line,
  memoryScan,
  normals,
  type ScanOptions,
  worstOfMaximum,
} from '../helpers/scan.ts';

async function assemble(options: ScanOptions, lines: Line[], slice = 0) {
  const scan = memoryScan(options, lines);
  return assembleSlice(scan, kSpaceGrid(scan.header), slice, imageReadouts(scan).wanted);
}

t.test('lines find their row by the centre line, whatever order they come in', async (t) => {
  const shape = [2, 7, 5];
  const kspace = complexNoise(normals(1), 70);
  const lines = imageLines(kspace, shape).reverse();
  const slice = await assemble({ columns: 5, lines: 7, coils: 2 }, lines);
  t.same(slice.kspace.shape, shape);
  t.same(slice.kspace.data, kspace);
  t.match(slice, { averages: 1, sampledFraction: 1, noiseGain: 1 });

  const shifted = lines.map((line) => ({ ...line, line: (line.line ?? 0) + 10 }));
  const moved = await assemble({ columns: 5, lines: 7, coils: 2, header: { centerLine: 13 } }, shifted);
  t.same(moved.kspace.data, kspace);
});

t.test('U17: averages and repetitions are averaged, and the noise gain says so', async (t) => {
  const a = complexNoise(normals(2), 12);
  const b = complexNoise(normals(3), 12);
  const four = [
    ...imageLines(a, [1, 4, 3]),
    ...imageLines(b, [1, 4, 3], { average: 1 }),
    ...imageLines(a, [1, 4, 3], { repetition: 1 }),
    ...imageLines(b, [1, 4, 3], { average: 1, repetition: 1 }),
  ];
  const slice = await assemble({ columns: 3, lines: 4, coils: 1 }, four);
  t.ok(
    worstOfMaximum(
      slice.kspace.data,
      a.map((x, i) => (x + b[i]) / 2),
    ) < 1e-6,
  );
  t.match(slice, { averages: 4, noiseGain: 0.25 });

  // One line measured once, the others twice: the mean of 1, 1/2, 1/2, 1/2.
  const uneven = [...imageLines(a, [1, 4, 3]), ...imageLines(b, [1, 4, 3], { average: 1 }).slice(1)];
  t.match(await assemble({ columns: 3, lines: 4, coils: 1 }, uneven), { averages: 1.75, noiseGain: 0.625 });
});

t.test('U17: partial Fourier lines stay zero and carry no noise', async (t) => {
  const kspace = complexNoise(normals(4), 24);
  const slice = await assemble({ columns: 3, lines: 8, coils: 1 }, imageLines(kspace, [1, 8, 3]).slice(2));
  t.match(slice, { sampledFraction: 0.75, noiseGain: 0.75, averages: 1 });
  t.ok(slice.kspace.data.subarray(0, 12).every((x) => x === 0));
  t.ok(isFullySampled(slice));
  const gaps = await assemble(
    { columns: 3, lines: 8, coils: 1 },
    imageLines(kspace, [1, 8, 3]).filter((_, i) => i % 2 === 0),
  );
  t.notOk(isFullySampled(gaps));
});

t.test('a partial echo is placed with its centre at the centre', async (t) => {
  const data = Float32Array.from([1, 1, 2, 2, 3, 3]);
  const slice = await assemble({ columns: 5, lines: 1, coils: 1 }, [{ coils: 1, data, centerSample: 0 }]);
  t.same([...slice.kspace.data], [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]);
  t.equal(slice.noiseGain, 0.6);
});

t.test('reference lines count if they are image lines too; noise and calibration do not', async (t) => {
  const kspace = complexNoise(normals(5), 8);
  const lines = imageLines(kspace, [1, 4, 2]).map((line, i) =>
    i === 1 ? { ...line, kind: 'calibration_and_image' as const } : line,
  );
  const others: Line[] = (['noise', 'calibration'] as const).map((kind) => ({
    kind,
    coils: 1,
    line: 2,
    data: Float32Array.from([9, 9, 9, 9]),
  }));
  const slice = await assemble({ columns: 2, lines: 4, coils: 1 }, [...others, ...lines]);
  t.same(slice.kspace.data, kspace);
});

t.test('only the first contrast, phase and set are used, and that is said', async (t) => {
  const kspace = complexNoise(normals(6), 8);
  const later = imageLines(complexNoise(normals(7), 8), [1, 4, 2], { contrast: 1 });
  const scan = memoryScan({ columns: 2, lines: 4, coils: 1 }, [...later, ...imageLines(kspace, [1, 4, 2])]);
  const images = imageReadouts(scan);
  t.same((await assembleSlice(scan, kSpaceGrid(scan.header), 0, images.wanted)).kspace.data, kspace);
  t.match(images.warnings, [/2 contrasts; only the first/]);
});

t.test(
  'oversampling removal halves the noise variance and leaves the signal, for odd sizes too',
  async (t) => {
    for (const [stored, columns] of [
      [64, 32],
      [66, 33],
      [45, 30],
    ]) {
      const noise = complexFrom(complexNoise(normals(stored), 400 * stored), [400, stored]);
      const power = (data: Float32Array): number =>
        data.reduce((sum, x) => sum + x * x, 0) / (data.length / 2);
      const ratio = power(createOversamplingRemover(400, stored, columns)(noise).data) / power(noise.data);
      t.ok(Math.abs(ratio / (columns / stored) - 1) < 0.05, `${stored} -> ${columns}: ${ratio}`);

      // A constant object inside the middle: its k = 0 sample is its sum, in both.
      const object = complexFrom(new Float32Array(2 * stored), [1, stored]);
      for (let x = 0; x < columns - 4; x++)
        object.data[2 * (Math.floor(stored / 2) - Math.floor(columns / 2) + 2 + x)] = 1;
      const long = centredFft(object, [1], 'forward');
      for (let i = 0; i < long.data.length; i++) long.data[i] *= Math.sqrt(stored);
      const short = createOversamplingRemover(1, stored, columns)(long).data;
      t.ok(Math.abs(short[2 * Math.floor(columns / 2)] - (columns - 4)) < 1e-3);
    }
  },
);

t.test('what does not fit is refused with its place', async (t) => {
  const options = { columns: 4, lines: 4, coils: 2 };
  const line = (more: Partial<Line> = {}): Line => ({
    coils: 2,
    data: new Float32Array(16),
    line: 2,
    ...more,
  });
  await t.rejects(assemble(options, [line({ line: 9 })]), { code: 'input_unreadable', message: /Line 9/ });
  await t.rejects(assemble(options, [line({ data: new Float32Array(20), line: 3 })]), {
    code: 'input_unreadable',
    message: /5 samples/,
  });
  await t.rejects(assemble(options, [line({ coils: 1 })]), { code: 'input_unreadable', message: /1 coils/ });
  const bad = line();
  bad.data[2 * (4 + 3)] = Number.NaN;
  await t.rejects(assemble(options, [line(), bad]), {
    code: 'input_unreadable',
    message: /slice 0, line 2.*coil 1, sample 3/,
  });
  bad.data[14] = Number.POSITIVE_INFINITY;
  await t.rejects(assemble(options, [bad]), { code: 'input_unreadable' });
  await t.rejects(assemble(options, [line()], 3), { code: 'input_unreadable', message: /Slice 3/ });
  await t.rejects(assemble(options, [{ ...line(), kind: 'noise' }]), {
    code: 'input_unreadable',
    message: /no image lines/,
  });
});

t.test('sequences that cannot be reconstructed and absurd sizes are refused by name', async (t) => {
  const header = (more: Partial<ScanOptions['header']>) =>
    memoryScan({ columns: 4, lines: 4, coils: 1, header: more }, []).header;
  t.throws(() => mustBeCartesian(header({ trajectory: 'epi' })), {
    code: 'unsupported_sequence',
    message: /echo-planar \(EPI\)/,
  });
  t.throws(() => mustBeCartesian(header({ rampSampling: true })), {
    code: 'unsupported_sequence',
    message: /ramps/,
  });
  t.throws(() => mustBeCartesian(header({ acceleration: { phase: 1, partition: 2 } })), {
    code: 'unsupported_sequence',
    message: /along its partitions/,
  });
  t.throws(() => mustBeCartesian(header({ simultaneousSlices: 3 })), {
    code: 'unsupported_sequence',
    message: /simultaneous multi-slice/,
  });
  mustBeCartesian(header({}));
  const grid = kSpaceGrid(header({}));
  mustBeReasonable(grid);
  for (const wrong of [{ coils: 0 }, { lines: 100_000 }, { storedColumns: Number.NaN }, { coils: 1000 }]) {
    t.throws(() => mustBeReasonable({ ...grid, ...wrong }), { code: 'input_unreadable' });
  }
  t.throws(() => mustBeReasonable({ ...grid, coils: 128, lines: 2048, columns: 2048 }), {
    code: 'worker_oom',
  });
});
