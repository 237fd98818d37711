/** Real Siemens VE11 files: what the header says, which files are fit for SNR, where the slice lies. */
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import type { SlicePosition } from '../../../compute/formats/scan.ts';
import { mustBeCartesian } from '../../../compute/mr/cartesian.ts';
import { fixture, readAll } from '../../helpers/raw/samples.ts';

t.test('gre.dat: a fully sampled gradient echo', async (t) => {
  const scan = await openRawScan(fixture('gre.dat'));
  t.teardown(() => scan.close());
  t.match(scan.header, {
    format: 'twix-vd',
    coils: 2,
    encodedMatrix: { x: 320, y: 160, z: 1 },
    reconMatrix: { x: 160, y: 160, z: 1 },
    encodedFovMm: { x: 400, y: 200, z: 4 },
    reconFovMm: { x: 200, y: 200, z: 4 },
    readoutOversampling: 2,
    centerLine: 80,
    centerPartition: 0,
    slices: 1,
    averages: 1,
    repetitions: 1,
    contrasts: 1,
    acceleration: { phase: 1, partition: 1 },
    calibrationMode: 'none',
    simultaneousSlices: 1,
    trajectory: 'cartesian',
    rampSampling: false,
    protocol: 'gre',
    system: 'SIEMENS Skyra syngo MR E11',
    fieldTesla: 2.89362,
    sliceThicknessMm: 4,
    imageDwellMicroseconds: 11.6,
    noiseDwellMicroseconds: undefined,
  });
  t.same(scan.warnings, []);
  t.equal(scan.index.length, 160);
  t.same(
    scan.index.map(({ line }) => line),
    Array.from({ length: 160 }, (_, line) => line),
  );
  t.ok(scan.index.every(({ kind, samples, coils }) => kind === 'image' && samples === 320 && coils === 2));
  t.ok(
    scan.index.every(
      ({ centerSample, dwellMicroseconds }) => centerSample === 160 && dwellMicroseconds === 11.6,
    ),
  );
  mustBeCartesian(scan.header);
});

t.test('the echo of gre.dat lies at the centre of k-space', async (t) => {
  const scan = await openRawScan(fixture('gre.dat'));
  t.teardown(() => scan.close());
  let peak = { energy: 0, line: -1, sample: -1 };
  for (const { line, data } of await readAll(scan)) {
    for (let sample = 0; sample < 320; sample++) {
      const energy = data[2 * sample] ** 2 + data[2 * sample + 1] ** 2;
      if (energy > peak.energy) peak = { energy, line, sample };
    }
  }
  t.ok(Math.abs(peak.line - scan.header.centerLine) <= 1, `line ${peak.line}`);
  t.ok(Math.abs(peak.sample - 160) <= 2, `sample ${peak.sample}`);
});

t.test('the slice of gre.dat is the one of its protocol', async (t) => {
  const scan = await openRawScan(fixture('gre.dat'));
  t.teardown(() => scan.close());
  const position = scan.slicePositions[0] as SlicePosition;
  const close = (got: readonly number[], wanted: readonly number[]): boolean =>
    got.every((value, i) => Math.abs(value - wanted[i]) < 1e-5);
  // sSliceArray.asSlice[0].sPosition and .sNormal of the file
  t.ok(close(position.centerMm, [-2.5896999, 53.9224264, -53.9994745]), `${position.centerMm}`);
  t.ok(close(position.sliceDirection, [0, 0.0383878015, 0.9992629886]), `${position.sliceDirection}`);
  const { readDirection: r, phaseDirection: p, sliceDirection: s } = position;
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, v, i) => sum + v * b[i], 0);
  t.ok(Math.abs(dot(r, p)) + Math.abs(dot(p, s)) + Math.abs(dot(r, s)) < 1e-6, 'orthogonal');
  t.same((await readAll(scan, (_, place) => place === 7))[0].position, position);
});

t.test('multi.dat: the noise of its first measurement is found beside the image of its last', async (t) => {
  const scan = await openRawScan(fixture('multi.dat'));
  t.teardown(() => scan.close());
  const noise = scan.index.filter(({ kind }) => kind === 'noise');
  t.equal(noise.length, 160);
  t.equal(scan.index.filter(({ kind }) => kind === 'image').length, 160);
  t.equal(scan.header.noiseDwellMicroseconds, 24, 'trunc(76800 / 320) / 10');
  t.equal(noise[0].dwellMicroseconds, 24);
  t.equal(scan.header.imageDwellMicroseconds, 11.6);
  mustBeCartesian(scan.header);
});

t.test('noise.dat: a scan without RF has image lines that hold noise', async (t) => {
  const scan = await openRawScan(fixture('noise.dat'));
  t.teardown(() => scan.close());
  t.equal(scan.index.filter(({ kind }) => kind === 'image').length, 160);
  t.equal(scan.header.imageDwellMicroseconds, 11.6);
});

t.test('epi.dat: is read, and refused by name', async (t) => {
  const scan = await openRawScan(fixture('epi.dat'));
  t.teardown(() => scan.close());
  t.equal(scan.index.length, 80, 'without its three phase-correction lines');
  t.equal(scan.header.trajectory, 'epi');
  t.equal(scan.header.rampSampling, true);
  t.throws(() => mustBeCartesian(scan.header), {
    code: 'unsupported_sequence',
    message: /ep2d_bold.*echo-planar \(EPI\).*ramps/,
    remedy: /gradient/,
  });
  const [first, second] = await readAll(scan, (_, place) => place < 2);
  const energyCenter = ({ data }: { data: Float32Array }): number => {
    let sum = 0;
    let weighted = 0;
    for (let i = 0; i < 160; i++) {
      const energy = data[2 * i] ** 2 + data[2 * i + 1] ** 2;
      sum += energy;
      weighted += i * energy;
    }
    return weighted / sum;
  };
  t.ok(
    Math.abs(energyCenter(first) - energyCenter(second)) < 8,
    'the second, reflected line is turned round',
  );
});
