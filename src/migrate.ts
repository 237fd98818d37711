/**
 * `npm run migrate`: brings the items of the table to the form of this release, while brokers run. With credentials of
 * an operator on AWS (the broker's role may not scan); in the embedded cloud as the root of its account.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type AwsClients, createAwsClients } from './aws/clients.ts';
import { createBaseCredentials } from './aws/credentials.ts';
import { KINDS } from './aws/table/kinds.ts';
import { createMigration } from './aws/table/migration.ts';
import { loadTableConfig, type TableConfig } from './config.ts';
import { createLog } from './log.ts';

const USAGE = `Usage: npm run migrate -- [--dry-run] [--per-second N] [--from CURSOR] [--json]
  --dry-run       counts what would be written, and writes nothing
  --per-second N  items looked at in a second, at most (default 200)
  --from CURSOR   goes on where an interrupted run has stopped
  --json          one JSON document on standard output`;

function flags() {
  return parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      'per-second': { type: 'string', default: '200' },
      from: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

async function main(): Promise<number> {
  let values: ReturnType<typeof flags>;
  try {
    values = flags();
  } catch (error) {
    say(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const perSecond = Number(values['per-second']);
  if (values.help || !Number.isInteger(perSecond) || perSecond < 1) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const config = loadTableConfig();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const { clients, close } = await open(config);
  try {
    const migration = createMigration({
      documents: clients.documents,
      tableName: config.tableName,
      kinds: KINDS,
      pause,
      clock: Date.now,
      leftAlone: (key, why) => say(`left alone: ${key}: ${why}`),
    });
    const done = await migration.run({
      dryRun: values['dry-run'],
      perSecond,
      from: values.from,
      signal: stop.signal,
      onProgress: ({ scanned, upgraded, cursor }) =>
        say(`${scanned} looked at, ${upgraded} upgraded, at ${cursor ?? 'the end'}`),
    });
    if (values.json) process.stdout.write(`${JSON.stringify({ dryRun: values['dry-run'], ...done })}\n`);
    if (done.cursor === undefined) return 0;
    say(`Interrupted. Go on: npm run migrate -- --from ${done.cursor}`);
    return 130;
  } finally {
    await close();
  }
}

/** The embedded cloud that runs, or one for the while. Throws if there is no state: a new one needs no migration. */
async function open(config: TableConfig): Promise<{ clients: AwsClients; close: () => Promise<void> }> {
  const { region } = config;
  if (config.cloud === 'aws') {
    const clients = createAwsClients({
      region,
      credentials: createBaseCredentials({ kind: 'default' }, Date.now),
    });
    return { clients, close: async () => clients.close() };
  }
  const [{ cloudDir, HUB_ACCOUNT, launchEmbeddedCloud }, { createKeyRing, openMasterKey }] =
    await Promise.all([import('../infra/local/launch.ts'), import('../infra/local/credentials.ts')]);
  const dataDir = resolve(config.dataDir);
  const running = await endpointOf(join(cloudDir(dataDir), 'port'));
  if (!running && !existsSync(join(cloudDir(dataDir), 'master.key'))) {
    throw new Error(`${dataDir} holds no state. Name the folder of the broker: DATA_DIR`);
  }
  const cloud = running ? undefined : await launchEmbeddedCloud({ dataDir, log: createLog('warn') });
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const clients = createAwsClients({
    region,
    endpoint: running ?? cloud?.endpoint,
    credentials: async () => keys.rootCredentials(HUB_ACCOUNT),
  });
  return {
    clients,
    async close() {
      clients.close();
      await cloud?.close();
    },
  };
}

/** Undefined if no embedded cloud answers. */
async function endpointOf(portFile: string): Promise<string | undefined> {
  try {
    const endpoint = `http://127.0.0.1:${(await readFile(portFile, 'utf8')).trim()}`;
    const { ok } = await fetch(`${endpoint}/_cloudmr/health`);
    return ok ? endpoint : undefined;
  } catch {
    // No file, or nobody listens: it does not run.
    return undefined;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    say(`The migration cannot go on: ${error.message}`);
    process.exitCode = 1;
  },
);
