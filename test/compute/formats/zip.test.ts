import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { writeZip } from '../../../compute/formats/zip.ts';
import { readZip } from '../helpers/zip.ts';

t.test('the zip depends on names and contents only; size and checksum are those of the file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('a'), 'hello '.repeat(1000));
  writeFileSync(path('b'), Buffer.from([1, 2, 3]));
  const entries = [
    { name: 'info.json', path: path('a') },
    { name: 'data/SNR.nii.gz', path: path('b') },
  ];
  const first = await writeZip(path('1.zip'), entries);
  utimesSync(path('a'), 1, 1);
  const second = await writeZip(path('2.zip'), entries);
  const bytes = readFileSync(path('1.zip'));
  t.ok(bytes.equals(readFileSync(path('2.zip'))));
  t.same(first, second);
  const sha256 = createHash('sha256').update(bytes).digest();
  const [hex, base64] = [sha256.toString('hex'), sha256.toString('base64')];
  t.same(first, { sizeBytes: bytes.length, sha256: hex, checksumSHA256: base64 });
  const files = await readZip(path('1.zip'));
  t.same([...files.keys()], ['info.json', 'data/SNR.nii.gz']);
  t.equal(files.get('info.json')?.toString(), 'hello '.repeat(1000));
  t.ok(bytes.length < 500, 'text is deflated');
  t.ok(bytes.includes(Buffer.from([1, 2, 3])), 'packed files are stored as they are');
});

t.test('a file that is not there fails the zip', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await t.rejects(writeZip(join(folder, 'x.zip'), [{ name: 'a', path: join(folder, 'nowhere') }]), {
    code: 'ENOENT',
  });
});
