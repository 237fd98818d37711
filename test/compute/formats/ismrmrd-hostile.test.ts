/** Damaged and malicious HDF5 files: a WorkerError within seconds; the process and other files are safe. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { File, ready } from 'h5wasm/node';
import t from 'tap';
import { WorkerError } from '../../../compute/errors.ts';
import { openRawScan } from '../../../compute/formats/open.ts';
import { fc } from '../../helpers/fast-check.ts';
import { createIsmrmrdWriter, ismrmrdXml, type TestAcquisition } from '../../helpers/raw/ismrmrd-writer.ts';
import { fixture, readAll, testSamples } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';

/** What is refused within 5 s on an idle machine is given twice that. */
const PATIENCE_MS = 10_000;

const folder = temporaryFolder(t);
const XML = ismrmrdXml({ encoded: [16, 8, 1], recon: [8, 8, 1], coils: 2 });

async function write(name: string, xml: string, acquisitions: Partial<TestAcquisition>[]): Promise<string> {
  const writer = await createIsmrmrdWriter(folder(name), xml);
  writer.append(
    acquisitions.map((acquisition) => ({ samples: 16, coils: 2, data: testSamples(32, 0), ...acquisition })),
  );
  writer.close();
  return folder(name);
}

t.test('the HDF5 library never ends on this file; the reader does', async (t) => {
  const started = performance.now();
  await t.rejects(openRawScan(fixture('endless.h5'), { decodeTimeoutMs: 1500 }), {
    code: 'input_unreadable',
    message: /found no end within 1.5 s/,
  });
  t.ok(performance.now() - started < PATIENCE_MS);
  const scan = await openRawScan(fixture('shepp-logan-r2.h5'));
  t.equal((await readAll(scan)).length, 81, 'the next file is read by a new thread');
  await scan.close();
});

t.test('HDF5 files that are no ISMRMRD', async (t) => {
  await ready;
  const other = new File(folder('other.h5'), 'w');
  other.create_dataset({ name: 'weights', data: new Float32Array(4) });
  other.create_group('model');
  other.close();
  await t.rejects(openRawScan(folder('other.h5')), {
    code: 'input_unreadable',
    message: /not ISMRMRD.*`data` and `xml`.*weights/,
  });

  const layout = new File(folder('layout.h5'), 'w');
  const group = layout.create_group('dataset');
  group.create_dataset({ name: 'data', data: new Float32Array(4) });
  group.create_dataset({ name: 'xml', data: [XML] });
  layout.close();
  await t.rejects(openRawScan(folder('layout.h5')), {
    code: 'input_unreadable',
    message: /not ISMRMRD.*data/,
  });
});

t.test('a missing or differently named field of the acquisitions is named', async (t) => {
  const bytes = readFileSync(fixture('shepp-logan-r2.h5'));
  bytes.write('active_chunnels', bytes.indexOf('active_channels'), 'latin1');
  writeFileSync(folder('field.h5'), bytes);
  await t.rejects(openRawScan(folder('field.h5')), {
    code: 'input_unreadable',
    message: /'active_channels' of its acquisitions is missing/,
  });
});

t.test('acquisitions that contradict themselves', async (t) => {
  const cases: [Partial<TestAcquisition>, RegExp][] = [
    [{ coils: 0 }, /acquisition 2: it claims 0 coils/],
    [{ samples: 0, data: new Float32Array(0) }, /2 coils with 0 samples/],
    [{ samples: 17 }, /2 coils with 17 samples each and holds 32 complex numbers/],
    [{ coils: 65_535 }, /65535 coils/],
    [{ discardPre: 10, discardPost: 6 }, /discards all/],
    [{ line: 65_535 }, /k-space grid/],
  ];
  for (const [acquisition, message] of cases) {
    const path = await write('contradiction.h5', XML, [{}, acquisition]);
    await t.rejects(openRawScan(path), { code: 'input_unreadable', message }, message.source);
  }
});

t.test('a claimed billion of acquisitions is refused before any is read', async (t) => {
  const path = await write('many.h5', XML, [{}]);
  const hdf5 = await ready;
  const file = new File(path, 'a');
  hdf5.resize_dataset(file.file_id, '/dataset/data', [1_000_000_000n]);
  file.close();
  const started = performance.now();
  await t.rejects(openRawScan(path), { code: 'input_unreadable', message: /claims 1000000000 acquisitions/ });
  t.ok(performance.now() - started < PATIENCE_MS);
});

t.test('a file without acquisitions', async (t) => {
  const path = await write('none.h5', XML, [{ flags: [23] }]);
  await t.rejects(openRawScan(path), { code: 'input_unreadable', message: /neither image nor noise/ });
});

t.test('header texts', async (t) => {
  const cases: [string, RegExp][] = [
    ['', /encoding/],
    ['not XML', /encoding/],
    ['<ismrmrdHeader><encoding></ismrmrdHeader>', /./],
    ['<ismrmrdHeader><encoding></encoding></ismrmrdHeader>', /encoding/],
    ['<!DOCTYPE a [<!ENTITY x "y">]><ismrmrdHeader/>', /document type/],
    [XML.replace('<x>16</x>', '<x>1000000000</x>'), /1000000000 x 8 x 1, which cannot be/],
    [XML.replace('<x>16</x>', '<x>-16</x>'), /-16 x 8 x 1/],
    [XML.replace('<x>16</x>', '<x>NaN</x>'), /0 x 8 x 1/],
    [`<ismrmrdHeader>${'<encoding>'.repeat(100_000)}</ismrmrdHeader>`, /./],
  ];
  for (const [xml, message] of cases) {
    const started = performance.now();
    const path = await write('header.h5', xml, [{}]);
    await t.rejects(openRawScan(path), { code: 'input_unreadable', message }, xml.slice(0, 60));
    t.ok(performance.now() - started < PATIENCE_MS);
  }
});

t.test('links to other files lead nowhere', async (t) => {
  copyFileSync(fixture('shepp-logan-r2.h5'), folder('target.h5'));
  await ready;
  const linking = new File(folder('linking.h5'), 'w');
  linking.create_external_link(folder('target.h5'), '/dataset', 'dataset');
  linking.close();
  await t.rejects(openRawScan(folder('linking.h5')), { code: 'input_unreadable', message: /not ISMRMRD/ });
});

t.test('a truncated file', async (t) => {
  const whole = readFileSync(fixture('brain16.h5'));
  for (const length of [100, 4000, 100_000, whole.length - 10_000]) {
    writeFileSync(folder('short.h5'), whole.subarray(0, length));
    await t.rejects(openRawScan(folder('short.h5')), {
      code: 'input_unreadable',
      message: /damaged|incomplete/,
    });
  }
});

t.test('any damage ends in readouts or in a WorkerError', async (t) => {
  const lines = Array.from({ length: 10 }, (_, i) => ({
    flags: i < 2 ? [19] : [],
    line: Math.max(0, i - 2),
  }));
  const whole = readFileSync(await write('fuzz.h5', XML, lines));
  const damage = fc.record({
    flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    length: fc.option(fc.nat(whole.length), { nil: whole.length, freq: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ flips, length }) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of flips) bytes[at] = value;
      writeFileSync(folder('fuzzed.h5'), bytes.subarray(0, length));
      try {
        const scan = await openRawScan(folder('fuzzed.h5'), { decodeTimeoutMs: 2000 });
        try {
          await readAll(scan);
        } finally {
          await scan.close();
        }
      } catch (error) {
        if (!(error instanceof WorkerError) || error.code !== 'input_unreadable') throw error;
      }
    }),
    { numRuns: 60 },
  );
  t.pass('60 runs');
});
