/**
 * `kill -9` at a random moment of running jobs, of the broker or of the embedded cloud; then a restart, and
 * the count: every job ended once, no execution was started twice.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { type Api, signIn } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { type DemoUnit, deployMode2, newResearcher, registerMode1 } from '../../infra/local/demo/units.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode1Names } from '../../infra/local/stacks/hub.ts';
import { mode2Names } from '../../infra/local/stacks/mode2.ts';
import { endpointOf, fileReference, submitReferences } from './laptop.ts';

const RAW = join(import.meta.dirname, '../fixtures/raw');
const PASSWORD = 'Correct-horse.7-battery';
const TERMINAL = ['succeeded', 'failed', 'canceled', 'lost'];
/** A round of two jobs takes about this long; kills fall anywhere into it. */
const ROUND_MS = 3_500;

export interface KillReport {
  kills: { victim: 'broker' | 'cloud'; afterMs: number }[];
  jobs: number;
  succeeded: number;
  /** Jobs that had not ended when the time was up, or that vanished. */
  unfinished: string[];
  /** Jobs with more than one terminal entry in their history. */
  endedTwice: string[];
  /** Jobs with more or fewer than one execution. */
  notOnce: string[];
  otherEnds: string[];
}

interface View {
  state: string;
  history: { state: string }[];
  failure?: { code: string; message: string };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Repeats until it works: the system is being killed, so any single request may fail. */
async function persist<T>(work: () => Promise<T>, limitMs = 60_000): Promise<T> {
  const limit = performance.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > limit) throw error;
      await pause(200);
    }
  }
}

/** Kills `victims` one after the other, each during a round of two fresh jobs, and counts. */
export async function killAtRandom(
  victims: ('broker' | 'cloud')[],
  random: () => number,
): Promise<KillReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-kill-'));
  const port = await freePort();
  let broker = await startBroker({ dataDir, port });
  const kills: KillReport['kills'] = [];
  const jobs: string[] = [];
  try {
    const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword ?? '');
    const researcher = await newResearcher(broker.url, admin, PASSWORD);
    const units = [await registerMode1(admin), await deployMode2(researcher, dataDir, endpointOf(dataDir))];
    const signals = await Promise.all(
      units.map((unit) => fileReference(researcher, join(RAW, 'brain16.h5'), unit)),
    );
    for (const victim of victims) {
      const afterMs = Math.round(random() * ROUND_MS);
      const submits = units.map((unit, i) =>
        submitOnce(researcher, unit, signals[i], `${kills.length}-${i}-${afterMs}`),
      );
      await pause(afterMs);
      kills.push({ victim, afterMs });
      if (victim === 'broker') {
        await broker.stop('SIGKILL');
        broker = await startBroker({ dataDir, port });
      } else {
        process.kill(cloudPid(dataDir), 'SIGKILL');
      }
      jobs.push(...(await Promise.all(submits)));
    }
    return { kills, ...(await count(researcher, jobs, dataDir)) };
  } finally {
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The process of the embedded cloud that runs now: the last one the broker has logged. */
function cloudPid(dataDir: string): number {
  const log = readFileSync(join(dataDir, 'broker.log'), 'utf8');
  const pids = [...log.matchAll(/"cloudPid":(\d+)/g)].map(([, pid]) => Number(pid));
  return pids[pids.length - 1];
}

/** Submits until there is an answer; the idempotency key makes that one job. */
function submitOnce(api: Api, unit: DemoUnit, signal: object, key: string): Promise<string> {
  const withKey: Api = {
    ...api,
    call: (method, path, body) => api.call(method, path, body, { 'idempotency-key': key }),
  };
  return persist(() => submitReferences(withKey, unit, { signal }));
}

async function count(api: Api, jobs: string[], dataDir: string): Promise<Omit<KillReport, 'kills'>> {
  const report: Omit<KillReport, 'kills'> = {
    jobs: jobs.length,
    succeeded: 0,
    unfinished: [],
    endedTwice: [],
    notOnce: [],
    otherEnds: [],
  };
  for (const jobId of jobs) {
    const limit = performance.now() + 120_000;
    let job = await persist(() => api.call<View>('GET', `/api/job/${jobId}`));
    while (!TERMINAL.includes(job.state) && performance.now() < limit) {
      await pause(200);
      job = await persist(() => api.call<View>('GET', `/api/job/${jobId}`));
    }
    if (!TERMINAL.includes(job.state)) report.unfinished.push(jobId);
    else if (job.state === 'succeeded') report.succeeded++;
    else report.otherEnds.push(`${jobId} ${job.state} ${job.failure?.code}: ${job.failure?.message}`);
    if (job.history.filter((entry) => TERMINAL.includes(entry.state)).length > 1)
      report.endedTwice.push(jobId);
  }
  const names = await executionNames(dataDir);
  for (const jobId of jobs) {
    if (names.filter((name) => name.startsWith(`job-${jobId}-`)).length !== 1) report.notOnce.push(jobId);
  }
  return report;
}

async function executionNames(dataDir: string): Promise<string[]> {
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const machines: [string, string][] = [
    [HUB_ACCOUNT, mode1Names(HUB_ACCOUNT, LOCAL_REGION).stateMachineArn],
    [RESEARCHER_ACCOUNT, mode2Names('mroptimum-mode2', RESEARCHER_ACCOUNT, LOCAL_REGION).stateMachineArn],
  ];
  const names: string[] = [];
  for (const [account, stateMachineArn] of machines) {
    const client = new SFNClient({
      endpoint: endpointOf(dataDir),
      region: LOCAL_REGION,
      credentials: keys.rootCredentials(account),
    });
    let nextToken: string | undefined;
    do {
      const page = await client.send(new ListExecutionsCommand({ stateMachineArn, nextToken }));
      names.push(...(page.executions ?? []).map((execution) => execution.name ?? ''));
      nextToken = page.nextToken;
    } while (nextToken);
    client.destroy();
  }
  return names;
}
