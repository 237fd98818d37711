/** Truncated, damaged and malicious TWIX files: a WorkerError that says what is wrong, soon and cheaply. */
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import t from 'tap';
import { WorkerError } from '../../../compute/errors.ts';
import { openRawScan } from '../../../compute/formats/open.ts';
import { fc } from '../../helpers/fast-check.ts';
import { fixture, readAll, testSamples } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';
import { lineBytes, measurementHeader, protocolTexts, writeTwix } from '../../helpers/raw/twix-writer.ts';

const folder = temporaryFolder(t);
const texts = protocolTexts({ baseResolution: 8, lines: 8 });
const lines = Array.from({ length: 8 }, (_, line) => ({
  samples: 16,
  coils: 2,
  line,
  centerLine: 4,
  data: testSamples(32, line),
}));
const HEADER = 10_240;
const LINE = { vb: 2 * (128 + 8 * 16), vd: 192 + 2 * (32 + 8 * 16) };

/** Time that this process computed: unlike the clock it does not depend on what else the machine does. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A small file as bytes, to be damaged. */
function smallFile(dialect: 'vb' | 'vd', endMark = true): Buffer {
  writeTwix(folder('small'), dialect, [{ name: 'gre', texts, lines, endMark }]);
  return readFileSync(folder('small'));
}

async function refusal(bytes: Buffer): Promise<{ code: string; message: string; milliseconds: number }> {
  const path = folder('hostile.dat');
  writeFileSync(path, bytes);
  const started = cpuMilliseconds();
  try {
    const scan = await openRawScan(path);
    await scan.close();
    return { code: 'accepted', message: '', milliseconds: 0 };
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    return { code: error.code, message: error.message, milliseconds: cpuMilliseconds() - started };
  }
}

t.test('a truncated VB file says in which line it ends and how much is missing', async (t) => {
  const whole = smallFile('vb');
  t.match(await refusal(whole.subarray(0, HEADER + 3 * LINE.vb + 200)), {
    code: 'input_unreadable',
    message: `truncated: it ends within line 4, at least ${LINE.vb - 200} bytes are missing`,
  });
  t.match(await refusal(whole.subarray(0, HEADER + 3 * LINE.vb + 100)), {
    message: 'truncated: it ends within line 4, at least 28 bytes are missing',
  });
});

t.test('a truncated VD file is noticed by its table of measurements', async (t) => {
  const whole = smallFile('vd');
  t.match(await refusal(whole.subarray(0, whole.length - 1000)), {
    code: 'input_unreadable',
    message: 'measurement 1 of 1 ends 1000 bytes behind the end of the file',
  });
  const real = readFileSync(fixture('gre.dat'));
  t.match(await refusal(real.subarray(0, 1_000_000)), {
    message: 'ends 656864 bytes behind the end of the file',
  });
  t.match(await refusal(real.subarray(0, 5000)), { code: 'input_unreadable' });
});

t.test('whole lines without an end mark are accepted with a warning', async (t) => {
  const path = folder('stopped.dat');
  for (const dialect of ['vb', 'vd'] as const) {
    writeFileSync(path, smallFile(dialect, false));
    const scan = await openRawScan(path);
    t.equal((await readAll(scan)).length, 8);
    t.match(scan.warnings, [/no end mark/]);
    await scan.close();
  }
  const open = smallFile('vd', false);
  open.writeBigUInt64LE(0n, 8 + 16);
  writeFileSync(path, open);
  const scan = await openRawScan(path);
  t.match(scan.warnings, [/length is not known/]);
  await scan.close();
});

t.test('headers that cannot be are refused', async (t) => {
  const damaged = (dialect: 'vb' | 'vd', damage: (bytes: Buffer) => void): Buffer => {
    const bytes = smallFile(dialect);
    damage(bytes);
    return bytes;
  };
  const first = HEADER + HEADER;
  const cases: [string, Buffer, RegExp][] = [
    ['zero coils', damaged('vd', (b) => b.writeUInt16LE(0, first + 50)), /line 1: it claims 0 coils/],
    ['zero samples', damaged('vd', (b) => b.writeUInt16LE(0, first + 48)), /2 coils with 0 samples/],
    ['absurd coils', damaged('vd', (b) => b.writeUInt16LE(65_535, first + 50)), /65535 coils/],
    ['another length', damaged('vd', (b) => b.writeUInt16LE(17, first + 48)), /does not fit 2 coils with 17/],
    ['cut off', damaged('vd', (b) => b.writeUInt16LE(16, first + 80)), /discards all/],
    ['header length', damaged('vd', (b) => b.writeUInt32LE(0xffffffff, HEADER)), /claims 4294967295 bytes/],
    ['many texts', damaged('vd', (b) => b.writeUInt32LE(65, HEADER + 4)), /./],
    ['text length', damaged('vd', (b) => b.writeUInt32LE(0x7fffffff, HEADER + 15)), /text 1 of 6/],
    ['offset', damaged('vd', (b) => b.writeBigUInt64LE(2n ** 63n, 8 + 8)), /./],
    ['length', damaged('vd', (b) => b.writeBigUInt64LE(2n ** 62n, 8 + 16)), /behind the end of the file/],
    ['VB header length', damaged('vb', (b) => b.writeUInt32LE(0xfffffff0, 0)), /4294967280 bytes/],
    ['grid', damaged('vd', (b) => b.writeUInt16LE(65_535, first + 52)), /k-space grid/],
    [
      'packet that never ends',
      damaged('vd', (b) => {
        b.writeUInt32LE(0, first);
        b.writeBigUInt64LE(1n << 5n, first + 40);
      }),
      /claims a length of 0 bytes/,
    ],
  ];
  for (const [name, bytes, message] of cases) {
    const { code, message: got, milliseconds } = await refusal(bytes);
    t.equal(code, 'input_unreadable', name);
    t.match(got, message, name);
    t.ok(milliseconds < 1000, `${name}: ${milliseconds.toFixed(0)} ms`);
  }
});

t.test('measurements that lie on top of each other do no harm', async (t) => {
  const bytes = smallFile('vd');
  bytes.writeUInt32LE(64, 4);
  for (let i = 1; i < 64; i++) bytes.copy(bytes, 8 + 152 * i, 8, 8 + 152);
  const path = folder('overlapping.dat');
  writeFileSync(path, bytes);
  const scan = await openRawScan(path);
  t.equal(scan.index.length, 8);
  await scan.close();
});

t.test('a file of nothing but tiny lines is refused at a million', async (t) => {
  const path = folder('many.dat');
  const fd = openSync(path, 'w');
  writeSync(fd, measurementHeader(texts));
  const line = lineBytes('vb', { samples: 1, coils: 1 }, 1);
  const block = Buffer.concat(Array.from({ length: 10_000 }, () => line));
  for (let i = 0; i < 101; i++) writeSync(fd, block);
  const started = cpuMilliseconds();
  await t.rejects(openRawScan(path), { code: 'input_unreadable', message: /more than 1000000 readouts/ });
  const spent = cpuMilliseconds() - started;
  t.ok(spent < 5000, `${spent.toFixed(0)} ms`);
});

t.test('a file without image and noise lines is refused', async (t) => {
  writeTwix(folder('none.dat'), 'vd', [{ name: 'gre', texts, lines: [] }]);
  await t.rejects(openRawScan(folder('none.dat')), {
    code: 'input_unreadable',
    message: /neither image nor noise/,
  });
});

t.test('any damage ends in readouts or in a WorkerError', async (t) => {
  for (const dialect of ['vb', 'vd'] as const) {
    const whole = smallFile(dialect);
    const path = folder(`fuzz-${dialect}.dat`);
    const position = fc.oneof(
      fc.integer({ min: 0, max: whole.length - 1 }),
      fc.integer({ min: whole.length - 8 * LINE[dialect] - 600, max: whole.length - 1 }),
      fc.integer({ min: 0, max: 200 }),
    );
    const damage = fc.record({
      flips: fc.array(fc.tuple(position, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
      length: fc.option(fc.integer({ min: 0, max: whole.length }), { nil: whole.length, freq: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ flips, length }) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of flips) bytes[at] = value;
        writeFileSync(path, bytes.subarray(0, length));
        try {
          const scan = await openRawScan(path);
          try {
            await readAll(scan);
          } finally {
            await scan.close();
          }
        } catch (error) {
          if (!(error instanceof WorkerError) || error.code !== 'input_unreadable') throw error;
        }
      }),
      { numRuns: 600 },
    );
    t.pass(dialect);
  }
});
