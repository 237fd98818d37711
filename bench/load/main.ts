/**
 * `npm run bench:load [-- --seconds N | --minutes N] [--lanes N] [--json]`: submits without pause to one broker process,
 * with the store in another process, and in turns the same transaction by the bare SDK client in a process of its own.
 * Prints jobs per second against that floor (ratio at least 0.6), latencies, what a list and a status cost meanwhile
 * (p99 below 50 ms), and the memory of the broker over the time (flat over ten minutes). The broker answers requests
 * only: its clockwork is off, so that what is measured is the door. Where `taskset` is there, broker and bare client
 * have one core, the same one, and the store and who submits have another. Exit code 1 if a bound is missed. Rates
 * count per CPU second of each process too, which other work on the machine does not change.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile } from '../broker/row.ts';
import { answerOf, ONE_CORE, startMember } from '../drill/fleet.ts';
import { openPlace } from '../drill/place.ts';
import { runLoad } from './load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    minutes: { type: 'string' },
    lanes: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = values.minutes === undefined ? Number(values.seconds) : 60 * Number(values.minutes);
/** Both are measured in turns of this length. */
const TURN_SECONDS = 10;
const [RATIO, READ_MS, GROWTH] = [0.6, 50, 1.25];
const lanes = Number(values.lanes);

const place = await openPlace({ lostCallbacks: 100 });
const broker = await startMember(place.forBrokers, 'doors');
const stores = childrenOf(process.pid).filter((pid) => pid !== broker.pid);
const bare = startChild('bare', [JSON.stringify([place.forBrokers, place.tableName])], ONE_CORE);
const submitter = startChild('submitter', []);
await Promise.all([answerOf(bare, 60_000), answerOf(submitter, 60_000)]);
const pinned = pinAll([broker.pid, bare.pid], 0) && pinAll([...stores, submitter.pid], 1);

function startChild(name: string, args: string[], flags: string[] = []): ChildProcess {
  const file = new URL(`./${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  return fork(fileURLToPath(file), args, {
    execArgv: [...flags, ...process.execArgv],
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Empty where there is no /proc. */
function childrenOf(parent: number): number[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const parentOf = (pid: string): number =>
      Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1]);
    return pids.filter((pid) => parentOf(pid) === parent).map(Number);
  } catch {
    // Another system, or a process that ended while it was looked at: then nothing is pinned.
    return [];
  }
}

/** False if the machine has no second core, or no `taskset`. */
function pinAll(pids: (number | undefined)[], core: number): boolean {
  if (availableParallelism() < 2 || stores.length === 0) return false;
  try {
    for (const pid of pids) execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    // The processes go where the system puts them, and the report says so.
    return false;
  }
}

interface Turn {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}
const ours: Turn[] = [];
const floor: Turn[] = [];
const submits: number[] = [];
const reads: number[] = [];
const memory: number[] = [];
let refused = 0;
const turns = Math.max(2, Math.round(seconds / (2 * TURN_SECONDS)));
try {
  for (let turn = 0; turn <= turns; turn++) {
    const load = await runLoad(place, broker, submitter, { seconds: TURN_SECONDS, lanes });
    bare.send({ seconds: TURN_SECONDS, lanes, bodySize: load.bodySize });
    const rate = await answerOf<Turn>(bare, 60_000);
    // The first turn compiles and opens connections.
    if (turn === 0) continue;
    ours.push(load);
    floor.push(rate);
    submits.push(...load.submitMs);
    reads.push(...load.readMs);
    memory.push(load.rss);
    refused += load.refused;
    process.stderr.write(`${Math.round(load.perSecond)} jobs/s, bare ${Math.round(rate.perSecond)}/s\n`);
  }
} finally {
  broker.stop();
  bare.kill();
  submitter.kill();
  await place.close();
}

const mean = (all: Turn[], what: keyof Turn): number =>
  all.reduce((sum, each) => sum + each[what], 0) / all.length;
const report = {
  jobsPerSecond: mean(ours, 'perSecond'),
  barePerSecond: mean(floor, 'perSecond'),
  ratio: mean(ours, 'perSecond') / mean(floor, 'perSecond'),
  cpuRatio: mean(ours, 'perCpuSecond') / mean(floor, 'perCpuSecond'),
  submitMs: [0.5, 0.95, 0.99].map((share) => percentile(submits, share)),
  refused,
  readMs: [0.5, 0.95, 0.99].map((share) => percentile(reads, share)),
  pinned,
  memoryGrowth: Math.max(...memory.slice(-3)) / Math.max(...memory.slice(0, Math.ceil(memory.length / 2))),
  memoryMb: memory.map((bytes) => Math.round(bytes / 2 ** 20)),
};
const [p50, p95, p99] = report.submitMs.map((ms) => ms.toFixed(1));
console.log(
  `submits            ${report.jobsPerSecond.toFixed(0)} jobs/s; ${p50} / ${p95} / ${p99} ms (p50 / p95 / p99); ${refused} told to come later`,
);
console.log(`bare SDK           ${report.barePerSecond.toFixed(0)} transactions/s`);
console.log(
  `ratio              ${report.ratio.toFixed(2)} (floor ${RATIO}); per CPU second ${report.cpuRatio.toFixed(2)}`,
);
const looks = report.readMs.map((ms) => ms.toFixed(1));
console.log(`list and status    ${looks.join(' / ')} ms (p50 / p95 / p99; bound of p99 ${READ_MS})`);
console.log(
  `cores              ${pinned ? 'broker and bare client on one, the store on another' : 'not pinned'}`,
);
console.log(`memory, MB         ${report.memoryMb.join(' ')}`);
if (values.json) console.log(JSON.stringify(report));
const kept = report.ratio >= RATIO && report.readMs[2] < READ_MS && report.memoryGrowth < GROWTH;
process.exit(kept ? 0 : 1);
