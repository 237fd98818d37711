import { createAudit } from '../../services/audit/audit.ts';
import { auditedUnits } from '../../services/audit/audited.ts';
import { createBudgets } from '../../services/clockwork/budgets.ts';
import { createClockwork, PIECES } from '../../services/clockwork/clockwork.ts';
import { patientCloud } from '../../services/clockwork/patient-cloud.ts';
import { createShares } from '../../services/clockwork/shares.ts';
import { createIdentityServices } from '../../services/identity/services.ts';
import { createJobChanges } from '../../services/jobs/changes.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { createObserve } from '../../services/jobs/observe.ts';
import { createJobServices } from '../../services/jobs/services.ts';
import { createStart } from '../../services/jobs/start.ts';
import { createWaiting } from '../../services/jobs/waiting.ts';
import { watchJobs } from '../../services/jobs/watched-jobs.ts';
import type { Mailer } from '../../services/mail/ports.ts';
import { createErrorWindow } from '../../services/operations/error-window.ts';
import { createOverview } from '../../services/operations/overview.ts';
import { createUnitServices } from '../../services/units/services.ts';
import { createWebhookServices } from '../../services/webhooks/services.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import type { Config } from '../../src/config.ts';
import type { createLog } from '../../src/log.ts';
import { ownFigures } from '../../src/process-figures.ts';
import { readRelease } from '../../src/release.ts';
import { runEstimator } from '../../src/run-estimator.ts';
import { toJobView } from '../../src/schemas/http/jobs.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import { QUOTAS } from '../../src/schemas/quotas.ts';
import { createForeignTokens } from '../../src/security/foreign-tokens.ts';
import { createPasswords } from '../../src/security/passwords.ts';
import { createTokenSigner } from '../../src/security/token-signer.ts';
import { createWebhookCaller, type WebhookCallerOptions } from '../../src/security/webhook-caller.ts';
import { createHandTimers } from './hand-timers.ts';
import { memoryAccount } from './memory-account.ts';
import { memoryCloud } from './memory-cloud.ts';

/** Every name is somewhere on the public internet. */
const anywhere = async () => [{ address: '93.184.216.34', family: 4 }];

type StoreDeps = Parameters<typeof createStores>[0];
type JobDeps = Parameters<typeof createJobServices>[0];

export interface HttpServiceOptions
  extends Pick<StoreDeps, 'documents' | 'tableName' | 'clock'>,
    Pick<JobDeps, 'ids' | 'tokenSecret' | 'fairUse'> {
  readonly log: ReturnType<typeof createLog>;
  readonly hubAccountId: string;
  readonly oidc?: Config['oidc'];
  readonly webhookCaller?: WebhookCallerOptions;
  readonly mailer?: Mailer;
}

/** Builds them; nothing runs by itself. */
export function httpServices({
  documents,
  tableName,
  clock,
  ids,
  log,
  tokenSecret,
  hubAccountId,
  fairUse,
  oidc,
  webhookCaller,
  mailer,
}: HttpServiceOptions) {
  const stores = createStores({ documents, tableName, cursorSecret: tokenSecret, clock, log });
  const { users, tokens, units: unitStore } = stores;
  const timers = createHandTimers();
  const { news, feed, versions, watcher } = createJobChanges({
    ...stores,
    view: () => shares.view(),
    identity: () => identity,
    clock,
    timers,
    log,
    render: (job) => JSON.stringify(toJobView(job)),
  });
  const audit = createAudit({ store: stores.audit, clock, ids, log });
  const hooks = createWebhookServices({
    ...stores,
    caller: createWebhookCaller({ resolve: anywhere, ...webhookCaller }),
    audit,
    clock,
    ids,
    log,
    tokenSecret,
  });
  const jobStore = watchJobs(hooks.announcer.announced(stores.jobs), watcher);
  const cloud = memoryCloud(clock);
  const moves = createMoves({ jobs: jobStore, clock });
  const common = { units: unitStore, cloud, moves, clock, ids, log, audit, tokenSecret };
  const steps = { ...common, cloud: patientCloud(cloud, { clock, ids }) };
  const observe = createObserve(steps);
  const account = memoryAccount();
  const waiting = createWaiting({ ...common, waiters: stores.waiters });
  const { units: bareUnits, watch } = createUnitServices({
    units: unitStore,
    users,
    tokens,
    holdings: stores.holdings,
    jobs: jobStore,
    cloud,
    callers: account,
    trust: account,
    probe: account,
    ticker: { nudge: (jobId) => ticker.nudge(jobId) },
    audit,
    clock,
    ids,
    log,
    hubAccountId,
    brokerRoleArn: `arn:aws:iam::${hubAccountId}:role/broker`,
    tokenSecret,
    origins: ['https://gui.test'],
    consoleOrigin: () => 'https://gui.test',
    proofCallers: ['*'],
    release: readRelease(),
    goOn: waiting.goOn,
  });
  const start = createStart({
    watch,
    waiting,
    ...steps,
    users,
    publicUrl: 'http://broker.test',
  });
  const { ticker, sweep, poison, lateRepair } = createClockwork({
    ...steps,
    stores,
    jobs: jobStore,
    start,
    observe,
    timers,
  });
  // Everybody who signs in costs one: as cheap as they come.
  const hasher = createPasswords({ memoryCost: 64, timeCost: 1 });
  const passwordWork = { verified: 0 };
  const passwords: typeof hasher = {
    ...hasher,
    verify(hash, password) {
      passwordWork.verified++;
      return hasher.verify(hash, password);
    },
  };
  const signer = createTokenSigner(tokenSecret);
  const units = auditedUnits(bareUnits, audit);
  const identity = createIdentityServices({
    ...stores,
    mailer,
    place: () => 'https://gui.test',
    ids,
    clock,
    log,
    tokenSecret,
    passwords,
    signer,
    news,
    foreignTokens: oidc && createForeignTokens({ ...oidc, clock }),
    audit,
    leftBehind: [hooks.webhooks, units],
  });
  const work = createJobServices({
    ...common,
    stores,
    jobs: jobStore,
    units,
    observe,
    lookForLost: lateRepair.look,
    authenticate: identity.authenticate,
    ticker,
    estimateRun: runEstimator,
    prices: PRICES,
    fairUse,
    timers,
    tokenSecret,
  });
  const errors = createErrorWindow(clock);
  const budgets = createBudgets({ quotas: QUOTAS, live: () => 1, clock, timers });
  const own = () => ownFigures({ ticker, sweep, poison, budgets, errors });
  const shares = createShares({
    members: stores.members,
    pieces: PIECES,
    generation: 1,
    release: 'test',
    figures: own,
    unheard: () => news.unheard(),
    clock,
    ids,
    log,
  });
  const overview = createOverview({ ...stores, jobs: jobStore, shares, own, quotas: QUOTAS, clock });
  return {
    account,
    audit,
    budgets,
    cloud,
    errors,
    feed,
    hooks,
    identity,
    jobStore,
    news,
    overview,
    passwordWork,
    poison,
    shares,
    signer,
    stores,
    ticker,
    timers,
    unitStore,
    units,
    users,
    versions,
    waiting,
    watch,
    work,
  };
}
