/**
 * The embedded cloud for tests of the adapters: the hub's account with the broker's role and table, and a
 * researcher's account with a Mode 2 role. In this process, on a free port, with a clock that tests move.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Cloud, startCloud } from '../../infra/local/cloud.ts';
import type { RoleResource, StackDocument } from '../../infra/local/contract.ts';
import { type ControlClient, createControlClient } from '../../infra/local/control-client.ts';
import { BROKER_ROLE_NAME, hubStacks, mode1Names, mode1Role } from '../../infra/local/stacks/hub.ts';
import type { UnitCloud } from '../../services/ports.ts';
import { createSessions, type Sessions } from '../../src/aws/accounts/sessions.ts';
import { createUnitCloud } from '../../src/aws/accounts/unit-cloud.ts';
import type { Platform } from '../../src/aws/accounts/unit-role.ts';
import { type AwsClients, type AwsClientsOptions, createAwsClients } from '../../src/aws/clients.ts';
import { type CredentialProvider, createBaseCredentials } from '../../src/aws/credentials.ts';
import { type Stores, storesOn } from '../../src/aws/stores/stores.ts';
import { createCursors } from '../../src/aws/table/cursor.ts';
import { createItemTable, type ItemTable } from '../../src/aws/table/item-table.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { createMemoryLog, type MemoryLog } from './memory-log.ts';
import { sampleUnit } from './samples.ts';
import { serviceTrust } from './service-trust.ts';

export const REGION = 'us-east-1';
export const HUB = '111111111111';
export const RESEARCHER = '222222222222';
const TABLE = 'cloudmr';

/** A clock that only tests move; starts at the real time. */
export interface TestClock {
  (): number;
  advance(ms: number): void;
}

export interface TestCloud {
  readonly endpoint: string;
  readonly cloud: Cloud;
  readonly clock: TestClock;
  /** The broker's role, as a container gets it. */
  readonly baseCredentials: CredentialProvider;
  readonly clients: AwsClients;
  readonly log: MemoryLog;
  readonly table: ItemTable;
  readonly stores: Stores;
  readonly sessions: Sessions;
  readonly unitCloud: UnitCloud;
  /** A Mode 1 unit in the hub's account and a Mode 2 unit in the researcher's; not stored. */
  readonly platform: Platform;
  readonly mode1: Unit;
  readonly mode2: Unit;
  /** Clients of one's own, for example with short time-outs. Closed with the test. */
  newClients(options?: Pick<AwsClientsOptions, 'timeouts'>): AwsClients;
  /** Clients with the keys of an account's root: they may do everything there. */
  rootClients(accountId: string): { clients: AwsClients; credentials: CredentialProvider };
  /** Orders faults, counts calls, deploys stacks. */
  control(accountId: string): ControlClient;
  /** How often an operation was asked for since the last `control.clearCalls()`. */
  calls(service: string, operation: string): Promise<number>;
  /** An item with all its attributes, and the same with some of them overwritten. */
  rawItem(pk: string, sk: string): Promise<Record<string, unknown> | undefined>;
  damage(pk: string, sk: string, over: Record<string, unknown>): Promise<void>;
}

/** Starts the cloud with both accounts; it goes with the test. */
export async function startTestCloud(t: { teardown(fn: () => unknown): unknown }): Promise<TestCloud> {
  const dir = mkdtempSync(join(tmpdir(), 'cloudmr-aws-'));
  const clock = createTestClock();
  const projectRoot = resolve(import.meta.dirname, '../..');
  const cloud = await startCloud({ dir, port: 0, clock, projectRoot });
  const { endpoint } = cloud;
  const opened: AwsClients[] = [];
  t.teardown(async () => {
    for (const clients of opened) clients.close();
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const control = (accountId: string): ControlClient =>
    createControlClient({ endpoint, accountId, credentials: cloud.rootCredentials(accountId), clock });
  const [brokerStack] = hubStacks({ accountId: HUB, region: REGION, corsOrigins: ['*'] });
  const brokerRoleArn = `arn:aws:iam::${HUB}:role/${BROKER_ROLE_NAME}`;
  const platform = { accountId: HUB, mode1RoleArn: mode1Names(HUB, REGION).roleArn };
  const mode1 = mode1Unit();
  const mode2 = sampleUnit({ awsAccountId: RESEARCHER });
  await control(HUB).applyStack(brokerStack);
  await control(HUB).applyStack(accountStack('mode1', mode1, [mode1Role(HUB, REGION)]));
  await control(RESEARCHER).applyStack(
    accountStack('mode2', mode2, [crossAccountRole(mode2, brokerRoleArn)]),
  );

  const { uri, token } = cloud.credentialsUri(HUB, BROKER_ROLE_NAME);
  const baseCredentials = createBaseCredentials({ kind: 'container', uri, token }, clock);
  const newClients: TestCloud['newClients'] = (options) => {
    const clients = createAwsClients({ region: REGION, endpoint, credentials: baseCredentials, ...options });
    opened.push(clients);
    return clients;
  };
  const clients = newClients();
  const { documents, sts } = clients;
  const log = createMemoryLog();
  const sessions = createSessions({ sts, baseCredentials, platform, clock });
  const cursors = createCursors('cursor secret');
  const table = createItemTable({ documents, tableName: TABLE, cursors, log });
  const rawItem: TestCloud['rawItem'] = async (pk, sk) =>
    (await documents.send(new GetCommand({ TableName: TABLE, Key: { pk, sk }, ConsistentRead: true }))).Item;

  return {
    endpoint,
    cloud,
    clock,
    baseCredentials,
    clients,
    log,
    table,
    stores: storesOn(table, clock),
    sessions,
    unitCloud: createUnitCloud({ clients, sessions, clock }),
    platform,
    mode1,
    mode2,
    newClients,
    rootClients(accountId) {
      const credentials: CredentialProvider = async () => cloud.rootCredentials(accountId);
      const made = createAwsClients({ region: REGION, endpoint, credentials });
      opened.push(made);
      return { clients: made, credentials };
    },
    control,
    async calls(service, operation) {
      const counts = await control(HUB).calls();
      return counts
        .filter((row) => row.service === service && row.operation === operation)
        .reduce((sum, row) => sum + row.count, 0);
    },
    rawItem,
    async damage(pk, sk, over) {
      const item = await rawItem(pk, sk);
      await documents.send(new PutCommand({ TableName: TABLE, Item: { ...item, ...over } }));
    },
  };
}

function createTestClock(): TestClock {
  let moved = 0;
  return Object.assign(() => Date.now() + moved, {
    advance(ms: number): void {
      moved += ms;
    },
  });
}

function mode1Unit(): Unit {
  const { stateMachineArn, buckets } = mode1Names(HUB, REGION);
  return sampleUnit({
    unitId: '01JGK000000000000000UNIT00',
    ownerId: 'admin',
    mode: 'mode_1',
    provider: 'cloudmrhub',
    awsAccountId: HUB,
    stateMachineArn,
    dataBucket: buckets.data,
    resultsBucket: buckets.results,
    failedBucket: buckets.failed,
    crossAccountRoleArn: undefined,
    externalId: undefined,
    isShared: true,
  });
}

/** The buckets of a unit, its state machine and a second one, plus a bucket that is nobody's unit. */
function accountStack(stackName: string, unit: Unit, roles: RoleResource[]): StackDocument {
  const statesRole = `${stackName}-states`;
  const machine = unit.stateMachineArn.split(':').at(-1) ?? '';
  return {
    stackName,
    accountId: unit.awsAccountId,
    region: REGION,
    roles: [{ name: statesRole, trust: serviceTrust('states.amazonaws.com'), policies: [] }, ...roles],
    buckets: [unit.dataBucket, unit.resultsBucket, unit.failedBucket, `${stackName}-private`].map((name) => ({
      name,
    })),
    functions: [],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [machine, `${machine}-other`].map((name) => ({
      name,
      roleName: statesRole,
      definition: JSON.stringify(DEFINITION),
    })),
    tables: [],
  };
}

/** Attempt 0 waits to be stopped; every later attempt ends at once. */
const DEFINITION = {
  StartAt: 'Choose',
  States: {
    Choose: {
      Type: 'Choice',
      Choices: [{ Variable: '$.attempt', NumericEquals: 0, Next: 'Wait' }],
      Default: 'Done',
    },
    Wait: { Type: 'Wait', Seconds: 100_000, End: true },
    Done: { Type: 'Pass', Result: { ok: true }, End: true },
  },
};

/** Deliberately wide: what a session may not do, the session policy forbids. */
function crossAccountRole(unit: Unit, brokerRoleArn: string): RoleResource {
  return {
    name: unit.crossAccountRoleArn?.split('/').at(-1) ?? '',
    maxSessionSeconds: 3_600,
    trust: {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: brokerRoleArn },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': unit.externalId ?? '' } },
        },
      ],
    },
    policies: [{ Statement: [{ Effect: 'Allow', Action: ['states:*', 's3:*'], Resource: '*' }] }],
  };
}
