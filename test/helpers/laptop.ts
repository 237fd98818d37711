/**
 * The whole system as a person has it on a laptop: broker process, embedded cloud process, a Mode 1 and a
 * Mode 2 unit, two people. Everything goes over HTTP.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unpack } from '../../compute/formats/unpack.ts';
import { type ControlClient, createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { type Api, type JobAnswer, signIn } from '../../infra/local/demo/api.ts';
import { type BrokerProcess, startBroker } from '../../infra/local/demo/broker-process.ts';
import { type DemoUnit, deployMode2, newResearcher, registerMode1 } from '../../infra/local/demo/units.ts';
import { cloudDir } from '../../infra/local/launch.ts';

const TERMINAL = ['succeeded', 'failed', 'canceled', 'lost'];

export interface Laptop {
  readonly dataDir: string;
  readonly url: string;
  readonly endpoint: string;
  readonly broker: BrokerProcess;
  readonly admin: Api;
  readonly researcher: Api;
  readonly units: Record<'mode_1' | 'mode_2', DemoUnit>;
  /** Root of an account of the embedded cloud. */
  control(accountId: string): Promise<ControlClient>;
  submit(mode: 'mode_1' | 'mode_2', files: Record<string, string>, task?: object): Promise<string>;
  ended(jobId: string, limitMs?: number): Promise<JobAnswer>;
  /** Downloads and unpacks; returns the folder. */
  fetch(jobId: string): Promise<string>;
  close(): Promise<void>;
}

/** Names of the embedded cloud's port file. */
export function endpointOf(dataDir: string): string {
  return `http://127.0.0.1:${readFileSync(join(cloudDir(dataDir), 'port'), 'utf8').trim()}`;
}

/** Starts everything in a fresh folder and removes it with the test. */
export async function startLaptop(
  t: { teardown(fn: () => unknown): unknown },
  environment: Record<string, string> = {},
): Promise<Laptop> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-laptop-'));
  const broker = await startBroker({ dataDir, environment });
  t.teardown(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const endpoint = endpointOf(dataDir);
  const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword ?? '');
  const researcher = await newResearcher(broker.url, admin, 'Correct-horse.7-battery');
  const units = {
    mode_1: await registerMode1(admin),
    mode_2: await deployMode2(researcher, dataDir, endpoint),
  };
  return {
    dataDir,
    url: broker.url,
    endpoint,
    broker,
    admin,
    researcher,
    units,
    async control(accountId) {
      const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
      return createControlClient({ endpoint, accountId, credentials: keys.rootCredentials(accountId) });
    },
    async submit(mode, files, task = {}) {
      const references: Record<string, object> = {};
      for (const [role, path] of Object.entries(files)) {
        references[role] = await fileReference(researcher, path, units[mode]);
      }
      return submitReferences(researcher, units[mode], references, task);
    },
    ended: (jobId, limitMs) => ended(researcher, jobId, limitMs),
    async fetch(jobId) {
      const folder = mkdtempSync(join(dataDir, 'result-'));
      await researcher.download(jobId, join(folder, 'result.zip'));
      await unpack(join(folder, 'result.zip'), folder);
      return folder;
    },
    close: () => broker.stop(),
  };
}

/** Uploads a file and names it as the GUI does. */
export async function fileReference(api: Api, path: string, unit: DemoUnit): Promise<object> {
  const filename = basename(path);
  const place = await api.upload(path, filename, unit.computingUnitId);
  return {
    type: 'file',
    id: 1,
    options: {
      type: 's3',
      filename,
      ...place,
      options: {},
      multiraid: filename.includes('multi'),
      vendor: 'Siemens',
    },
  };
}

/** Queues an AC RSS task over uploaded references; `extra` goes into the reconstructor's options. */
export async function submitReferences(
  api: Api,
  unit: DemoUnit,
  references: Record<string, object>,
  extra: object = {},
): Promise<string> {
  const answer = await api.call<{ jobId: string }>('POST', '/api/task/queue', {
    cloudapp_name: 'MR Optimum',
    alias: 'end to end',
    computing_unit_id: unit.computingUnitId,
    output: { coilsensitivity: false, gfactor: false, matlab: false },
    task: {
      version: 'v0',
      acquisition: 2,
      type: 'snr',
      id: 0,
      name: 'ac',
      files: Object.keys(references),
      options: { reconstructor: { type: 'recon', name: 'rss', id: 0, options: { ...references, ...extra } } },
    },
  });
  return answer.jobId;
}

/** Waits for the end of a job. */
export async function ended(api: Api, jobId: string, limitMs = 60_000): Promise<JobAnswer> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const job = await api.job(jobId);
    if (TERMINAL.includes(job.state)) return job;
    if (performance.now() > limit) throw new Error(`job ${jobId} is still ${job.state}`);
    await pause(100);
  }
}
