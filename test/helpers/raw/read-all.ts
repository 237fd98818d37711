/**
 * Reads every readout of a raw-data file in a process of its own and prints what it took, as JSON:
 * `node --import tsx read-all.ts FILE` -> { readouts, bytes, openSeconds, readSeconds, peakRssMiB }.
 */
import { openRawScan } from '../../../compute/formats/open.ts';

const started = performance.now();
const scan = await openRawScan(process.argv[2]);
const opened = performance.now();
let bytes = 0;
let readouts = 0;
for await (const { data } of scan.readouts(() => true)) {
  bytes += data.byteLength;
  readouts++;
}
const ended = performance.now();
await scan.close();
const report = {
  readouts,
  bytes,
  openSeconds: (opened - started) / 1000,
  readSeconds: (ended - opened) / 1000,
  peakRssMiB: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
