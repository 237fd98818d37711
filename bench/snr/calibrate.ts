/**
 * `node --import tsx bench/snr/calibrate.ts`: the estimate of compute/run-cost.ts against runs in fresh processes on one
 * thread, in CPU seconds and peak memory. With facts from the header, and from the size of the file alone.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunCost, runCost, type SignalFacts } from '../../compute/run-cost.ts';
import { parseTask } from '../../compute/task.ts';
import { freshRun, taskFor } from './fresh-run.ts';
import { type ScanSize, writeScan } from './scan-file.ts';

const TWOFOLD = { decimate: true, accelerations: [1, 2], acl: [24, 24] };
const SENSITIVITIES = (sensitivityMapMethod: string) => ({
  sensitivityMap: { options: { sensitivityMapMethod, mask: { method: 'no' } } },
});
const SMALL: ScanSize = { coils: 8, columns: 128, lines: 128, slices: 2 };
const USUAL: ScanSize = { coils: 16, columns: 256, lines: 256, slices: 2 };
const LARGE: ScanSize = { coils: 32, columns: 256, lines: 256, slices: 8 };

const CASES: readonly [what: string, size: ScanSize, task: object][] = [
  ['AC RSS, small', SMALL, taskFor('ac', 'rss')],
  ['AC RSS', USUAL, taskFor('ac', 'rss')],
  ['AC RSS, large', LARGE, taskFor('ac', 'rss')],
  ['AC B1, walsh', USUAL, taskFor('ac', 'b1', {}, SENSITIVITIES('walsh'))],
  ['AC B1, ESPIRiT maps', USUAL, taskFor('ac', 'b1', {}, SENSITIVITIES('espirit'))],
  ['AC SENSE R = 2', USUAL, taskFor('ac', 'sense', {}, TWOFOLD)],
  ['AC GRAPPA R = 2', USUAL, taskFor('ac', 'grappa', {}, TWOFOLD)],
  ['AC GRAPPA R = 2, all lines', USUAL, taskFor('ac', 'grappa', {}, { ...TWOFOLD, acl: [null, null] })],
  ['AC GRAPPA R = 2, large', LARGE, taskFor('ac', 'grappa', {}, TWOFOLD)],
  ['PMR RSS, NR 128', USUAL, taskFor('pmr', 'rss', { NR: 128 })],
  ['PMR RSS, NR 128, exact', USUAL, taskFor('pmr', 'rss', { NR: 128, replicaMode: 'exact' })],
  ['PMR GRAPPA, NR 1000', USUAL, taskFor('pmr', 'grappa', { NR: 1000 }, TWOFOLD)],
  ['CR B1, NR 6', USUAL, taskFor('cr', 'b1', { NR: 6 })],
];

/** CPU seconds and MiB on one thread. */
function total(cost: RunCost): [seconds: number, mib: number] {
  return [cost.serial + cost.read + cost.solve + cost.write, cost.memoryMb + cost.memoryMbPerThread];
}

const wanted = new RegExp(process.argv[2] ?? '', 'i');
const folder = mkdtempSync(join(tmpdir(), 'calibrate-'));
const [ofHeader, ofSize, ofMemory]: [number[], number[], number[]] = [[], [], []];
try {
  const path = join(folder, 'scan.dat');
  let written: ScanSize | undefined;
  for (const [what, size, task] of CASES.filter(([what]) => wanted.test(what))) {
    if (size !== written) writeScan(path, size);
    written = size;
    const signalBytes = statSync(path).size;
    const measured = await freshRun(path, task, 1);
    const facts: SignalFacts = { signalBytes, ...size };
    const [known, memory] = total(runCost(facts, parseTask(task)));
    const [guessed] = total(runCost({ signalBytes }, parseTask(task)));
    ofHeader.push(known / measured.cpuSeconds);
    ofSize.push(guessed / measured.cpuSeconds);
    ofMemory.push(memory / measured.peakMiB);
    console.log(
      `${what.padEnd(28)} measured ${measured.cpuSeconds.toFixed(2)} s (solve ${measured.solveSeconds.toFixed(2)} wall)  ` +
        `header ${known.toFixed(2)} s  size ${guessed.toFixed(2)} s   ${measured.peakMiB.toFixed(0)} MiB, ${memory.toFixed(0)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
for (const [name, ratios] of [
  ['seconds, header known', ofHeader],
  ['seconds, size alone', ofSize],
  ['memory', ofMemory],
] as const) {
  const logs = ratios.map((ratio) => Math.log(ratio));
  const spread = Math.exp(Math.sqrt(logs.reduce((sum, x) => sum + x * x, 0) / logs.length));
  console.log(
    `${name}: estimate / measured ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}, typically off by a factor of ${spread.toFixed(2)}`,
  );
}
