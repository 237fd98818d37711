/**
 * A broker without a process: the real application over a table of its own in the embedded cloud, people who
 * are signed in, and computing units whose accounts are in memory, so that tests decide how runs end.
 */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import {
  auditedCaps,
  auditedEndedJobs,
  auditedJobs,
  auditedRelease,
  auditedRetry,
  auditedSwitch,
} from '../../services/audit/audited.ts';
import type { Mailer } from '../../services/mail/ports.ts';
import { createOperations } from '../../services/operations/operations.ts';
import { createKillSwitch } from '../../services/units/kill-switch.ts';
import { type AppDeps, buildApp } from '../../src/app.ts';
import { createIds } from '../../src/aws/ids.ts';
import type { Config } from '../../src/config.ts';
import { createConsoleFiles } from '../../src/console-files.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createAdmission } from '../../src/plugins/admission.ts';
import type { Api } from '../../src/plugins/zod.ts';
import type { WebhookCallerOptions } from '../../src/security/webhook-caller.ts';
import { httpServices } from './http-services.ts';
import { signedBy } from './memory-account.ts';
import { type Answer, type Person, personOf } from './person.ts';
import { newTable } from './table.ts';

export const SECRET = 'a-secret-of-the-tests-0123456789-0123456789';
export const HUB = '111111111111';
export const RESEARCHER = '222222222222';
/** Small enough to be reached, large enough for what other tests do. */
export const FAIR_USE = { jobsPerMonth: 40, jobsAtOnce: 30, usdPerMonth: 5 };
export const PASSWORD = 'Correct-horse.7';
/** Later than any run of the tests: nothing that ends by this clock has ended for the table's own. */
const START = Date.UTC(2099, 10, 22, 9, 30);

export type { Answer, Person };

/** Builds the broker; `t.teardown` closes it. */
export async function broker(
  t: { teardown(close: () => Promise<void>): unknown },
  overrides: Partial<AppDeps> & {
    oidc?: Config['oidc'];
    webhookCaller?: WebhookCallerOptions;
    mailer?: Mailer;
    /** Shared by several brokers. Default: one of its own. */
    table?: Awaited<ReturnType<typeof newTable>>;
  } = {},
  prepare?: (app: Api) => void,
) {
  let now = START;
  const clock = (): number => now;
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const ids = createIds(clock);
  const { tableName, documents } = overrides.table ?? (await newTable(HUB));
  const {
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
  } = httpServices({
    ...overrides,
    documents,
    tableName,
    clock,
    ids,
    log,
    tokenSecret: SECRET,
    hubAccountId: HUB,
    fairUse: FAIR_USE,
  });
  const awsCalls = () => [{ service: 'S3', operation: 'HeadObject', calls: 2, errors: { NotFound: 1 } }];
  const app = await buildApp({
    identity,
    units,
    ...work,
    jobs: auditedJobs(work.jobs, audit),
    caps: auditedCaps(work.caps, audit),
    retry: auditedRetry(work.retry, audit),
    endedJobs: auditedEndedJobs(work.endedJobs, audit),
    audit,
    operations: createOperations({ queues: stores.queues, jobs: jobStore, ticker, overview, clock }),
    releaseJob: auditedRelease(poison, audit),
    awsCalls,
    webhooks: hooks.webhooks,
    killSwitch: auditedSwitch(
      waiting.opening(createKillSwitch({ store: stores.killSwitch, units: unitStore, cloud, clock })),
      audit,
    ),
    feed,
    versions,
    timers,
    clock,
    byMail: overrides.mailer !== undefined,
    admission: createAdmission(10_000),
    readiness: async () => ({ checks: { store: true, tick: true }, dependencies: [] }),
    stuck: () => false,
    metrics: createMetrics({ awsCalls, ticker: ticker.stats, streams: feed.streams, errors, overview }),
    log,
    newRequestId: ids.next,
    corsOrigins: ['https://gui.test'],
    consoleFiles: createConsoleFiles(),
    consoleSettings: () => ({ apiUrl: 'https://broker.test', region: 'us-east-1', templateUrl: null }),
    bucketOrigins: ['https://*.amazonaws.com'],
    trustProxy: false,
    limits: { perMinute: 10_000, signInsPerMinute: 10_000 },
    ...overrides,
  });
  prepare?.(app);
  t.teardown(() => app.close());

  async function login(email: string, password = PASSWORD): Promise<Person> {
    const answer = await app.inject({ method: 'POST', url: '/api/auth/login', payload: { email, password } });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    const signed = answer.json();
    return personOf(app, email, signed);
  }

  /** Registers, approves and signs in. */
  async function person(email: string): Promise<Person> {
    const user = await identity.register({ email, password: PASSWORD });
    await identity.approve(user.userId);
    return login(email);
  }

  async function administrator(): Promise<Person> {
    const made = await identity.ensureAdmin('admin@localhost');
    if (!made) throw new Error('there is an administrator already');
    return login(made.email, made.password);
  }

  return {
    app,
    log,
    lines,
    cloud,
    account,
    watch,
    /** Registers a Mode 2 unit with everything that makes it ready. */
    async proven(who: Person, body: object = MODE_2, accountId = RESEARCHER): Promise<Answer> {
      const { externalId, request } = (await who.post('/api/computing-unit/challenges', {})).json();
      const proof = signedBy(accountId, request.headers['x-cloudmr-challenge']);
      return who.post('/api/computing-unit/register', { ...body, externalId, proof });
    },
    identity,
    audit,
    deliverer: hooks.deliverer,
    feed,
    timers,
    jobStore,
    unitStore,
    userStore: users,
    dataStore: stores.data,
    tableName,
    /** The client of the table: what is read can be counted there. */
    documents,
    passwordWork,
    ticker,
    shares,
    news,
    budgets,
    aside: stores.aside,
    waiters: stores.waiters,
    signer,
    clock,
    login,
    person,
    administrator,
    /** Everything that is stored, as text. */
    async stored(): Promise<string> {
      return JSON.stringify((await documents.send(new ScanCommand({ TableName: tableName }))).Items);
    },
    /** Moves time. */
    pass(ms: number) {
      now += ms;
    },
  };
}
export type Broker = Awaited<ReturnType<typeof broker>>;

/** Registration of the platform's unit, as its pipeline writes it. */
export const MODE_1 = {
  appName: 'MR Optimum',
  mode: 'mode_1',
  provider: 'cloudmrhub',
  awsAccountId: HUB,
  region: 'us-east-1',
  stateMachineArn: `arn:aws:states:us-east-1:${HUB}:stateMachine:jobs`,
  resultsBucket: 'hub-results',
  failedBucket: 'hub-failed',
  dataBucket: 'hub-data',
  alias: 'Mode 1',
  isDefault: true,
};

/** Registration of a researcher's unit. */
export const MODE_2 = {
  ...MODE_1,
  mode: 'mode_2',
  provider: 'user',
  awsAccountId: RESEARCHER,
  stateMachineArn: `arn:aws:states:us-east-1:${RESEARCHER}:stateMachine:jobs`,
  resultsBucket: 'lab-results',
  failedBucket: 'lab-failed',
  dataBucket: 'lab-data',
  alias: 'Lab',
  crossAccountRoleArn: `arn:aws:iam::${RESEARCHER}:role/broker-access`,
  isDefault: false,
};

/** A task that names one signal file: uploaded, or with `{ type: 'local' }` a path. */
export function taskWith(
  location: { bucket: string; key: string } | { type: 'local'; multiraid: boolean },
  filename = 'signal.dat',
) {
  return {
    version: 'v0',
    acquisition: 2,
    type: 'snr',
    id: 0,
    name: 'ac',
    options: {
      reconstructor: {
        type: 'recon',
        id: 0,
        name: 'rss',
        options: { signal: { type: 'file', options: { type: 's3', filename, ...location } } },
      },
    },
  };
}
