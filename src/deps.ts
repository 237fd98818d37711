/** Composition root: from the configuration to stores, services and the loop. */
import type { Tracer } from '@opentelemetry/api';
import type { Logger } from 'pino';
import {
  auditedCaps,
  auditedEndedJobs,
  auditedJobs,
  auditedRelease,
  auditedRetry,
  auditedSwitch,
  auditedUnits,
  recordRoleUse,
} from '../services/audit/audited.ts';
import { createClockwork } from '../services/clockwork/clockwork.ts';
import type { Identity } from '../services/identity/identity.ts';
import { createIdentityServices } from '../services/identity/services.ts';
import { createJobChanges } from '../services/jobs/changes.ts';
import { createMoves } from '../services/jobs/moves.ts';
import { createObserve } from '../services/jobs/observe.ts';
import { createJobServices } from '../services/jobs/services.ts';
import { createStart } from '../services/jobs/start.ts';
import { createWaiting } from '../services/jobs/waiting.ts';
import { watchJobs } from '../services/jobs/watched-jobs.ts';
import type { Mailer } from '../services/mail/ports.ts';
import { createErrorWindow } from '../services/operations/error-window.ts';
import { createFigures } from '../services/operations/figures.ts';
import { createOperations } from '../services/operations/operations.ts';
import { createOverview } from '../services/operations/overview.ts';
import type { Clock } from '../services/ports.ts';
import { createUnitServices } from '../services/units/services.ts';
import { createWebhookServices } from '../services/webhooks/services.ts';
import { type CloudPlace, createAdapters } from './adapters.ts';
import type { AppDeps } from './app.ts';
import { createCallerIdentities } from './aws/accounts/caller-identity.ts';
import { createUnitProbe } from './aws/accounts/unit-probe.ts';
import { createUnitTrust } from './aws/accounts/unit-trust.ts';
import { createIds } from './aws/ids.ts';
import type { Config } from './config.ts';
import { createConsoleFiles } from './console-files.ts';
import { createGuardFigures } from './guard-figures.ts';
import { createLoop, type Loop, together } from './loop.ts';
import { createMetrics } from './metrics.ts';
import { createAdmission } from './plugins/admission.ts';
import { ownFigures, workTotals } from './process-figures.ts';
import { createReadiness } from './readiness.ts';
import { readRelease } from './release.ts';
import { runEstimator } from './run-estimator.ts';
import { toJobView } from './schemas/http/jobs.ts';
import { partitionOf } from './schemas/ids.ts';
import type { Job } from './schemas/job.ts';
import { PRICES } from './schemas/prices.ts';
import { createForeignTokens } from './security/foreign-tokens.ts';
import { createPasswords } from './security/passwords.ts';
import { createTokenSigner } from './security/token-signer.ts';
import { createWebhookCaller } from './security/webhook-caller.ts';

/** Buckets of computing units may be in any region of any partition; nothing else of AWS answers to browsers. */
const BUCKET_ORIGINS = ['https://*.amazonaws.com', 'https://*.amazonaws.com.cn'];

export interface DepsOptions {
  readonly config: Pick<
    Config,
    | 'tableName'
    | 'metricsToken'
    | 'oidc'
    | 'corsOrigins'
    | 'trustProxy'
    | 'limits'
    | 'fairUse'
    | 'proofCallers'
    | 'workerDigests'
    | 'smtp'
    | 'mode2TemplateUrl'
    | 'quotas'
  >;
  readonly place: CloudPlace;
  readonly tokenSecret: string;
  /** Base URL for callbacks; asked when a job starts, because a free port is only known after listening. */
  readonly publicUrl: () => string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Undefined: no mail; administrators hand reset codes over. */
  readonly mailer?: Mailer;
  /** Undefined: no traces. */
  readonly tracer?: Tracer;
}

export interface Deps {
  readonly app: AppDeps;
  readonly identity: Identity;
  readonly loop: Loop;
  /** Closes the connections to AWS, when what is under way has been stored. */
  close(): Promise<void>;
}

/** Builds everything; nothing runs and nothing is asked of AWS yet. */
export function createDeps(options: DepsOptions): Deps {
  const { config, place, tokenSecret, publicUrl, mailer, log, clock, tracer } = options;
  const { region, endpoint, hubAccountId, brokerRoleArn } = place;
  const platform = { accountId: hubAccountId, mode1RoleArn: place.mode1RoleArn ?? brokerRoleArn };
  const ids = createIds(clock);
  const errors = createErrorWindow(clock);
  const adapters = createAdapters({
    config,
    place,
    platform,
    cursorSecret: tokenSecret,
    log,
    clock,
    ids,
    figures: () => ownFigures({ ticker, sweep, poison, budgets, errors }),
    unheard: () => news.unheard(),
    hands: () => quarantine.hands(),
  });
  const { clients, health, stores, audit, uses, cloud, killSwitch, budgets, shares, timers } = adapters;

  // The life of a job; whatever is written to it reaches the feed
  const render = (job: Job): string => JSON.stringify(toJobView(job));
  const { news, feed, versions, watcher } = createJobChanges({
    ...stores,
    view: shares.view,
    identity: () => identity,
    stored: (job) => metrics.stored(job),
    clock,
    timers,
    log,
    render,
  });
  const hooks = createWebhookServices({
    ...stores,
    caller: createWebhookCaller(),
    audit,
    clock,
    ids,
    log,
    tokenSecret,
    mine: () => shares.mine('webhooks'),
  });
  const jobs = watchJobs(hooks.announcer.announced(stores.jobs), watcher);
  const moves = createMoves({ jobs, clock });
  const steps = { units: stores.units, cloud: adapters.jobCloud, moves, clock, ids, log, audit, tokenSecret };
  const observe = createObserve(steps);
  const waiting = createWaiting({ ...steps, waiters: stores.waiters });
  const { units: bareUnits, watch } = createUnitServices({
    ...stores,
    jobs,
    cloud,
    callers: createCallerIdentities({ endpoint, partition: partitionOf(brokerRoleArn), region, clock }),
    trust: createUnitTrust({
      sts: clients.sts,
      platform,
      mustBeOpen: killSwitch.mustBeOpen,
      onAssumed: recordRoleUse(audit),
    }),
    probe: createUnitProbe(adapters),
    ticker: { nudge: (jobId) => ticker.nudge(jobId) },
    audit,
    clock,
    ids,
    log,
    hubAccountId,
    brokerRoleArn,
    tokenSecret,
    origins: config.corsOrigins,
    consoleOrigin: () => new URL(publicUrl()).origin,
    proofCallers: config.proofCallers,
    release: readRelease(config.workerDigests),
    mine: () => shares.mine('unit-checks'),
    visit: (unit) => sweep.visit(unit),
    goOn: waiting.goOn,
  });
  const start = createStart({
    watch,
    waiting,
    ...steps,
    users: stores.users,
    get publicUrl() {
      return publicUrl();
    },
  });
  const { ticker, sweep, lateRepair, poison, quarantine } = createClockwork({
    ...steps,
    stores,
    jobs,
    start,
    observe,
    shares,
    timers,
  });
  const overview = createOverview({
    ...stores,
    jobs,
    shares,
    own: () => ownFigures({ ticker, sweep, poison, budgets, errors }),
    quotas: config.quotas,
    clock,
  });
  const admission = createAdmission(config.limits.inFlight);
  const metrics = createMetrics({
    awsCalls: clients.counts.list,
    ticker: ticker.stats,
    streams: feed.streams,
    errors,
    overview,
    guards: createGuardFigures({ admission, health, poison }),
    ofProcess: true,
  });
  const figures = createFigures({
    overview,
    totals: () => ({ ...metrics.totals(), ...workTotals({ ticker, budgets, counts: clients.counts }) }),
    mine: () => shares.mine('figures'),
    clock,
    log,
  });

  // Use cases
  const units = auditedUnits(bareUnits, audit);
  const identity = createIdentityServices({
    ...stores,
    mailer,
    place: () => config.corsOrigins[0] ?? publicUrl(),
    ids,
    clock,
    log,
    tokenSecret,
    passwords: createPasswords(),
    signer: createTokenSigner(tokenSecret),
    news,
    foreignTokens: config.oidc && createForeignTokens({ ...config.oidc, clock }),
    audit,
    leftBehind: [hooks.webhooks, units],
  });
  const tickers = [shares, news, ticker, watch, hooks.deliverer, lateRepair, identity.outbox, uses, figures];
  const loop = together(tickers.map((each) => createLoop({ ticker: each, clock, log })));
  const work = createJobServices({
    ...steps,
    cloud,
    stores,
    jobs,
    units,
    observe,
    lookForLost: lateRepair.look,
    authenticate: identity.authenticate,
    ticker,
    estimateRun: runEstimator,
    prices: PRICES,
    fairUse: config.fairUse,
    timers,
    tokenSecret,
  });
  return {
    identity,
    loop,
    async close() {
      figures.flush();
      await uses.flush();
      await news.leave();
      await adapters.leave();
      await audit.settled();
      clients.close();
    },
    app: {
      identity,
      units,
      ...work,
      jobs: auditedJobs(work.jobs, audit),
      caps: auditedCaps(work.caps, audit),
      retry: auditedRetry(work.retry, audit),
      endedJobs: auditedEndedJobs(work.endedJobs, audit),
      audit,
      operations: createOperations({ queues: stores.queues, jobs, ticker, overview, clock }),
      releaseJob: auditedRelease(poison, audit),
      awsCalls: clients.counts.list,
      webhooks: hooks.webhooks,
      killSwitch: auditedSwitch(waiting.opening(killSwitch), audit),
      feed,
      versions,
      timers,
      clock,
      byMail: config.smtp !== undefined,
      readiness: createReadiness({ users: stores.users, loop, health, clock }),
      stuck: loop.stuck,
      admission,
      metrics,
      metricsToken: config.metricsToken,
      tracer,
      log,
      newRequestId: ids.next,
      corsOrigins: config.corsOrigins,
      consoleFiles: createConsoleFiles(),
      consoleSettings: () => ({ apiUrl: publicUrl(), region, templateUrl: config.mode2TemplateUrl ?? null }),
      bucketOrigins: endpoint ? [endpoint] : BUCKET_ORIGINS,
      trustProxy: config.trustProxy,
      limits: config.limits,
    },
  };
}
