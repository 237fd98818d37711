/** The drill from the command line; `npm run drill` compiles the project first (main.ts). */
import { type DrillProgress, drill } from './drill.ts';
import { drillOptions } from './options.ts';

const asked = drillOptions(process.argv.slice(2));
// main.ts has told what is wrong already.
if ('exitCode' in asked) process.exit(asked.exitCode);
const { drill: options, json } = asked;
const started = performance.now();
let said = 0;
const seconds = (): number => Math.round((performance.now() - started) / 1000);

function show({ accepted, terminal, kills, faults }: DrillProgress): void {
  const now = performance.now();
  if (now - said < (process.stderr.isTTY ? 500 : 10_000)) return;
  said = now;
  const line = `${seconds()} s: accepted ${accepted}/${options.jobs}, ended ${terminal}, kills ${kills}/${options.kills}, failed calls ${faults}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

const { report, wrong } = await drill(options, show);
if (process.stderr.isTTY) process.stderr.write('\n');
for (const line of wrong) console.log(line);
console.log(`accepted                        ${report.accepted}`);
console.log(`terminal, once                  ${report.terminal}`);
console.log(`lost, or not the end of its run ${report.lost}`);
console.log(`started twice                   ${report.startedTwice}`);
console.log(`settled after the last fault    ${report.settleSeconds} s`);
console.log(`brokers killed (signal 9)       ${report.kills}`);
console.log(`calls to AWS that failed        ${report.faults}`);
console.log(`in all                          ${seconds()} s`);
if (json) console.log(JSON.stringify(report));
const kept = report.lost === 0 && report.startedTwice === 0 && report.terminal === options.jobs;
process.exit(kept ? 0 : 1);
