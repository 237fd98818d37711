/** Where brokers of a bench run: the embedded cloud in a process of its own, a person with a Mode 2 unit in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlClient, createControlClient } from '../../infra/local/control-client.ts';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import {
  cloudDir,
  HUB_ACCOUNT,
  LOCAL_REGION,
  launchEmbeddedCloud,
  RESEARCHER_ACCOUNT,
} from '../../infra/local/launch.ts';
import { mode2Names, mode2Stack } from '../../infra/local/stacks/mode2.ts';
import type { CloudPlace } from '../../src/adapters.ts';
import { type AwsClients, createAwsClients } from '../../src/aws/clients.ts';
import type { AwsCredentials } from '../../src/aws/credentials.ts';
import { createIds } from '../../src/aws/ids.ts';
import { createStores, type Stores } from '../../src/aws/stores/stores.ts';
import { loadConfig } from '../../src/config.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { withProof } from '../../test/helpers/samples.ts';

const SECRET = 'a secret of the bench, which signs tokens';
const PASSWORD = 'Correct-horse.7-bench';
const EMAIL = 'rosalind@example.org';
const STACK = 'drill';

/** What a broker process needs to know. */
export type BenchPlace = CloudPlace & { readonly tokenSecret: string };

export interface Place {
  readonly forBrokers: BenchPlace;
  readonly unit: Unit;
  readonly userId: string;
  /** The table as it is, past all faults. */
  readonly stores: Stores;
  readonly hub: AwsClients;
  readonly researcher: AwsClients;
  readonly control: ControlClient;
  readonly tableName: string;
  /** Keys of the root of the unit's account. */
  rootOfUnit(): Promise<AwsCredentials>;
  /** The header of the person, signed in anew. */
  authorization(): Promise<string>;
  close(): Promise<void>;
}

export interface PlaceOptions {
  /** Percent of the callbacks that never leave the worker. */
  readonly lostCallbacks: number;
  /** Further variables of the worker. */
  readonly workerEnvironment?: Readonly<Record<string, string>>;
}

/** Opens it; `close` removes everything. */
export async function openPlace(options: PlaceOptions): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-drill-'));
  const log = createLog('silent');
  const cloud = await launchEmbeddedCloud({ dataDir, corsOrigins: ['http://localhost'], log });
  const { endpoint, brokerRoleArn, hubAccountId, region } = cloud;
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const rootOf = (accountId: string) =>
    createAwsClients({ region, endpoint, credentials: async () => keys.rootCredentials(accountId) });
  const controlOf = (accountId: string): ControlClient =>
    createControlClient({ endpoint, accountId, credentials: keys.rootCredentials(accountId) });
  const [hub, researcher] = [rootOf(HUB_ACCOUNT), rootOf(RESEARCHER_ACCOUNT)];
  const config = loadConfig({ SIGN_INS_PER_MINUTE: '100000' });
  const forBrokers: BenchPlace = {
    endpoint,
    region,
    hubAccountId,
    brokerRoleArn,
    credentials: { kind: 'container', ...cloud.credentials },
    tokenSecret: SECRET,
  };
  const stores = createStores({
    documents: hub.documents,
    tableName: config.tableName,
    cursorSecret: SECRET,
    clock: Date.now,
    log,
  });
  // A broker that only enrols people; its loop is never started.
  const office = createDeps({
    config,
    place: forBrokers,
    tokenSecret: SECRET,
    publicUrl: () => 'http://127.0.0.1:9',
    log,
    clock: Date.now,
  });
  const { userId } = await office.identity.register({ email: EMAIL, password: PASSWORD });
  await office.identity.approve(userId);
  const unit = unitOf(createIds(Date.now).next(), userId);
  await controlOf(RESEARCHER_ACCOUNT).applyStack(stackOf(unit, brokerRoleArn, options));
  if ((await stores.units.put(unit)) !== 'stored') throw new Error('the unit was not stored');
  return {
    forBrokers,
    unit,
    userId,
    stores,
    hub,
    researcher,
    control: controlOf(HUB_ACCOUNT),
    tableName: config.tableName,
    rootOfUnit: async () => keys.rootCredentials(RESEARCHER_ACCOUNT),
    async authorization() {
      const { id_token } = await office.identity.login(EMAIL, PASSWORD, '127.0.0.1');
      return `Bearer ${id_token}`;
    },
    async close() {
      await office.close();
      hub.close();
      researcher.close();
      await cloud.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The stack of Mode 2 with another worker, and a state machine that has one step. */
function stackOf(unit: Unit, brokerRoleArn: string, { lostCallbacks, workerEnvironment }: PlaceOptions) {
  const stack = mode2Stack({
    stackName: STACK,
    accountId: RESEARCHER_ACCOUNT,
    region: LOCAL_REGION,
    appId: unit.appId,
    brokerRoleArn,
    externalId: unit.externalId ?? '',
    corsOrigins: ['http://localhost'],
  });
  const run = stack.functions.find(({ name }) => name.endsWith('RunJob'));
  if (!run) throw new Error('the stack has no worker');
  const environment = {
    ...run.environment,
    ...workerEnvironment,
    DRILL_LOST_CALLBACKS: String(lostCallbacks),
  };
  const worker = { ...run, handler: 'bench/drill/worker.ts#handler', timeoutSeconds: 120, environment };
  const Run = {
    Type: 'Task',
    Resource: `arn:aws:lambda:${LOCAL_REGION}:${RESEARCHER_ACCOUNT}:function:${worker.name}`,
    Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 5, BackoffRate: 2 }],
    End: true,
  };
  const definition = JSON.stringify({ StartAt: 'Run', States: { Run } });
  return {
    ...stack,
    functions: [worker],
    stateMachines: stack.stateMachines.map((machine) => ({ ...machine, definition })),
  };
}

function unitOf(unitId: string, ownerId: string): Unit {
  const names = mode2Names(STACK, RESEARCHER_ACCOUNT, LOCAL_REGION);
  const now = Date.now();
  return withProof({
    unitId,
    ownerId,
    appId: 'mroptimum',
    mode: 'mode_2',
    provider: 'user',
    alias: 'the unit of the drill',
    awsAccountId: RESEARCHER_ACCOUNT,
    region: LOCAL_REGION,
    stateMachineArn: names.stateMachineArn,
    dataBucket: names.buckets.data,
    resultsBucket: names.buckets.results,
    failedBucket: names.buckets.failed,
    crossAccountRoleArn: names.crossAccountRoleArn,
    externalId: 'cloudmr-drill-0123456789abcdefghij',
    isDefault: true,
    isShared: false,
    status: 'ready',
    missing: [],
    trustCheckedAt: now,
    createdAt: now,
    updatedAt: now,
    version: 1,
  });
}
