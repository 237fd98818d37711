import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type ComplexArray, complexFrom, plane } from '../../../compute/array/complex.ts';
import { openRawScan } from '../../../compute/formats/open.ts';
import type { RawScan } from '../../../compute/formats/scan.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { type AcquiredSlice, acquireSlice, whitenSlice } from '../../../compute/mr/acquire.ts';
import { imageReadouts } from '../../../compute/mr/acquisition.ts';
import { kSpaceGrid } from '../../../compute/mr/kspace.ts';
import type { Undersampling } from '../../../compute/mr/lattice.ts';
import { createSliceReader } from '../../../compute/mr/slice-reader.ts';
import { whiteNoiseModel } from '../helpers/coils.ts';
import {
  complexNoise,
  imageLines,
  type Line,
  memoryScan,
  normals,
  type ScanOptions,
  worstOfMaximum,
} from '../helpers/scan.ts';

const SHAPE = [2, 16, 6] as const;
const [COILS, LINES, COLUMNS] = SHAPE;
const DATA = complexNoise(normals(1), 2 * 16 * 6);
const ALL = imageLines(DATA, SHAPE);
const OPTIONS: ScanOptions = { columns: COLUMNS, lines: LINES, coils: COILS };

function acquire(scan: RawScan, undersampling: Undersampling | undefined, plane = 0, repetition?: number) {
  const grid = kSpaceGrid(scan.header);
  const reader = createSliceReader(scan, grid);
  return acquireSlice({ scan, grid, images: imageReadouts(scan), undersampling, reader }, plane, repetition);
}

const real = (
  lines: Line[],
  wanted: Partial<Undersampling> = {},
  nominal = 2,
  more: Partial<ScanOptions> = {},
): Promise<AcquiredSlice> => {
  const header = { acceleration: { phase: nominal, partition: 1 } };
  return acquire(memoryScan({ ...OPTIONS, header, ...more }, lines), { decimate: false, ...wanted });
};

/** The lines of a set of rows, others zero. */
function only(rows: (y: number) => boolean, data = DATA): Float32Array {
  return data.map((x, i) => (rows(Math.floor(i / (2 * COLUMNS)) % LINES) ? x : 0));
}

const lattice = (first: number, factor: number): Line[] =>
  ALL.filter(({ line }) => ((line ?? 0) - first) % factor === 0 && (line ?? 0) >= first);

/** Lines 5 to 10 as reference lines; those on the lattice are image lines too. */
function withReference(first: number, factor: number): Line[] {
  return ALL.flatMap((line): Line[] => {
    const y = line.line ?? 0;
    const onLattice = (y - first) % factor === 0;
    const reference = y >= 5 && y <= 10;
    if (!onLattice && !reference) return [];
    const kind = !reference ? 'image' : onLattice ? 'calibration_and_image' : 'calibration';
    return [{ ...line, kind }];
  });
}

t.test('the first line is found from the data, embedded reference lines are kept apart', async (t) => {
  for (const first of [0, 1]) {
    const slice = await real(withReference(first, 2));
    t.same(slice.sampling, { factors: [1, 2], offsets: [0, first] });
    t.same(slice.calibration?.block, { x: [0, 6], y: [5, 11] });
    t.same(
      slice.kspace.data,
      only((y) => y % 2 === first),
    );
    t.same(
      slice.calibration?.kspace?.data,
      only((y) => y >= 5 && y <= 10),
    );
    t.match(slice, { noiseGain: 1, sampledFraction: 1, averages: 1, warnings: [] });
  }
  const three = await real(withReference(2, 3), {}, 3);
  t.same(three.sampling, { factors: [1, 3], offsets: [0, 2] });
});

t.test('separate reference lines calibrate, whatever their strength, and are no image', async (t) => {
  const separate = ALL.filter(({ line }) => (line ?? 0) >= 4 && (line ?? 0) < 12).map(
    (line): Line => ({
      ...line,
      kind: 'calibration',
      set: 1,
      data: line.data.map((x) => 3 * x),
    }),
  );
  const slice = await real([...separate, ...lattice(1, 2)]);
  t.same(slice.sampling?.offsets, [0, 1]);
  t.same(slice.calibration?.block.y, [4, 12]);
  t.same(
    slice.calibration?.kspace?.data,
    only(
      (y) => y >= 4 && y < 12,
      DATA.map((x) => 3 * x),
    ),
  );
  const fewer = await real([...separate, ...lattice(1, 2)], { acl: [null, 4] });
  t.same(fewer.calibration?.block, { x: [0, 6], y: [6, 10] });
  t.same(
    fewer.calibration?.kspace?.data,
    only(
      (y) => y >= 6 && y < 10,
      DATA.map((x) => 3 * x),
    ),
  );
});

t.test('reference lines that are not marked are found by their place', async (t) => {
  const lines = ALL.filter(({ line = 0 }) => line % 2 === 1 || (line >= 6 && line <= 9));
  const slice = await real(lines);
  t.same(slice.sampling, { factors: [1, 2], offsets: [0, 1] });
  t.same(
    slice.kspace.data,
    only((y) => y % 2 === 1),
  );
  t.same(slice.calibration?.block.y, [5, 10]);
  t.match(slice.warnings, [/not marked/]);
});

t.test(
  'partial Fourier and averages on a lattice count for the noise, the acceleration does not',
  async (t) => {
    // 6 of 8 lattice lines, each twice: G = 3/4 / 2.
    const partial = withReference(0, 2).filter(({ line = 0 }) => line >= 4);
    const slice = await real([...partial, ...partial.map((line) => ({ ...line, average: 1 }))]);
    t.match(slice, { noiseGain: 0.375, sampledFraction: 0.75, averages: 2 });
    t.equal(slice.calibration?.noiseGain, 0.5);
  },
);

t.test('whitened noise has unit variance per image pixel and R', async (t) => {
  const shape = [4, 64, 48] as const;
  const noise = whiteNoiseModel(4);
  const lines = (seed: number, more: Partial<Line>): Line[] =>
    imageLines(complexNoise(normals(seed), 4 * 64 * 48), shape, more).filter(
      ({ line = 0 }) => line % 2 === 0 && line >= 16,
    );
  const scan = memoryScan({ columns: 48, lines: 64, coils: 4 }, [
    ...lines(1, {}),
    ...lines(2, { average: 1 }),
    ...imageLines(complexNoise(normals(3), 4 * 64 * 48), shape, { kind: 'calibration' }),
  ]);
  const { kspace, calibration } = whitenSlice(await acquire(scan, { decimate: false }), noise);
  const variance = ({ data }: ComplexArray): number =>
    data.reduce((sum, x) => sum + x * x, 0) / (data.length / 2);
  // 12288 complex numbers, a quarter of them noise: 2 % standard deviation.
  t.ok(Math.abs(variance(centredFft(kspace, [1, 2], 'inverse')) * 2 - 1) < 0.06);
  if (calibration) t.ok(Math.abs(variance(calibration.kspace) - 1) < 0.03);
});

t.test(
  'decimation in software leaves lines 0, R, 2R, ... and takes the centre for calibration',
  async (t) => {
    const scan = memoryScan(OPTIONS, ALL);
    const noise = whiteNoiseModel(COILS);
    const slice = whitenSlice(
      await acquire(scan, { decimate: true, accelerations: [2, 3], acl: [4, 6] }),
      noise,
    );
    t.same(slice.sampling, { factors: [2, 3], offsets: [0, 0] });
    const expected = only((y) => y % 3 === 0).map((x, i) => (Math.floor(i / 2) % 2 === 0 ? x : 0));
    t.ok(worstOfMaximum(slice.kspace.data, expected) < 1e-6);
    t.same(slice.calibration?.block, { x: [1, 5], y: [5, 11] });
    const centre = DATA.map((x, i) => {
      const [kx, ky] = [Math.floor(i / 2) % COLUMNS, Math.floor(i / (2 * COLUMNS)) % LINES];
      return kx >= 1 && kx < 5 && ky >= 5 && ky < 11 ? x : 0;
    });
    t.ok(worstOfMaximum(slice.calibration?.kspace.data ?? [], centre) < 1e-6);

    const all = await acquire(scan, { decimate: true, accelerations: [1, 2], acl: [null, null] });
    t.same(all.calibration?.block, { x: [0, 6], y: [0, 16] });
    const none = await acquire(scan, { decimate: true, accelerations: [1, 1] });
    t.same(none.sampling, { factors: [1, 1], offsets: [0, 0] });
  },
);

t.test('what makes no sense is refused with what would', async (t) => {
  const full = memoryScan(OPTIONS, ALL);
  const bad = (pattern: RegExp) => ({ code: 'bad_options', message: pattern });
  await t.rejects(acquire(full, { decimate: true }), bad(/accelerations: decimate needs/));
  await t.rejects(acquire(full, { decimate: true, accelerations: [1, 12] }), bad(/less than two samples/));
  await t.rejects(acquire(full, { decimate: false, accelerations: [1, 2] }), bad(/decimate: true/));
  await t.rejects(
    real(withReference(0, 2), { decimate: true, accelerations: [1, 2] }),
    bad(/every 2\. line/),
  );
  await t.rejects(real(withReference(0, 2), { accelerations: [1, 3] }), bad(/use \[1, 2\]/));
  await t.rejects(real(withReference(0, 2), { accelerations: [2, 2] }), bad(/along the readout/));
  const refused = { code: 'unsupported_sequence' };
  await t.rejects(real(lattice(0, 2)), { ...refused, message: /no calibration lines/ });
  await t.rejects(
    real(
      ALL.filter(({ line = 0 }) => [0, 1, 3, 6, 7, 8, 12].includes(line)),
      {},
      1,
    ),
    { ...refused, message: /without a regular pattern/ },
  );
  await t.rejects(real(withReference(0, 2).filter(({ line }) => line !== 12)), {
    ...refused,
    message: /without a regular pattern/,
  });
});

t.test('full data are full, whatever the header says', async (t) => {
  const slice = await real(ALL, {}, 2);
  t.same(slice.sampling, { factors: [1, 1], offsets: [0, 0] });
  t.match(slice.warnings, [/header says acceleration 2/]);
  t.match((await real(withReference(0, 3), {}, 2)).warnings, [
    /header says acceleration 2; the lines are 3 apart/,
  ]);
});

t.test('a generated scan whose first line alternates with the repetition', async (t) => {
  const scan = await openRawScan(
    fileURLToPath(new URL('../../fixtures/raw/shepp-logan-r2.h5', import.meta.url)),
  );
  t.teardown(() => scan.close());
  for (const repetition of [0, 1]) {
    const slice = await acquire(scan, { decimate: false }, 0, repetition);
    t.same(slice.sampling, { factors: [1, 2], offsets: [0, repetition] });
    t.same(slice.calibration?.block, { x: [0, 32], y: [12, 20] });
    t.match(slice, { noiseGain: 1, sampledFraction: 1, averages: 1 });
  }
  const together = await acquire(scan, { decimate: false });
  t.same(together.sampling?.factors, [1, 1]);
  t.equal(together.noiseGain, 0.5);
});

t.test(
  '3-D: partitions become planes, with the centre at floor(n / 2) and without slice oversampling',
  async (t) => {
    const [nz, kept] = [8, 6];
    const images = complexFrom(complexNoise(normals(9), nz * COILS * LINES * COLUMNS), [
      nz,
      COILS,
      LINES,
      COLUMNS,
    ]);
    const kspace = centredFft(images, [0], 'forward');
    const lines = Array.from({ length: nz }, (_, z) =>
      imageLines(plane(kspace, z).data, SHAPE, { partition: z + 2 }),
    ).flat();
    const header = {
      encodedMatrix: { x: COLUMNS, y: LINES, z: nz },
      reconMatrix: { x: COLUMNS, y: LINES, z: kept },
      centerPartition: 6,
    };
    const scan = memoryScan({ ...OPTIONS, header }, lines);
    for (let z = 0; z < kept; z++) {
      const slice = await acquire(scan, undefined, z);
      t.ok(worstOfMaximum(slice.kspace.data, plane(images, z + 1).data) < 1e-5, `plane ${z}`);
      t.match(slice, { noiseGain: 1, sampledFraction: 1, averages: 1 });
    }
    // Partial Fourier along z: 6 of 8 partitions.
    const partial = memoryScan({ ...OPTIONS, header }, lines.slice(2 * LINES));
    t.match(await acquire(partial, undefined, 0), { noiseGain: 0.75, sampledFraction: 0.75 });
    const accelerated = memoryScan(
      { ...OPTIONS, header },
      lines.filter(({ line = 0 }) => line % 2 === 1 || (line > 4 && line < 11)),
    );
    const slice = await acquire(accelerated, { decimate: false, accelerations: [1, 2] }, 3);
    t.same(slice.sampling, { factors: [1, 2], offsets: [0, 1] });
    t.ok(
      worstOfMaximum(
        slice.kspace.data,
        only((y) => y % 2 === 1, plane(images, 4).data),
      ) < 1e-5,
    );
    t.throws(
      () =>
        imageReadouts(
          memoryScan(
            { ...OPTIONS, header },
            lines.filter(({ partition = 0 }) => partition % 2),
          ),
        ),
      {
        code: 'unsupported_sequence',
        message: /misses partitions/,
      },
    );
  },
);
