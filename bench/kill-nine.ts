/**
 * `node --import tsx bench/kill-nine.ts [N]`: kills the broker N times and the embedded cloud N times
 * (default 20 each) with signal 9 at random moments of running jobs, and prints what became of them.
 */
import { killAtRandom } from '../test/helpers/kill.ts';

const n = Number(process.argv[2] ?? 20);
const started = performance.now();
const victims = Array.from({ length: 2 * n }, (_unused, i): 'broker' | 'cloud' =>
  i % 2 ? 'cloud' : 'broker',
);
const report = await killAtRandom(victims, Math.random);
console.log(
  JSON.stringify({ ...report, seconds: Math.round((performance.now() - started) / 1000) }, null, 1),
);
const bad =
  report.unfinished.length + report.endedTwice.length + report.notOnce.length + report.otherEnds.length;
process.exitCode = bad === 0 ? 0 : 1;
