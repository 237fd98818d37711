/** The services of one broker process over any implementation of the ports. */
import { createAudit } from '../../services/audit/audit.ts';
import { createClockwork, PIECES } from '../../services/clockwork/clockwork.ts';
import { patientCloud } from '../../services/clockwork/patient-cloud.ts';
import { createShares } from '../../services/clockwork/shares.ts';
import { createFeed } from '../../services/jobs/feed.ts';
import { createMoves } from '../../services/jobs/moves.ts';
import { createObserve } from '../../services/jobs/observe.ts';
import { createJobServices } from '../../services/jobs/services.ts';
import { createStart } from '../../services/jobs/start.ts';
import { createWaiting } from '../../services/jobs/waiting.ts';
import { watchJobs } from '../../services/jobs/watched-jobs.ts';
import type { Clock, Ids, Log, UnitCloud } from '../../services/ports.ts';
import type { Principal } from '../../services/principal.ts';
import type { CallerIdentities, UnitProbe, UnitTrust } from '../../services/units/ports.ts';
import { createUnitServices, type Release } from '../../services/units/services.ts';
import type { WebhookCaller } from '../../services/webhooks/ports.ts';
import { createWebhookServices } from '../../services/webhooks/services.ts';
import type { Stores } from '../../src/aws/stores/stores.ts';
import { AppError } from '../../src/errors.ts';
import { readRelease } from '../../src/release.ts';
import { runEstimator } from '../../src/run-estimator.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import { createHandTimers } from './hand-timers.ts';

export const TOKEN_SECRET = 'a token secret for tests, long enough';
const HUB = '111111111111';

export interface BrokerParts {
  readonly stores: Stores;
  readonly cloud: UnitCloud;
  readonly callers: CallerIdentities;
  readonly trust: UnitTrust;
  readonly probe: UnitProbe;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly origins?: readonly string[];
  /** Where the console is served. Default: the web interface of the stacks. */
  readonly consoleOrigin?: string;
  readonly proofCallers?: string[];
  /** Calls webhooks. Default: there are none. */
  readonly caller?: WebhookCaller;
  /** Whether it shares background work with the other processes. Default: it does all of it. */
  readonly shared?: boolean;
  /** Whose token somebody shows who has none of the job. Default: nobody's. */
  readonly authenticate?: (bearer: string) => Promise<Principal>;
}

export type BrokerProcess = ReturnType<typeof brokerOf>;

let release: Release | undefined;

/** Puts the services together as the composition root does. */
export function brokerOf(parts: BrokerParts) {
  const { stores, cloud, clock, ids, log, callers, trust, probe, origins = [], proofCallers = ['*'] } = parts;
  release ??= readRelease();
  const timers = createHandTimers();
  const feed = createFeed({
    jobs: stores.jobs,
    clock,
    timers,
    log,
    render: ({ state, version, attempt }) => JSON.stringify({ state, version, attempt }),
  });
  const audit = createAudit({ store: stores.audit, clock, ids, log });
  const common = { clock, ids, log, tokenSecret: TOKEN_SECRET };
  const shares = parts.shared
    ? createShares({
        members: stores.members,
        pieces: PIECES,
        generation: 1,
        release: release.worker.version,
        figures: () => ({}),
        hands: () => quarantine.hands(),
        ...common,
      })
    : undefined;
  const mine = shares ? shares.mine : () => true;
  const hooks =
    parts.caller &&
    createWebhookServices({
      ...stores,
      caller: parts.caller,
      audit,
      mine: () => mine('webhooks'),
      ...common,
    });
  const jobs = watchJobs(hooks ? hooks.announcer.announced(stores.jobs) : stores.jobs, {
    ...feed,
    sure: async () => {},
    doubt: (job) => void feed.heard(job),
  });
  const moves = createMoves({ jobs, clock });
  const base = { units: stores.units, cloud, moves, clock, ids, log, audit, tokenSecret: TOKEN_SECRET };
  const steps = { ...base, cloud: patientCloud(cloud, { clock, ids }) };
  const waiting = createWaiting({ ...base, waiters: stores.waiters });
  const { units, watch } = createUnitServices({
    units: stores.units,
    users: stores.users,
    tokens: stores.tokens,
    holdings: stores.holdings,
    jobs,
    cloud,
    callers,
    trust,
    probe,
    ticker: { nudge: (jobId) => ticker.nudge(jobId) },
    audit,
    clock,
    ids,
    log,
    hubAccountId: HUB,
    brokerRoleArn: `arn:aws:iam::${HUB}:role/CloudMRBrainRole`,
    tokenSecret: TOKEN_SECRET,
    origins,
    consoleOrigin: () => parts.consoleOrigin ?? 'https://gui.test',
    proofCallers,
    release,
    goOn: waiting.goOn,
    mine: () => mine('unit-checks'),
    visit: (unit) => sweep.visit(unit),
  });
  const start = createStart({
    watch,
    waiting,
    ...steps,
    users: stores.users,
    publicUrl: 'http://127.0.0.1:9',
  });
  const observe = createObserve(steps);
  const { ticker, poison, quarantine, sweep, lateRepair } = createClockwork({
    ...steps,
    stores,
    shares,
    jobs,
    start,
    observe,
    timers,
  });
  const work = createJobServices({
    ...base,
    stores,
    jobs,
    units,
    observe,
    lookForLost: lateRepair.look,
    authenticate: parts.authenticate ?? nobody,
    ticker,
    estimateRun: runEstimator,
    prices: PRICES,
    fairUse: {},
    timers,
    tokenSecret: TOKEN_SECRET,
  });
  return {
    hooks,
    shares,
    jobs,
    feed,
    timers,
    ticker,
    poison,
    sweep,
    lateRepair,
    units,
    watch,
    moves,
    observe,
    submit: work.submit,
    users: work.jobs,
    retry: work.retry,
    endedJobs: work.endedJobs,
    callbacks: work.callbacks,
    caps: work.caps,
  };
}

async function nobody(): Promise<never> {
  throw new AppError('not_signed_in', 'nobody signs in here');
}
