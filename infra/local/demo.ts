/**
 * `npm run demo`: the main job through every room. Embedded cloud with two accounts, the broker, a Mode 1
 * unit in the hub's account and a Mode 2 unit in a researcher's, raw k-space up, an analytic RSS job on
 * each, both results down by presigned URL, SNR compared with the known truth. Non-zero exit on any doubt.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Api, type JobAnswer, signIn } from './demo/api.ts';
import { type DemoArguments, readArguments, USAGE } from './demo/arguments.ts';
import { type BrokerProcess, startBroker } from './demo/broker-process.ts';
import { deviation, median, readNifti, readTruth, unpack } from './demo/results.ts';
import { progressView, table } from './demo/show.ts';
import { type DemoUnit, deployMode2, newResearcher, registerMode1 } from './demo/units.ts';
import { cloudDir } from './launch.ts';

const PHANTOM = fileURLToPath(new URL('./phantom/phantom.h5', import.meta.url));
/** Largest median deviation from the truth that is believed: the acceptance gate of the methods. */
const TOLERANCE = 0.01;
const POLL_MS = 200;
const LIMIT_MS = 15 * 60_000;

interface DemoJob {
  mode: string;
  account: string;
  platform: string | undefined;
  status: string;
  seconds: number;
  medianSnr: number | null;
  deviation: number | null;
  zip: string;
  nifti: string;
  png: string;
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options.help) return void console.log(USAGE);
  const say = (line: string): void => {
    if (!options.json) console.log(line);
  };
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-demo-'));
  const interrupted = (): void => {
    rmSync(dataDir, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  let broker: BrokerProcess | undefined;
  try {
    say('Starting the embedded cloud (two AWS accounts) and the broker ...');
    broker = await startBroker({ dataDir });
    const jobs = await runJobs(options, broker, dataDir, say);
    report(options, jobs, say);
  } finally {
    await broker?.stop();
    rmSync(dataDir, { recursive: true, force: true });
    process.off('SIGINT', interrupted);
  }
}

async function runJobs(
  options: DemoArguments,
  broker: BrokerProcess,
  dataDir: string,
  say: (line: string) => void,
): Promise<DemoJob[]> {
  if (!broker.adminPassword) throw new Error('the broker did not print the password of its administrator');
  const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword);
  const researcher = await newResearcher(broker.url, admin, `Aa1!${randomBytes(18).toString('base64url')}`);
  const units: DemoUnit[] = [];
  for (const mode of options.modes) {
    units.push(
      mode === 'mode_1'
        ? await registerMode1(admin)
        : await deployMode2(
            researcher,
            dataDir,
            `http://127.0.0.1:${readFileSync(join(cloudDir(dataDir), 'port'), 'utf8').trim()}`,
          ),
    );
    say(`Registered a computing unit: ${mode} in account ${units.at(-1)?.account}`);
  }
  const view = progressView(options.modes, options.json, say);
  try {
    return await Promise.all(units.map((unit) => runOne(options, researcher, unit, view)));
  } finally {
    view.stop();
  }
}

/** Uploads, submits, follows, downloads and measures one job. */
async function runOne(
  options: DemoArguments,
  api: Api,
  unit: DemoUnit,
  view: ReturnType<typeof progressView>,
): Promise<DemoJob> {
  const started = performance.now();
  const signal = options.signal ?? PHANTOM;
  const files = {
    signal: await reference(api, signal, unit),
    ...(options.noise ? { noise: await reference(api, options.noise, unit) } : {}),
  };
  const queued = await api.call<{ jobId: string }>(
    'POST',
    '/api/task/queue',
    {
      cloudapp_name: 'MR Optimum',
      alias: `demo ${unit.mode} ${basename(signal)}`,
      computing_unit_id: unit.computingUnitId,
      mode: unit.mode,
      output: { coilsensitivity: false, gfactor: false, matlab: false },
      task: {
        version: 'v0',
        acquisition: 2,
        type: 'snr',
        id: 0,
        name: 'ac',
        files: Object.keys(files),
        options: { reconstructor: { type: 'recon', name: 'rss', id: 0, options: files } },
      },
    },
    { 'idempotency-key': randomBytes(16).toString('hex') },
  );
  const job = await follow(api, queued.jobId, (now) => view.update(unit.mode, now));
  const folder = join(options.out, unit.mode);
  await mkdir(folder, { recursive: true });
  const zip = join(folder, job.state === 'succeeded' ? 'result.zip' : 'failure.zip');
  if (job.state !== 'succeeded') {
    const failure = job.failure;
    throw new Error(
      `${unit.mode}: the job ${job.state}${failure ? `: ${failure.code}: ${failure.message} What to do (${failure.actor}): ${failure.remedy}` : ''}`,
    );
  }
  await api.download(job.jobId, zip);
  await unpack(zip, folder);
  const nifti = join(folder, 'data', 'SNR.nii.gz');
  const png = join(folder, 'SNR.png');
  await copyFile(join(folder, 'data', 'SNR.png'), png);
  const map = readNifti(nifti);
  return {
    mode: unit.mode,
    account: unit.account,
    platform: job.platform,
    status: job.state,
    seconds: Math.round(performance.now() - started) / 1000,
    medianSnr: job.summary?.medianSnr ?? median(map.data),
    deviation: options.signal ? null : deviation(map, await readTruth(PHANTOM)),
    zip,
    nifti,
    png,
  };
}

/** An uploaded file as the task document names it. */
async function reference(api: Api, path: string, unit: DemoUnit): Promise<object> {
  const filename = basename(path);
  const { bucket, key } = await api.upload(path, filename, unit.computingUnitId);
  return {
    type: 'file',
    options: { type: 's3', filename, bucket, key, options: {}, multiraid: false, vendor: 'Siemens' },
  };
}

async function follow(api: Api, jobId: string, show: (job: JobAnswer) => void): Promise<JobAnswer> {
  const limit = performance.now() + LIMIT_MS;
  while (performance.now() < limit) {
    const job = await api.job(jobId);
    show(job);
    if (['succeeded', 'failed', 'canceled', 'lost'].includes(job.state)) return job;
    await pause(POLL_MS);
  }
  throw new Error(`the job ${jobId} did not end within ${LIMIT_MS / 60_000} minutes`);
}

function report(options: DemoArguments, jobs: DemoJob[], say: (line: string) => void): void {
  const percent = (x: number | null): string => (x === null ? 'unknown' : `${(100 * x).toFixed(2)} %`);
  say(
    `\n${table(
      ['job', 'mode', 'account', 'platform', 'seconds', 'median SNR', 'deviation from truth'],
      jobs.map((job) => [
        'AC RSS',
        job.mode,
        job.account,
        job.platform ?? '?',
        job.seconds.toFixed(1),
        job.medianSnr?.toFixed(2) ?? '?',
        percent(job.deviation),
      ]),
    )}\n`,
  );
  for (const job of jobs)
    say(`${job.mode}: SNR map ${job.nifti}\n${' '.repeat(job.mode.length)}  picture ${job.png}`);
  if (options.json) console.log(JSON.stringify({ jobs }));
  const wrong = jobs.filter((job) => job.deviation !== null && !(Math.abs(job.deviation) <= TOLERANCE));
  if (wrong.length > 0) {
    throw new Error(
      wrong.map((job) => `${job.mode}: SNR deviates by ${percent(job.deviation)} from the truth`).join('; '),
    );
  }
}

main().catch((error: unknown) => {
  console.error(`demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
