/**
 * `npm run demo`: the main job through every room. Embedded cloud with two accounts, the broker, a Mode 1
 * unit in the hub's account and a Mode 2 unit in a researcher's, raw k-space up, an analytic RSS job on
 * each, both results down by presigned URL, SNR compared with the known truth. Non-zero exit on any doubt.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signIn } from './demo/api.ts';
import { type DemoArguments, readArguments, USAGE } from './demo/arguments.ts';
import { type BrokerProcess, startBroker } from './demo/broker-process.ts';
import { type DemoJob, runDemoJob } from './demo/job.ts';
import { percent, progressView, resultTable } from './demo/show.ts';
import { type DemoUnit, deployMode2, newResearcher, registerMode1 } from './demo/units.ts';
import { cloudDir } from './launch.ts';

const PHANTOM = fileURLToPath(new URL('./phantom/phantom.h5', import.meta.url));
/** Largest median deviation from the truth that is believed: the acceptance gate of the methods. */
const TOLERANCE = 0.01;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type Say = (line: string) => void;

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) return void console.log(USAGE);
  const jobs: DemoJob[] = [];
  try {
    await mkdir(options.out, { recursive: true });
    await inTemporarySystem((broker, dataDir, say) => runJobs(options, broker, dataDir, jobs, say), options);
    const wrong = jobs.flatMap(whatIsWrong);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  } finally {
    // The one line for programs, also when something failed: the reason is on stderr.
    if (options.json) console.log(JSON.stringify({ jobs }));
  }
}

/** Starts cloud and broker in a folder of their own, and leaves nothing behind, however it ends. */
async function inTemporarySystem(
  work: (broker: BrokerProcess, dataDir: string, say: Say) => Promise<void>,
  { json }: DemoArguments,
): Promise<void> {
  const say: Say = (line) => {
    if (!json) console.log(line);
  };
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-demo-'));
  say('Starting the embedded cloud (two AWS accounts) and the broker ...');
  const starting = startBroker({ dataDir, ownGroup: true });
  let cleared: Promise<void> | undefined;
  const clear = (): Promise<void> => {
    cleared ??= starting
      .then(
        (broker) => broker.stop(),
        () => undefined,
      )
      .finally(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }));
    return cleared;
  };
  // npm hands a Ctrl-C on that has arrived already: the second one must not cut the first one short.
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => void clear().finally(() => process.exit(code)));
  }
  try {
    await work(await starting, dataDir, say);
  } finally {
    await clear();
  }
}

/** Registers the units and runs a job on each; `jobs` gets what became of them. */
async function runJobs(
  options: DemoArguments,
  broker: BrokerProcess,
  dataDir: string,
  jobs: DemoJob[],
  say: Say,
): Promise<void> {
  const units = await registerUnits(options, broker, dataDir, say);
  const view = progressView(options.modes, options.json, say);
  const runs = units.map(({ unit, api }) =>
    runDemoJob(api, unit, {
      arguments: options,
      phantom: PHANTOM,
      show: (now) => view.update(unit.mode, now),
    }),
  );
  // All of them end before the system does, whatever becomes of one.
  const ends = await Promise.allSettled(runs);
  view.stop();
  for (const end of ends) if (end.status === 'fulfilled') jobs.push(end.value);
  if (jobs.length > 0) say(`\n${resultTable(jobs)}\n`);
  for (const { mode, nifti, png } of jobs) {
    if (nifti) say(`${mode}: SNR map ${nifti}\n${' '.repeat(mode.length)}  picture ${png}`);
  }
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function registerUnits({ modes }: DemoArguments, broker: BrokerProcess, dataDir: string, say: Say) {
  if (!broker.adminPassword) throw new Error('the broker did not print the password of its administrator');
  const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword);
  const api = await newResearcher(broker.url, admin, `Aa1!${randomBytes(18).toString('base64url')}`);
  const port = readFileSync(join(cloudDir(dataDir), 'port'), 'utf8').trim();
  const registered: { unit: DemoUnit; api: typeof api }[] = [];
  for (const mode of modes) {
    const unit =
      mode === 'mode_1'
        ? await registerMode1(admin)
        : await deployMode2(api, dataDir, `http://127.0.0.1:${port}`);
    registered.push({ unit, api });
    say(`Registered a computing unit: ${mode} in account ${unit.account}`);
  }
  return registered;
}

/** Why a job is no success, in words; nothing if it is one. */
function whatIsWrong({ mode, status, deviation, failure }: DemoJob): string[] {
  if (status !== 'succeeded') {
    const why = failure
      ? `: ${failure.code}: ${failure.message} What to do (${failure.actor}): ${failure.remedy}`
      : '';
    return [`${mode}: the job ${status}${why}`];
  }
  if (deviation === null || Math.abs(deviation) <= TOLERANCE) return [];
  return [`${mode}: SNR deviates by ${percent(deviation)} from the truth`];
}

main().catch((error: unknown) => {
  console.error(`demo failed: ${error instanceof Error ? reasons(error) : String(error)}`);
  process.exitCode = 1;
});

/** `fetch failed` alone says nothing: the cause does. */
function reasons(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${reasons(error.cause)}` : error.message;
}
