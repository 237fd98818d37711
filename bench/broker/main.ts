/**
 * `npm run bench:broker [-- --json] [-- --only PATTERN]`: what the broker costs. Calls to AWS per job are counted
 * on the embedded cloud, and so are reads of the store for open tabs; presigned URLs are compared with the SDK's own, reads with a bare route, a full table with
 * a small one, all in the same run. With --json the last line is {"rows": [{name, ours, other, ratio, floor}]}. The
 * exit code is 1 if a ratio is below its floor.
 */
import { countRows } from './counts.ts';
import { flatRows } from './flat.ts';
import { idleRows } from './idle.ts';
import { presignRows } from './presign.ts';
import { readRows } from './read.ts';
import { printTable, type Row } from './row.ts';

const args = process.argv.slice(2);
const pattern = args.includes('--only') ? args[args.indexOf('--only') + 1] : '';
const wanted = new RegExp(pattern ?? '', 'i');

const parts: [string, () => Promise<Row[]>][] = [
  ['presign', presignRows],
  ['read', readRows],
  ['counts', countRows],
  ['flat', flatRows],
  ['idle', idleRows],
];
const rows: Row[] = [];
for (const [name, measure] of parts) if (wanted.test(name)) rows.push(...(await measure()));
printTable(rows);
if (args.includes('--json')) {
  const report = rows.map(({ name, ours, other, ratio, floor }) => ({ name, ours, other, ratio, floor }));
  console.log(JSON.stringify({ rows: report }));
}
if (rows.some(({ ratio, floor }) => ratio < floor)) process.exitCode = 1;
