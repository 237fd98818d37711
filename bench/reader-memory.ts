/**
 * Speed and peak memory of the raw-data readers on large files, each read in a fresh process:
 * `node --import tsx bench/reader-memory.ts [MiB]` (1024). Files go to the temporary folder and are removed.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { costOfReading, writeLargeIsmrmrd, writeLargeTwix } from '../test/helpers/raw/measure.ts';

const bytes = Number(process.argv[2] ?? 1024) * 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'reader-memory-'));
const path = join(folder, 'raw');
const writers = {
  'TWIX VB': () => writeLargeTwix(path, bytes, 'vb'),
  'TWIX VD': () => writeLargeTwix(path, bytes, 'vd'),
  ISMRMRD: () => writeLargeIsmrmrd(path, bytes),
};
try {
  for (const [name, write] of Object.entries(writers)) {
    await write();
    const cost = await costOfReading(path);
    const gib = statSync(path).size / 2 ** 30;
    process.stdout.write(
      `${name}: ${gib.toFixed(2)} GiB, ${cost.readouts} readouts; index ${cost.openSeconds.toFixed(2)} s, ` +
        `read ${cost.readSeconds.toFixed(2)} s (${(gib / cost.readSeconds).toFixed(2)} GiB/s), ` +
        `peak ${cost.peakRssMiB.toFixed(0)} MiB\n`,
    );
    rmSync(path);
  }
} finally {
  rmSync(folder, { recursive: true });
}
