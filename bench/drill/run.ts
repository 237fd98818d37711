/** The drill from the command line; `npm run drill` compiles the project first (main.ts). */
import { parseArgs } from 'node:util';
import { type DrillProgress, drill } from './drill.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '100' },
    failing: { type: 'string', default: '20' },
    'lost-callbacks': { type: 'string', default: '30' },
    'settle-limit': { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
const started = performance.now();
let said = 0;
const seconds = (): number => Math.round((performance.now() - started) / 1000);

function show({ accepted, terminal, kills, faults }: DrillProgress): void {
  const now = performance.now();
  if (now - said < (process.stderr.isTTY ? 500 : 10_000)) return;
  said = now;
  const line = `${seconds()} s: accepted ${accepted}/${values.jobs}, ended ${terminal}, kills ${kills}/${values.kills}, failed calls ${faults}`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

const { report, wrong } = await drill(
  {
    jobs: Number(values.jobs),
    kills: Number(values.kills),
    failing: Number(values.failing),
    lostCallbacks: Number(values['lost-callbacks']),
    settleLimitSeconds: Number(values['settle-limit']),
  },
  show,
);
if (process.stderr.isTTY) process.stderr.write('\n');
for (const line of wrong) console.log(line);
console.log(`accepted                        ${report.accepted}`);
console.log(`terminal, once                  ${report.terminal}`);
console.log(`lost, or another end than run's ${report.lost}`);
console.log(`started twice                   ${report.startedTwice}`);
console.log(`settled after the last fault    ${report.settleSeconds} s`);
console.log(`brokers killed (signal 9)       ${report.kills}`);
console.log(`calls to AWS that failed        ${report.faults}`);
console.log(`in all                          ${seconds()} s`);
if (values.json) console.log(JSON.stringify(report));
const kept = report.lost === 0 && report.startedTwice === 0 && report.terminal === Number(values.jobs);
process.exit(kept ? 0 : 1);
