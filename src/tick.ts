/**
 * One minute of the broker's loop, without its server: the schedule of the broker's stack starts it, so that what
 * is due moves even if no broker process ticks. Several loops at once do no harm.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from './config.ts';
import { createDeps } from './deps.ts';
import { createLog } from './log.ts';
import { createSmtpMailer } from './security/smtp-mailer.ts';

const RUN_MS = 45_000;

const config = loadConfig();
if (config.cloud !== 'aws')
  throw new Error('The embedded broker ticks by itself: CLOUDMR_CLOUD must be aws.');
const { region, hubAccountId, brokerRoleArn, mode1RoleArn, tokenSecret, publicUrl, smtp } = config;
const log = createLog(config.logLevel);
const roles = { brokerRoleArn, mode1RoleArn };
const deps = createDeps({
  config,
  place: { endpoint: undefined, region, hubAccountId, ...roles, credentials: { kind: 'default' } },
  tokenSecret,
  publicUrl: () => publicUrl,
  log,
  clock: Date.now,
  mailer: smtp && createSmtpMailer(smtp),
  tracer: undefined,
});
deps.loop.start();
await pause(RUN_MS);
const healthy = deps.loop.healthy();
await deps.loop.stop();
await deps.close();
log.info({ healthy }, 'the scheduled tick has ended');
