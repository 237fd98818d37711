/**
 * Starts the embedded cloud as a process of its own for a broker: keeps it running (a crash of the cloud is
 * an outage, not the end), and deploys the hub's stacks into it. Only loaded when CLOUDMR_CLOUD=embedded.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustNotBeHalfRestored } from './backup/half-restored.ts';
import { createControlClient } from './control-client.ts';
import { createKeyRing, openMasterKey } from './credentials.ts';
import { BROKER_ROLE_NAME, hubStacks, mode1Names } from './stacks/hub.ts';

export const HUB_ACCOUNT = '111111111111';
export const RESEARCHER_ACCOUNT = '222222222222';
export const LOCAL_REGION = 'us-east-1';

/** Restarting faster would only fill the log when the cloud cannot start at all. */
const RESTART_PAUSE_MS = 300;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 8_000;

export interface EmbeddedCloud {
  readonly endpoint: string;
  readonly region: string;
  readonly hubAccountId: string;
  readonly brokerRoleArn: string;
  readonly mode1RoleArn: string;
  /** Where the broker gets its role's credentials, like a container on AWS. */
  readonly credentials: { readonly uri: string; readonly token: string };
  close(): Promise<void>;
}

export interface LaunchOptions {
  dataDir: string;
  /** Browsers of these origins may reach the buckets. */
  corsOrigins?: string[];
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Where the cloud of a data directory keeps its state. */
export function cloudDir(dataDir: string): string {
  return join(dataDir, 'cloud');
}

/** Starts the cloud and deploys the hub's stacks. Throws if the cloud does not come up, or a restore was cut off. */
export async function launchEmbeddedCloud({
  dataDir,
  corsOrigins = ['*'],
  log,
}: LaunchOptions): Promise<EmbeddedCloud> {
  await mustNotBeHalfRestored(dataDir);
  const dir = cloudDir(dataDir);
  const keys = createKeyRing(await openMasterKey(dir));
  let closing = false;
  let child: ChildProcess;

  const keepRunning = (started: ChildProcess): void => {
    started.once('exit', (code, signal) => {
      if (closing) return;
      log.warn({ code, signal }, 'the embedded cloud ended unexpectedly; starting it again');
      setTimeout(restart, RESTART_PAUSE_MS);
    });
  };
  const restart = (): void => {
    if (closing) return;
    start(dir).then(
      (ready) => {
        child = ready.child;
        keepRunning(child);
        log.info({ endpoint: ready.endpoint, cloudPid: child.pid }, 'the embedded cloud runs again');
      },
      (error: Error) => {
        log.warn({ reason: error.message }, 'the embedded cloud does not start; trying again');
        setTimeout(restart, RESTART_PAUSE_MS);
      },
    );
  };

  const first = await start(dir);
  child = first.child;
  keepRunning(child);
  log.info({ endpoint: first.endpoint, cloudPid: child.pid }, 'the embedded cloud runs');
  const control = createControlClient({
    endpoint: first.endpoint,
    accountId: HUB_ACCOUNT,
    credentials: keys.rootCredentials(HUB_ACCOUNT),
  });
  for (const stack of hubStacks({ accountId: HUB_ACCOUNT, region: LOCAL_REGION, corsOrigins })) {
    await control.applyStack(stack);
  }
  return {
    endpoint: first.endpoint,
    region: LOCAL_REGION,
    hubAccountId: HUB_ACCOUNT,
    brokerRoleArn: `arn:aws:iam::${HUB_ACCOUNT}:role/${BROKER_ROLE_NAME}`,
    mode1RoleArn: mode1Names(HUB_ACCOUNT, LOCAL_REGION).roleArn,
    credentials: {
      uri: `${first.endpoint}/_cloudmr/credentials/${HUB_ACCOUNT}/${BROKER_ROLE_NAME}`,
      token: keys.containerToken(HUB_ACCOUNT, BROKER_ROLE_NAME),
    },
    async close() {
      closing = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(limit);
    },
  };
}

async function start(dir: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), [], {
    execArgv: process.execArgv,
    // Nothing of the person's environment: a real AWS profile can never be used by accident.
    env: { CLOUDMR_LOCAL_DIR: dir, PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  try {
    const endpoint = await new Promise<string>((resolve, reject) => {
      child.on('message', (message: { type?: string; endpoint?: string }) => {
        if (message.type === 'ready' && message.endpoint) resolve(message.endpoint);
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(new Error(`the embedded cloud ended while starting (${signal ?? code})`));
      });
    });
    return { child, endpoint };
  } finally {
    clearTimeout(limit);
  }
}
