/** Reading is streamed: five times the file does not take more memory. See bench/reader-memory.ts for 1 GiB. */
import { rmSync } from 'node:fs';
import t from 'tap';
import {
  costOfReading,
  type ReadCost,
  writeLargeIsmrmrd,
  writeLargeTwix,
} from '../../helpers/raw/measure.ts';
import { temporaryFolder } from '../../helpers/raw/temporary.ts';

const MIB = 2 ** 20;
const SMALL = 16 * MIB;
const LARGE = 80 * MIB;
/** What the peak may differ by, with garbage that is not collected yet; a reader that keeps all would differ by 64. */
const ALLOWED_MIB = 45;

const folder = temporaryFolder(t);
const writers = {
  'twix-vd': (path: string, bytes: number) => writeLargeTwix(path, bytes, 'vd'),
  ismrmrd: writeLargeIsmrmrd,
};

for (const [format, write] of Object.entries(writers)) {
  t.test(format, async (t) => {
    const costs: ReadCost[] = [];
    for (const bytes of [SMALL, LARGE]) {
      await write(folder('raw'), bytes);
      costs.push(await costOfReading(folder('raw')));
      rmSync(folder('raw'));
    }
    const [small, large] = costs;
    t.equal(small.bytes, SMALL);
    t.equal(large.bytes, LARGE);
    const growth = large.peakRssMiB - small.peakRssMiB;
    t.ok(growth < ALLOWED_MIB, `${small.peakRssMiB.toFixed(0)} -> ${large.peakRssMiB.toFixed(0)} MiB`);
  });
}
