/**
 * The TWIX reader against BART 0.8.00, sample for sample: the sums are SHA-256 of the `.cfl` that
 * `bart twixread -A FILE out` wrote. Where `bart` is installed it is run again.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { openRawScan } from '../../../compute/formats/open.ts';
import { asBartArray, fixture, sha256, testSamples } from '../../helpers/raw/samples.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';
import { protocolTexts, writeTwix } from '../../helpers/raw/twix-writer.ts';

/** The same 32 lines of 64 samples and 4 coils as VB and as VD file. */
function writeSynthetic(path: string, dialect: 'vb' | 'vd'): void {
  const lines = Array.from({ length: 32 }, (_, line) => ({
    samples: 64,
    coils: 4,
    line,
    centerLine: 16,
    data: testSamples(256, line),
  }));
  writeTwix(path, dialect, [{ name: 'gre', texts: protocolTexts({ baseResolution: 32, lines: 32 }), lines }]);
}

function bartAvailable(): boolean {
  try {
    execFileSync('bart', ['version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

const folder = temporaryFolder(t);
writeSynthetic(folder('vb.dat'), 'vb');
writeSynthetic(folder('vd.dat'), 'vd');
const SYNTHETIC = '7193cbf9d731371b6186ca8069f4c8cdeb3aba1704c0d89c8d1a9e0eddbdcff3';
const cases = [
  ['gre.dat', fixture('gre.dat'), 'adca0d21d5f24f8a8bd3322bb4f89b97e2b98dd8f942d8a858286bd503ed047c'],
  ['multi.dat', fixture('multi.dat'), 'adca0d21d5f24f8a8bd3322bb4f89b97e2b98dd8f942d8a858286bd503ed047c'],
  ['noise.dat', fixture('noise.dat'), '8330b1d00c8a3bedddf26d1bc94ae3100cbc3c204cabbb08a83e64300b9af9b1'],
  ['synthetic VB', folder('vb.dat'), SYNTHETIC],
  ['synthetic VD', folder('vd.dat'), SYNTHETIC],
] as const;
const runBart = bartAvailable();

for (const [name, path, sum] of cases) {
  t.test(`${name}: the image lines are those that BART reads`, async (t) => {
    const scan = await openRawScan(path);
    t.teardown(() => scan.close());
    const ours = await asBartArray(scan);
    t.equal(sha256(ours), sum);
    if (!runBart) return;
    execFileSync('bart', ['twixread', '-A', path, folder('out')], { stdio: 'ignore' });
    const cfl = readFileSync(folder('out.cfl'));
    t.ok(cfl.equals(Buffer.from(ours.buffer)), 'equal to a fresh run of BART');
  });
}
