/** One job of the demo: uploads, submits, follows, downloads and measures. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unpack } from '../../../compute/formats/unpack.ts';
import { type Api, ApiError, type JobAnswer } from './api.ts';
import type { DemoArguments } from './arguments.ts';
import { deviation, median, readNifti, readTruth } from './results.ts';
import type { DemoUnit } from './units.ts';

const POLL_MS = 200;
const LIMIT_MS = 15 * 60_000;

/** What became of a job; `null` where it did not get that far. */
export interface DemoJob {
  mode: string;
  account: string;
  platform: string | null;
  status: string;
  seconds: number;
  medianSnr: number | null;
  /** Relative; null if the truth is not known. */
  deviation: number | null;
  /** The result, or the failure bundle. */
  zip: string | null;
  nifti: string | null;
  png: string | null;
  failure?: JobAnswer['failure'];
}

export interface DemoJobOptions {
  readonly arguments: Pick<DemoArguments, 'signal' | 'noise' | 'out'>;
  /** Raw data with a known truth, used if the person named none. */
  readonly phantom: string;
  readonly show: (job: JobAnswer) => void;
}

/** Runs one job on a unit. A job that fails is a result; only what keeps it from being known is thrown. */
export async function runDemoJob(api: Api, unit: DemoUnit, options: DemoJobOptions): Promise<DemoJob> {
  const started = performance.now();
  const { signal = options.phantom, noise, out } = options.arguments;
  const files = {
    signal: await reference(api, signal, unit),
    ...(noise ? { noise: await reference(api, noise, unit) } : {}),
  };
  const queued = await api.call<{ jobId: string }>(
    'POST',
    '/api/task/queue',
    requestOf(unit, signal, files),
    {
      'idempotency-key': randomBytes(16).toString('hex'),
    },
  );
  const job = await follow(api, queued.jobId, options.show);
  const folder = join(out, unit.mode);
  await mkdir(folder, { recursive: true });
  const known = { mode: unit.mode, account: unit.account, platform: job.platform ?? null, status: job.state };
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  if (job.state !== 'succeeded') {
    const zip = await failureBundle(api, job.jobId, join(folder, 'failure.zip'));
    const nothing = { medianSnr: null, deviation: null, zip, nifti: null, png: null };
    return { ...known, seconds: seconds(), ...nothing, failure: job.failure };
  }
  const zip = join(folder, 'result.zip');
  await api.download(job.jobId, zip);
  await unpack(zip, folder);
  const nifti = join(folder, 'data', 'SNR.nii.gz');
  const png = join(folder, 'SNR.png');
  await copyFile(join(folder, 'data', 'SNR.png'), png);
  const map = readNifti(nifti);
  return {
    ...known,
    seconds: seconds(),
    medianSnr: job.summary?.medianSnr ?? median(map.data),
    deviation: options.arguments.signal ? null : deviation(map, await readTruth(options.phantom)),
    zip,
    nifti,
    png,
  };
}

/** An analytic RSS task, as the web client writes it. */
function requestOf(unit: DemoUnit, signal: string, files: Record<string, object>): object {
  return {
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

/** Where the bundle lies, or null: a job that never ran left none. */
async function failureBundle(api: Api, jobId: string, to: string): Promise<string | null> {
  try {
    await api.download(jobId, to);
    return to;
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}
