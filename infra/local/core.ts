/** The part of the embedded cloud that knows accounts: one port, keys, registry, IAM, STS, control, faults. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createVault, type Vault } from './backup/vault.ts';
import { type CallCounter, createCallCounter } from './calls.ts';
import { AwsError, type Clock } from './contract.ts';
import { createControl } from './control.ts';
import { createKeyRing, type KeyRing, openMasterKey } from './credentials.ts';
import { createFaults, type Faults } from './faults.ts';
import { createGateway, type Services } from './gateway.ts';
import { type Authorizer, createAuthorizer } from './iam/authorize.ts';
import { createTrust } from './iam/trust.ts';
import { createQuotaService } from './quotas.ts';
import { type CloudRegistry, openRegistry } from './registry.ts';
import { createSts, type Sts } from './sts.ts';
import { createTables } from './tables.ts';

export interface CoreOptions {
  /** Where everything is kept. */
  readonly dir: string;
  /** 0: the port of the last start of this directory if it is free, else any. */
  readonly port: number;
  readonly clock: Clock;
  /** How long to wait for another process to give the directory free; default 0. */
  readonly lockWaitMs?: number;
  /** Gets defects of the embedded cloud; never a request or a secret. */
  readonly reportError: (error: unknown) => void;
}

export interface Core {
  readonly endpoint: string;
  readonly port: number;
  readonly keys: KeyRing;
  readonly registry: CloudRegistry;
  readonly authorizer: Authorizer;
  readonly sts: Sts;
  readonly faults: Faults;
  readonly calls: CallCounter;
  /** Services join here; until then they answer 503. */
  readonly services: Services;
  /** What goes into a backup; services add their stores. */
  readonly vault: Vault;
  /** Stops listening; requests under way may finish within a short grace. */
  stopListening(): Promise<void>;
  /** Closes the store; the last thing to do. */
  close(): Promise<void>;
}

/** Longer than the idle connections of the SDK live, so that it never writes into a closing one. */
const KEEP_ALIVE_MS = 72_000;
const CLOSE_GRACE_MS = 2_000;
const IDLE_SWEEP_MS = 20;

/** Opens the store and listens on 127.0.0.1. Throws if the store is in use or a demanded port is taken. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { dir, port, clock, reportError } = options;
  await mkdir(dir, { recursive: true });
  const keys = createKeyRing(await openMasterKey(dir));
  const vault = createVault();
  const registry = await openRegistry(dir, options.lockWaitMs, (level) => vault.add('registry', level));
  const authorizer = createAuthorizer({ registry, clock });
  const trust = createTrust({ registry, authorizer });
  const sts = createSts({ registry, keys, authorizer, trust, clock });
  const faults = createFaults();
  const calls = createCallCounter();
  const quotas = createQuotaService();
  const services: Services = { json: new Map([[quotas.name, quotas]]) };
  const control = createControl({
    registry,
    faults,
    calls,
    keys,
    vault,
    setQuota: quotas.set,
    taskCredentials: sts.forService('ecs-tasks.amazonaws.com'),
    async deployTables(document) {
      if (document.tables.length === 0) return;
      const dynamodb = services.json.get('dynamodb');
      if (!dynamodb) throw new AwsError('ServiceUnavailable', 'dynamodb is starting.', 503);
      await createTables(dynamodb, document);
    },
  });
  const gateway = createGateway({ clock, sts, authorizer, control, faults, calls, services, reportError });
  // Uploads may take their time; a silent client is cut by the header and keep-alive limits.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, gateway.handle);
  server.on('checkContinue', gateway.handleExpecting);
  try {
    await listen(server, dir, port);
  } catch (error) {
    await registry.close();
    throw error;
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    endpoint: `http://127.0.0.1:${bound}`,
    port: bound,
    keys,
    registry,
    authorizer,
    sts,
    faults,
    calls,
    services,
    vault,
    stopListening: () => closeServer(server),
    close: () => registry.close(),
  };
}

/** Clients keep the endpoint in their settings, so a directory keeps its port over restarts. */
async function listen(server: Server, dir: string, port: number): Promise<void> {
  const memory = join(dir, 'port');
  const last = port === 0 ? await lastPort(memory) : port;
  try {
    await bind(server, last);
  } catch (error) {
    if (port !== 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    await bind(server, 0);
  }
  // Renamed into place: half a number would be another port.
  await writeFile(`${memory}.new`, String((server.address() as AddressInfo).port));
  await rename(`${memory}.new`, memory);
}

async function lastPort(memory: string): Promise<number> {
  try {
    const port = Number(await readFile(memory, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function bind(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Connections whose last answer is just being written become idle a moment later.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const limit = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
