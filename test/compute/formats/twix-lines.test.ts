/** Which lines of a TWIX file count as what, and what is done to their samples. */
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import { readAll, testSamples } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';
import { protocolTexts, type TwixTestLine, writeTwix } from '../../helpers/raw/twix-writer.ts';

const folder = temporaryFolder(t);
const texts = protocolTexts({ baseResolution: 8, lines: 8, dwellNs: 7000 });
const image = { samples: 16, coils: 2, centerLine: 4 };

for (const dialect of ['vb', 'vd'] as const) {
  t.test(`${dialect}: lines have the role that their flags give them`, async (t) => {
    const path = folder(`kinds-${dialect}.dat`);
    const lines: TwixTestLine[] = [
      { ...image, flags: ['NOISEADJSCAN'], line: 0 },
      { ...image, flags: ['SYNCDATA'], samples: 0, coils: 0, packetBytes: 1000 },
      { ...image, flags: ['ONLINE', 'PATREFSCAN'], line: 1 },
      { ...image, flags: ['ONLINE', 'PATREFANDIMASCAN'], line: 2 },
      { ...image, flags: ['ONLINE', 'PATREFSCAN', 'PATREFANDIMASCAN'], line: 3 },
      { ...image, flags: ['ONLINE', 'PHASCOR'], line: 4 },
      { ...image, flags: ['RTFEEDBACK'], line: 4 },
      { ...image, flags: ['HPFEEDBACK'], line: 4 },
      { ...image, flags: ['ONLINE', 'BIT60'], line: 4 },
      { ...image, line: 5, data: testSamples(32, 5) },
      { ...image, line: 6, data: testSamples(32, 6), packed: true },
    ];
    writeTwix(path, dialect, [{ name: 'gre', texts, lines }]);
    const scan = await openRawScan(path);
    t.teardown(() => scan.close());
    t.same(
      scan.index.map(({ kind, line }) => `${kind} ${line}`),
      [
        'noise 0',
        'calibration 1',
        'calibration_and_image 2',
        'calibration_and_image 3',
        'image 5',
        'image 6',
      ],
    );
    t.same(
      (await readAll(scan, ({ kind }) => kind === 'image')).map(({ data }) => data),
      [testSamples(32, 5), testSamples(32, 6)],
    );
    t.equal(scan.header.format, `twix-${dialect}`);
    t.equal(scan.header.trajectory, 'cartesian', 'phase-correction lines alone are no echo train');
  });

  t.test(`${dialect}: every counter is read`, async (t) => {
    const path = folder(`counters-${dialect}.dat`);
    const counters = {
      line: 3,
      average: 1,
      slice: 2,
      partition: 4,
      phase: 6,
      repetition: 7,
      set: 8,
      segment: 9,
    };
    writeTwix(path, dialect, [{ name: 'gre', texts, lines: [{ ...image, ...counters, echo: 5 }] }]);
    const scan = await openRawScan(path);
    t.teardown(() => scan.close());
    t.match(scan.index[0], { ...counters, contrast: 5, samples: 16, coils: 2, dwellMicroseconds: 7 });
    t.match(scan.header, { slices: 3, averages: 2, repetitions: 8, contrasts: 6 });
  });

  t.test(`${dialect}: reflected lines are turned round, cut-off samples left out`, async (t) => {
    const path = folder(`reflect-${dialect}.dat`);
    const data = testSamples(32, 1);
    const lines: TwixTestLine[] = [
      { ...image, flags: ['ONLINE', 'REFLECT'], line: 0, data },
      { ...image, cutOff: [3, 2], line: 1, data },
      { ...image, flags: ['ONLINE', 'REFLECT'], cutOff: [3, 2], line: 2, data },
    ];
    writeTwix(path, dialect, [{ name: 'gre', texts, lines }]);
    const scan = await openRawScan(path);
    t.teardown(() => scan.close());
    const complex = (from: Float32Array, coil: number): string[] =>
      Array.from({ length: from.length / 4 }, (_, i) => {
        const at = 2 * (coil * (from.length / 4) + i);
        return `${from[at]} ${from[at + 1]}`;
      });
    const [turned, cut, both] = await readAll(scan);
    for (const coil of [0, 1]) {
      t.same(complex(turned.data, coil), complex(data, coil).reverse());
      t.same(complex(cut.data, coil), complex(data, coil).slice(3, 14));
      t.same(complex(both.data, coil), complex(data, coil).slice(3, 14).reverse());
    }
    t.same(
      scan.index.map(({ samples, centerSample }) => [samples, centerSample]),
      [
        [16, 8],
        [11, 5],
        [11, 6],
      ],
    );
    t.equal(scan.header.encodedMatrix.x, 16, 'cut-off samples still have their place on the grid');
  });
}

t.test('noise lines of all measurements and image lines of the last one are indexed', async (t) => {
  const path = folder('multi.dat');
  const noise = (samples: number): TwixTestLine => ({ ...image, samples, flags: ['NOISEADJSCAN'] });
  writeTwix(path, 'vd', [
    { name: 'AdjCoilSens', texts, lines: [noise(256), { ...image, line: 1 }] },
    { name: 'AdjQuietCoilSens', texts, lines: [noise(256)] },
    { name: 'somewhere', texts, lines: [noise(256), noise(250)] },
    { name: 'gre', texts, lines: [noise(128), { ...image, line: 2 }] },
  ]);
  const scan = await openRawScan(path);
  t.teardown(() => scan.close());
  t.same(
    scan.index.map(({ kind, samples, dwellMicroseconds }) => [kind, samples, dwellMicroseconds]),
    [
      ['noise', 256, 5],
      ['noise', 256, 4],
      ['noise', 256, 30],
      ['noise', 250, 30.7],
      ['noise', 128, 60],
      ['image', 16, 7],
    ],
  );
});

t.test('the dwell time of noise-adjust lines depends on the system', async (t) => {
  const dwellOf = async (dialect: 'vb' | 'vd', protocol: { baseline?: string; software?: string }) => {
    const path = folder('dwell.dat');
    const lines: TwixTestLine[] = [{ ...image, samples: 256, flags: ['NOISEADJSCAN'] }, image];
    const system = protocolTexts({ baseResolution: 8, lines: 8, ...protocol });
    writeTwix(path, dialect, [{ name: 'gre', texts: system, lines }]);
    const scan = await openRawScan(path);
    await scan.close();
    return scan.header.noiseDwellMicroseconds;
  };
  t.equal(await dwellOf('vb', { baseline: 'N4_VB17A_LATEST_20090307' }), 1e6 / (130 * 256));
  t.equal(await dwellOf('vd', { baseline: 'N4_VD13A_LATEST' }), 30);
  t.equal(await dwellOf('vd', { software: 'syngo MR XA30' }), 5);
  t.equal(await dwellOf('vd', { baseline: 'NXVA30A' }), 5);
});

t.test('only wanted lines are read, in the order of the file', async (t) => {
  const path = folder('wanted.dat');
  // 20 MB with lines far apart and close together, so that blocks split and join
  const lines = Array.from({ length: 40 }, (_, line) => ({
    samples: 8192,
    coils: 8,
    line,
    data: testSamples(65_536, line),
  }));
  writeTwix(path, 'vd', [{ name: 'gre', texts: protocolTexts({ baseResolution: 4096, lines: 40 }), lines }]);
  const scan = await openRawScan(path);
  t.teardown(() => scan.close());
  const asked = [0, 1, 2, 9, 20, 21, 39];
  const got: number[] = [];
  for await (const { line, data } of scan.readouts(({ line }) => asked.includes(line))) {
    t.ok(Buffer.from(data.buffer).equals(Buffer.from(testSamples(65_536, line).buffer)), `line ${line}`);
    got.push(line);
  }
  t.same(got, asked);
});
