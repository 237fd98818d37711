/** The process: configuration, cloud, application, loop; and all of it closed in order. */
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Tracer } from '@opentelemetry/api';
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { Mailer } from '../services/mail/ports.ts';
import type { CloudPlace } from './adapters.ts';
import { buildApp } from './app.ts';
import { type Config, ConfigError, type EmbeddedConfig, loadConfig, safe } from './config.ts';
import { createDeps } from './deps.ts';
import { createLog } from './log.ts';
import { keptTokenSecret } from './secrets.ts';
import { createSmtpMailer } from './security/smtp-mailer.ts';
import { createTerminalMailer } from './terminal-mailer.ts';

/** In-flight requests and the tick under way get this long to finish. */
const CLOSE_LIMIT_MS = 30_000;

/** What has been opened, closed in reverse order. */
type Closers = (() => Promise<void> | void)[];

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  log.info({ config: safe(config), node: process.version }, 'starting');
  if (config.unknownVariables.length > 0) {
    log.warn({ variables: config.unknownVariables }, 'these variables mean nothing to the broker');
  }
  const closers: Closers = [];
  const grace = closeWithGrace({ delay: CLOSE_LIMIT_MS, logger: log }, async ({ signal, err }) => {
    if (err) log.error({ err }, 'closing after an error');
    else log.info({ signal }, 'closing');
    for (const close of closers.reverse()) await close();
    log.info({}, 'closed');
  });
  // A program that started the broker with a channel to it (the demo, a test) takes it along when it dies.
  process.once('disconnect', () => void grace.close());

  const { place, tokenSecret } = await findPlace(config, log, closers);
  let ownUrl = '';
  const deps = createDeps({
    config,
    place,
    tokenSecret,
    publicUrl: () => config.publicUrl ?? ownUrl,
    log,
    clock: Date.now,
    mailer: findMailer(config),
    tracer: await findTracer(config, closers),
  });
  closers.push(() => deps.close());
  const app = await buildApp(deps.app);
  closers.push(() => deps.loop.stop());
  closers.push(() => app.close());
  await app.listen({ port: config.port, host: config.host });
  ownUrl = urlOf(app.server.address() as AddressInfo);
  const admin = await deps.identity.ensureAdmin(config.adminEmail, config.adminPassword);
  deps.loop.start();
  log.info({ cloud: config.cloud, region: place.region }, 'ready');
  // For the person at the terminal, once: the password is in no log and nowhere else. Who has given it, knows it.
  if (admin && config.adminPassword === undefined)
    say(`First administrator: ${admin.email}, password (shown only now): ${admin.password}`);
  say(`CloudMR Broker is ready at ${ownUrl}`);
  say(`Open ${ownUrl}/console to work with it, or ${ownUrl}/docs to browse the API.`);
}

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Where nobody reads along: a line like all others, which RestartsAlarm counts.
    if (!process.stderr.isTTY) createLog('error').error({ problem: error.message }, 'cannot start');
    process.stderr.write(`${error.message}\nSee .env.example for all variables.\n`);
    process.exit(1);
  }
}

async function findPlace(
  config: Config,
  log: Logger,
  closers: Closers,
): Promise<{ place: CloudPlace; tokenSecret: string }> {
  if (config.cloud === 'embedded') return embeddedPlace(config, log, closers);
  const { region, hubAccountId, brokerRoleArn, mode1RoleArn, tokenSecret } = config;
  const credentials = { kind: 'default' } as const;
  const roles = { brokerRoleArn, mode1RoleArn };
  return { place: { endpoint: undefined, region, hubAccountId, ...roles, credentials }, tokenSecret };
}

/** By the configured server, or at the terminal of whoever runs everything on one machine. */
function findMailer({ smtp, cloud }: Config): Mailer | undefined {
  if (smtp) return createSmtpMailer(smtp);
  return cloud === 'embedded' ? createTerminalMailer(say) : undefined;
}

/** Loads OpenTelemetry only if the configuration names a collector. */
async function findTracer({ traces }: Config, closers: Closers): Promise<Tracer | undefined> {
  if (!traces) return undefined;
  const { startTraces } = await import('./traces.ts');
  const { tracer, close } = startTraces(traces);
  closers.push(close);
  return tracer;
}

/** Loads the embedded cloud, which nothing else in the broker does. */
async function embeddedPlace(
  config: EmbeddedConfig,
  log: Logger,
  closers: Closers,
): Promise<{ place: CloudPlace; tokenSecret: string }> {
  const dataDir = resolve(config.dataDir);
  const { launchEmbeddedCloud } = await import('../infra/local/launch.ts');
  const corsOrigins = config.corsOrigins.length > 0 ? [...config.corsOrigins] : undefined;
  const cloud = await launchEmbeddedCloud({ dataDir, corsOrigins, log });
  closers.push(() => cloud.close());
  // After the cloud, which makes no new state where a restore was cut off.
  const tokenSecret = config.tokenSecret ?? (await keptTokenSecret(dataDir));
  const { endpoint, region, hubAccountId, brokerRoleArn, mode1RoleArn } = cloud;
  const credentials = { kind: 'container', ...cloud.credentials } as const;
  const roles = { brokerRoleArn, mode1RoleArn };
  return { place: { endpoint, region, hubAccountId, ...roles, credentials }, tokenSecret };
}

/** The address a person on this machine can open. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  const { message, remedy } = error as { message?: string; remedy?: string };
  process.stderr.write(
    `The broker cannot start: ${message ?? String(error)}${remedy ? `\n${remedy}` : ''}\n`,
  );
  // close-with-grace takes it from here: it closes what was opened and exits with 1.
  process.nextTick(() => {
    throw error;
  });
});
