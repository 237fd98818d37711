/**
 * `npm run bench:snr [-- --json] [-- --only PATTERN]`: how fast and frugal the SNR worker is against numpy and
 * scipy (bench/snr/reference.py) and against BART, in the same run on the same input. CPU time of one
 * thread each unless a row says otherwise, garbage collection included (--single-threaded-gc: its helper threads
 * would be counted while they wait); medians of alternating runs. With --json the last line of the
 * output is {"rows": [{name, ours, other, ratio, floor}]}. Python is CLOUDMR_BENCH_PYTHON or python3.
 */
import { bartRows } from './bart.ts';
import type { Row } from './measure.ts';
import { findPython } from './peer.ts';
import { memoryRows, threadRows } from './runs.ts';
import { speedRows } from './speed.ts';
import { printTable } from './table.ts';

const args = process.argv.slice(2);
const pattern = args.includes('--only') ? args[args.indexOf('--only') + 1] : '';
const wanted = new RegExp(pattern ?? '', 'i');

const python = findPython();
if (!python) {
  console.error(
    'The benchmark compares with numpy and scipy, which were not found. Install them with ' +
      '"pip install numpy scipy", and set CLOUDMR_BENCH_PYTHON if they are not in python3.',
  );
  process.exit(1);
}

const rows: Row[] = await speedRows(python, wanted);
if (wanted.test('BART')) rows.push(...bartRows());
if (wanted.test('threads')) rows.push(...(await threadRows()));
if (wanted.test('memory')) rows.push(...(await memoryRows()));
printTable(rows);
if (args.includes('--json')) {
  const report = rows.map(({ name, ours, other, ratio, floor }) => ({ name, ours, other, ratio, floor }));
  console.log(JSON.stringify({ rows: report }));
}
