/** Whole runs from file to result, each in a fresh process: peak memory, and two threads against one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshRun, taskFor } from './fresh-run.ts';
import type { Row } from './measure.ts';
import { median, rowOf } from './measure.ts';
import { type ScanSize, writeIsmrmrdScan, writeScan } from './scan-file.ts';

const AGREES = { accuracy: '', agrees: true };
const GRAPPA = { decimate: true, accelerations: [1, 2], acl: [24, 24], kernelSize: [4, 4] };
const THREAD_ROUNDS = 3;

/** A scan file that lives as long as `work`. */
async function withScan<T>(
  size: ScanSize,
  work: (path: string) => Promise<T>,
  write: (path: string, size: ScanSize) => unknown = writeScan,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-scan-'));
  try {
    const path = join(folder, 'scan.dat');
    await write(path, size);
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Peak memory; "other" is what is allowed. */
export async function memoryRows(): Promise<Row[]> {
  const one = { coils: 32, lines: 256, columns: 256, slices: 1 };
  const many = { coils: 32, lines: 320, columns: 320, slices: 64 };
  const row = (name: string, ours: number, other: number): Row =>
    rowOf({ name, ours, other, floor: 1, unit: 'MiB', ...AGREES });
  const grappa = await withScan(one, (path) => freshRun(path, taskFor('ac', 'grappa', {}, GRAPPA), 2, true));
  const volume = await withScan(many, async (path) => [
    await freshRun(path, taskFor('ac', 'rss'), 2),
    await freshRun(path, taskFor('ac', 'grappa', {}, GRAPPA), 2, true),
  ]);
  /** 32 MiB a slice. */
  const gibibyte = { coils: 32, lines: 256, columns: 256, slices: 32 };
  const plain = (path: string) => freshRun(path, taskFor('ac', 'rss'), 2);
  const twix = await withScan(gibibyte, plain);
  const ismrmrd = await withScan(gibibyte, plain, writeIsmrmrdScan);
  return [
    row('Peak memory, AC RSS, 1 GiB of TWIX', twix.peakMiB, 600),
    row('Peak memory, AC RSS, 1 GiB of ISMRMRD', ismrmrd.peakMiB, 600),
    row('Peak memory, AC GRAPPA, 256 x 256 x 32 coils', grappa.peakMiB, 500),
    row('Peak memory, AC RSS, 64 slices of 320 x 320 x 32 coils', volume[0].peakMiB, 1024),
    row('Peak memory, AC GRAPPA, 64 slices of 320 x 320 x 32 coils', volume[1].peakMiB, 1024),
  ];
}

/** Wall time from the first slice to the last with one thread over that with two. */
export async function threadRows(): Promise<Row[]> {
  const size = { coils: 16, lines: 256, columns: 256, slices: 8 };
  return withScan(size, async (path) => {
    const rows: Row[] = [];
    for (const [what, options] of [
      ['PMR RSS exact, NR 128', { NR: 128, replicaMode: 'exact' }],
      ['PMR RSS, NR 4000', { NR: 4000 }],
    ] as const) {
      const task = taskFor('pmr', 'rss', options);
      const [one, two]: [number[], number[]] = [[], []];
      for (let round = 0; round < THREAD_ROUNDS; round++) {
        one.push((await freshRun(path, task, 1)).solveSeconds);
        two.push((await freshRun(path, task, 2)).solveSeconds);
      }
      rows.push(
        rowOf({
          name: `${what}, 8 slices, two threads against one`,
          ours: median(two),
          other: median(one),
          floor: 1.8,
          unit: 's',
          ...AGREES,
        }),
      );
    }
    return rows;
  });
}
