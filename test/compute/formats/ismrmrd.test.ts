/** ISMRMRD files: samples against libismrmrd, flags, header and geometry. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import type { RawScan } from '../../../compute/formats/scan.ts';
import { sliceOrder } from '../../../compute/formats/slices.ts';
import { mustBeCartesian } from '../../../compute/mr/cartesian.ts';
import { createIsmrmrdWriter, ismrmrdXml, type TestAcquisition } from '../../helpers/raw/ismrmrd-writer.ts';
import { fixture, readAll, sha256, testSamples } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';

const folder = temporaryFolder(t);
const XML = ismrmrdXml({ encoded: [16, 8, 1], recon: [8, 8, 1], coils: 2 });

/** Opens a file with these acquisitions of 16 samples and 2 coils. */
async function scanOf(acquisitions: Partial<TestAcquisition>[], xml = XML): Promise<RawScan> {
  const path = folder('scan.h5');
  const writer = await createIsmrmrdWriter(path, xml);
  writer.append(
    acquisitions.map((acquisition) => ({ samples: 16, coils: 2, data: testSamples(32, 0), ...acquisition })),
  );
  writer.close();
  return openRawScan(path);
}

async function allSamples(scan: RawScan): Promise<Float32Array> {
  const parts = (await readAll(scan)).map(({ data }) => data);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

t.test('brain16.h5: the samples are those of the arrays it was made from', async (t) => {
  const scan = await openRawScan(fixture('brain16.h5'));
  t.teardown(() => scan.close());
  // SHA-256 of all samples as libismrmrd 1.8.0 reads them (readAcquisition, getDataPtr, one after the other)
  t.equal(sha256(await allSamples(scan)), 'cc05e4dd18fab1cdcd3eefca9a840adab9ea2302cb0f0ce612cc4cffcd541de2');
  t.match(scan.header, {
    format: 'ismrmrd',
    coils: 16,
    encodedMatrix: { x: 96, y: 96, z: 1 },
    reconMatrix: { x: 96, y: 96, z: 1 },
    reconFovMm: { x: 220, y: 220, z: 5 },
    readoutOversampling: 1,
    centerLine: 48,
    trajectory: 'cartesian',
    noiseBandwidthRatio: 0.79227,
    noiseDwellMicroseconds: 5,
    imageDwellMicroseconds: 10,
    protocol: 'brain16',
    sliceThicknessMm: 5,
  });
  t.ok(Math.abs(scan.header.fieldTesla! - 2.8935) < 1e-3, 'from the proton frequency');
  t.equal(scan.index.filter(({ kind }) => kind === 'noise').length, 96);
  mustBeCartesian(scan.header);
});

t.test('the accelerated phantom of ismrmrd-tools: roles, repetitions, samples', async (t) => {
  const scan = await openRawScan(fixture('shepp-logan-r2.h5'));
  t.teardown(() => scan.close());
  t.equal(
    sha256(await allSamples(scan)),
    '3cc8c1e69aa2278d1e90c5021c69b65ea3b1220ef059d36bce61fcd24eced202',
    'as read by libismrmrd',
  );
  const count = (wanted: string): number => scan.index.filter(({ kind }) => kind === wanted).length;
  t.same(['noise', 'image', 'calibration', 'calibration_and_image'].map(count), [1, 48, 16, 16]);
  t.match(scan.header, {
    encodedMatrix: { x: 64, y: 32, z: 1 },
    reconMatrix: { x: 32, y: 32, z: 1 },
    readoutOversampling: 2,
    acceleration: { phase: 2, partition: 1 },
    repetitions: 4,
    coils: 4,
  });
  const firstLine = (repetition: number): number =>
    Math.min(
      ...scan.index.filter((r) => r.kind === 'image' && r.repetition === repetition).map((r) => r.line),
    );
  t.same([0, 1, 2, 3].map(firstLine), [0, 1, 0, 1], 'the lattice alternates');
});

t.test('flags decide the role; what is no data is left out', async (t) => {
  const others = [23, 24, 26, 27, 28, 29, 30, 31].map((flag) => ({ flags: [flag], line: 7 }));
  const scan = await scanOf([
    { flags: [19] },
    { flags: [20], line: 1 },
    { flags: [21], line: 2 },
    { flags: [20, 21], line: 3 },
    ...others,
    { flags: [7, 8, 25], line: 4 },
  ]);
  t.teardown(() => scan.close());
  t.same(
    scan.index.map(({ kind, line }) => `${kind} ${line}`),
    ['noise 0', 'calibration 1', 'calibration_and_image 2', 'calibration_and_image 3', 'image 4'],
  );
});

t.test('every counter is read', async (t) => {
  const { ...counters } = {
    line: 1,
    partition: 2,
    average: 3,
    slice: 4,
    contrast: 5,
    phase: 6,
    repetition: 7,
    set: 8,
    segment: 9,
  };
  const scan = await scanOf([{ ...counters, dwellMicroseconds: 2.5, centerSample: 9 }]);
  t.teardown(() => scan.close());
  t.match(scan.index[0], { ...counters, dwellMicroseconds: 2.5, centerSample: 9, samples: 16, coils: 2 });
  t.match(scan.header, { averages: 4, slices: 5, contrasts: 6, repetitions: 8, encodedMatrix: { z: 5 } });
});

t.test('reversed acquisitions are turned round, discarded samples left out', async (t) => {
  const data = testSamples(32, 3);
  const scan = await scanOf([
    { flags: [22], data },
    { discardPre: 3, discardPost: 2, data },
    { flags: [22], discardPre: 3, discardPost: 2, data },
  ]);
  t.teardown(() => scan.close());
  const coil = (from: Float32Array, c: number): string[] => {
    const samples = from.length / 4;
    return Array.from({ length: samples }, (_, i) =>
      from.slice(2 * (c * samples + i), 2 * (c * samples + i) + 2).join(),
    );
  };
  const [turned, cut, both] = await readAll(scan);
  for (const c of [0, 1]) {
    t.same(coil(turned.data, c), coil(data, c).reverse());
    t.same(coil(cut.data, c), coil(data, c).slice(3, 14));
    t.same(coil(both.data, c), coil(data, c).slice(3, 14).reverse());
  }
  t.same(
    scan.index.map(({ samples, centerSample }) => [samples, centerSample]),
    [
      [16, 8],
      [11, 5],
      [11, 6],
    ],
  );
});

t.test('slices measured in turns: each can be read alone, in its order', async (t) => {
  const slices = 5;
  const acquisitions = Array.from({ length: 8 * slices }, (_, i) => ({
    line: Math.floor(i / slices),
    slice: i % slices,
    data: testSamples(32, i),
    position: [0, 0, [10, 0, -10, 5, -5][i % slices]],
    readDirection: [1, 0, 0],
    phaseDirection: [0, 1, 0],
    sliceDirection: [0, 0, 1],
  }));
  const scan = await scanOf(acquisitions);
  t.teardown(() => scan.close());
  t.same(sliceOrder(scan.slicePositions), [2, 4, 1, 3, 0]);
  t.equal(scan.header.sliceThicknessMm, 5);
  for (const wanted of [3, 0]) {
    const lines = await readAll(scan, ({ slice }) => slice === wanted);
    t.same(
      lines.map(({ data }) => data),
      acquisitions.filter(({ slice }) => slice === wanted).map(({ data }) => data),
    );
    t.same(lines[0].position.centerMm, acquisitions[wanted].position);
  }
  const irregular = await readAll(scan, (_, place) => [0, 1, 7, 8, 30].includes(place));
  t.same(
    irregular.map(({ data }) => data),
    [0, 1, 7, 8, 30].map((i) => acquisitions[i].data),
  );
});

t.test('reading may stop early and start again', async (t) => {
  const scan = await scanOf(Array.from({ length: 200 }, (_, i) => ({ data: testSamples(32, i) })));
  t.teardown(() => scan.close());
  for await (const { data } of scan.readouts(() => true)) {
    t.same(data, testSamples(32, 0));
    break;
  }
  t.equal((await readAll(scan)).length, 200);
});

t.test('further encoding spaces are left out with a warning', async (t) => {
  const scan = await scanOf([{ line: 0 }, { line: 1, encodingSpace: 1 }]);
  t.teardown(() => scan.close());
  t.equal(scan.index.length, 1);
  t.match(scan.warnings, [/1 acquisitions of further encoding spaces/]);
});

t.test('what is not Cartesian is refused by name', async (t) => {
  const header = { encoded: [16, 8, 1], recon: [8, 8, 1] } as const;
  for (const [trajectory, message] of [
    ['epi', /EPI/],
    ['radial', /radial/],
    ['goldenangle', /radial/],
    ['spiral', /spiral/],
    ['other', /non-Cartesian/],
    ['something', /non-Cartesian/],
  ] as const) {
    const scan = await scanOf([{}], ismrmrdXml({ ...header, trajectory }));
    await scan.close();
    t.throws(() => mustBeCartesian(scan.header), { code: 'unsupported_sequence', message }, trajectory);
  }
  const own = await scanOf([{ trajectoryDimensions: 2 }]);
  await own.close();
  t.throws(() => mustBeCartesian(own.header), { code: 'unsupported_sequence', message: /non-Cartesian/ });
});

t.test('parallel imaging and bandwidth of the header', async (t) => {
  const more =
    '<parallelImaging><accelerationFactor><kspace_encoding_step_1>3</kspace_encoding_step_1>' +
    '<kspace_encoding_step_2>2</kspace_encoding_step_2></accelerationFactor>' +
    '<calibrationMode>embedded</calibrationMode></parallelImaging>';
  const xml = ismrmrdXml({
    encoded: [16, 8, 4],
    recon: [8, 8, 4],
    reconFov: [200, 200, 40],
    relativeReceiverNoiseBandwidth: 0.793,
    more,
  });
  const scan = await scanOf([{}], xml);
  t.teardown(() => scan.close());
  t.match(scan.header, {
    acceleration: { phase: 3, partition: 2 },
    calibrationMode: 'embedded',
    noiseBandwidthRatio: 0.793,
    centerPartition: 2,
    sliceThicknessMm: 10,
    system: 'CloudMR synthetic',
    fieldTesla: 3,
  });
});

t.test('another group than `dataset` is found', async (t) => {
  const bytes = readFileSync(fixture('shepp-logan-r2.h5'));
  // both names have seven letters and lie in the local heap of the root group
  const at = bytes.indexOf('dataset\0');
  bytes.write('measure', at, 'latin1');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(folder('renamed.h5'), bytes);
  const scan = await openRawScan(folder('renamed.h5'));
  t.equal(scan.index.length, 81);
  await scan.close();
});

t.test('a reader that computes for long between two readouts loses nothing', async (t) => {
  const path = folder('slow.h5');
  const writer = await createIsmrmrdWriter(path, XML);
  writer.append(Array.from({ length: 130 }, (_, i) => ({ samples: 16, coils: 2, data: testSamples(32, i) })));
  writer.close();
  const scan = await openRawScan(path, { decodeTimeoutMs: 500 });
  t.teardown(() => scan.close());
  let count = 0;
  for await (const _ of scan.readouts(() => true)) {
    const until = performance.now() + (count++ === 0 ? 1500 : 0);
    while (performance.now() < until) Math.sqrt(until);
  }
  t.equal(count, 130);
});
