/** What the console reads without a server: zips, NIfTI, checksums, statistics; against independent writers. */
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import yazl from 'yazl';
import { encodeNiftiGz } from '../../compute/formats/nifti.ts';
import { md5 } from '../../console/upload/md5.ts';
import { readNifti } from '../../console/viewer/nifti.ts';
import { ellipse, goodWindow, histogramOf, regionStatistics } from '../../console/viewer/statistics.ts';
import { openZip } from '../../console/viewer/zip.ts';
import { fc } from '../helpers/fast-check.ts';

async function zipped(files: Record<string, Buffer>, options: object = {}): Promise<ArrayBuffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(content, name, options);
  zip.end({ forceZip64Format: 'forceZip64Format' in options, comment: '' });
  const bytes = await buffer(zip.outputStream);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

t.test('zips: packed, stored, of the large format', async (t) => {
  const files = { 'info.json': Buffer.from('{"data":[]}'), 'data/Größe.bin': randomBytes(70_000) };
  for (const options of [{}, { compress: false }, { forceZip64Format: true }]) {
    const opened = openZip(await zipped(files, options));
    t.same([...opened.keys()], Object.keys(files));
    for (const [name, content] of Object.entries(files)) {
      const file = opened.get(name);
      t.equal(file?.size, content.length);
      t.ok(content.equals(Buffer.from((await file?.read()) ?? [])), `${name} ${JSON.stringify(options)}`);
    }
  }
});

t.test('what is no zip, or one cut short, is refused in words', async (t) => {
  const whole = await zipped({ a: randomBytes(5_000) });
  t.throws(() => openZip(new ArrayBuffer(0)), /not a zip/);
  t.throws(() => openZip(whole.slice(0, 4_000)), /not a zip/);
  const damaged = new Uint8Array(whole.slice(0));
  damaged.fill(0, 40, 2_000);
  await t.rejects(async () => openZip(damaged.buffer).get('a')?.read());
});

t.test('NIfTI of the worker: real values as they are, complex ones as their modulus', async (t) => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i / 3);
  const file = await encodeNiftiGz({
    data,
    complex: false,
    dims: [4, 3, 2],
    spacingMm: [2, 1.5, 5],
    affine: undefined,
    description: 'test',
  });
  const real = await readNifti(new Uint8Array(file));
  t.same(real.dims, [4, 3, 2]);
  t.same(real.spacingMm, [2, 1.5, 5]);
  t.same([...real.data], [...data]);
  const pairs = Float32Array.from([3, 4, -5, 12, 0, 0, 8, -15]);
  const complex = await encodeNiftiGz({
    data: pairs,
    complex: true,
    dims: [2, 2, 1],
    spacingMm: [1, 1, 1],
    affine: undefined,
    description: 'test',
  });
  const read = await readNifti(new Uint8Array(complex));
  t.same([...read.data], [5, 13, 0, 17]);
  t.ok(read.complex);
  t.same([...(await readNifti(new Uint8Array(read.bytes))).data], [5, 13, 0, 17], 'and as a file of its own');
  await t.rejects(readNifti(new Uint8Array(400)), /not a NIfTI/);
});

t.test('MD5 is that of Node for every length', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const expected = createHash('md5').update(bytes).digest('hex');
      return Buffer.from(md5(bytes)).toString('hex') === expected;
    }),
  );
  const large = randomBytes(1_000_003);
  t.equal(Buffer.from(md5(large)).toString('hex'), createHash('md5').update(large).digest('hex'));
});

t.test('statistics of a region: of a sample, without what is not a number', async (t) => {
  const values = [2, 4, 4, 4, 5, 5, 7, 9, Number.NaN, 100];
  const inside = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0];
  const found = regionStatistics(values, inside);
  t.match(found, { pixels: 8, mean: 5, median: 4.5, minimum: 2, maximum: 9 });
  t.ok(Math.abs((found?.deviation ?? 0) - Math.sqrt(32 / 7)) < 1e-12);
  t.equal(regionStatistics(values, []), undefined);
});

t.test('an ellipse has the area of one, in one slice', async (t) => {
  const inside = ellipse([101, 81, 3], { x: 50, y: 40, z: 1, width: 60, height: 40 });
  const area = inside.reduce((sum, value) => sum + value, 0);
  t.ok(Math.abs(area / (Math.PI * 30 * 20) - 1) < 0.01, `${area}`);
  t.equal(
    inside.subarray(0, 101 * 81).reduce((a, b) => a + b, 0),
    0,
  );
  t.equal(ellipse([4, 4, 1], { x: 1, y: 1, z: 5, width: 2, height: 2 }).includes(1), false);
});

t.test('histogram and window leave out what was never computed', async (t) => {
  const values = [...new Array(900).fill(0), ...Array.from({ length: 1_000 }, (_, i) => i + 1)];
  const { counts, low, high } = histogramOf(values, 10);
  t.equal(
    counts.reduce((a, b) => a + b, 0),
    1_000,
  );
  t.same([low, high], [0, 1_000]);
  const [from, to] = goodWindow(values);
  t.equal(from, 0);
  t.ok(to >= 995 && to < 997, `${to}`);
  t.same(goodWindow([0, 0]), [0, 1]);
});
