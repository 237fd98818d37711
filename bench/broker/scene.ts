/**
 * The real broker over the embedded cloud, all of it in this process: people who are signed in, and a Mode 2 unit
 * in an account of its own for each, whose state machine ends at once and names the result of its job.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startCloud } from '../../infra/local/cloud.ts';
import { createControlClient } from '../../infra/local/control-client.ts';
import { BROKER_ROLE_NAME, hubStacks } from '../../infra/local/stacks/hub.ts';
import { mode2Names, mode2Stack } from '../../infra/local/stacks/mode2.ts';
import { type AppDeps, buildApp } from '../../src/app.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { createIds } from '../../src/aws/ids.ts';
import { createStores } from '../../src/aws/stores/stores.ts';
import { loadConfig } from '../../src/config.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import type { Api } from '../../src/plugins/zod.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { withProof } from '../../test/helpers/samples.ts';

const REGION = 'us-east-1';
export const HUB = '111111111111';
const SECRET = 'a secret of the benchmark, which signs tokens';
const PASSWORD = 'Correct-horse.7-bench';
/** Of the result objects, `zip!`. */
export const RESULT_SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export interface Person {
  readonly userId: string;
  readonly authorization: string;
  readonly unit: Unit;
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

/**
 * The time of the whole process is moved, the SDK's too: its clients take a server that is suddenly minutes ahead for a
 * wrong clock of their own, and repeat whatever is refused meanwhile, which would be counted as the broker's calls.
 */
const realNow = Date.now;

/** Opens it with `people` persons and their units; `close` removes everything. */
export async function openScene({ people }: { people: number }) {
  const dir = mkdtempSync(join(tmpdir(), 'cloudmr-bench-'));
  let moved = 0;
  Date.now = () => realNow() + moved;
  const clock = (): number => Date.now();
  const cloud = await startCloud({ dir, clock, projectRoot: resolve(import.meta.dirname, '../..') });
  const { endpoint } = cloud;
  const control = (accountId: string) =>
    createControlClient({ endpoint, accountId, credentials: cloud.rootCredentials(accountId), clock });
  const [brokerStack] = hubStacks({ accountId: HUB, region: REGION, corsOrigins: ['http://localhost'] });
  await control(HUB).applyStack(brokerStack);

  const log = createLog('silent');
  const config = loadConfig({ REQUESTS_PER_MINUTE: '10000000', SIGN_INS_PER_MINUTE: '10000000' });
  const { uri, token } = cloud.credentialsUri(HUB, BROKER_ROLE_NAME);
  const brokerRoleArn = `arn:aws:iam::${HUB}:role/${BROKER_ROLE_NAME}`;
  const deps = createDeps({
    config,
    place: {
      endpoint,
      region: REGION,
      hubAccountId: HUB,
      brokerRoleArn,
      credentials: { kind: 'container', uri, token },
    },
    tokenSecret: SECRET,
    publicUrl: () => 'http://127.0.0.1:9',
    log,
    clock,
  });
  const app = await buildApp(deps.app);
  const root = createAwsClients({
    region: REGION,
    endpoint,
    credentials: async () => cloud.rootCredentials(HUB),
  });
  const { documents } = root;
  const stores = createStores({ documents, tableName: config.tableName, cursorSecret: SECRET, clock, log });
  const ids = createIds(clock);

  async function enrol(index: number): Promise<Person> {
    const { userId } = await deps.identity.register({ email: `p${index}@example.org`, password: PASSWORD });
    await deps.identity.approve(userId);
    const { id_token } = await deps.identity.login(`p${index}@example.org`, PASSWORD, '127.0.0.1');
    const unit = mode2Unit(ids.next(), userId, index, clock());
    const stackName = `bench-${index}`;
    const stack = mode2Stack({
      stackName,
      accountId: unit.awsAccountId,
      region: REGION,
      appId: unit.appId,
      brokerRoleArn,
      externalId: unit.externalId ?? '',
      corsOrigins: ['http://localhost'],
    });
    const machines = stack.stateMachines.map((machine) => ({ ...machine, definition: endsAtOnce(unit) }));
    await control(unit.awsAccountId).applyStack({ ...stack, stateMachines: machines });
    if ((await stores.units.put(unit)) !== 'stored') throw new Error('the unit was not stored');
    return { userId, authorization: `Bearer ${id_token}`, unit };
  }

  const persons: Person[] = [];
  for (let index = 0; index < people; index++) persons.push(await enrol(index));
  return {
    app: app as Api,
    deps: deps.app as AppDeps,
    loop: deps.loop,
    persons,
    stores,
    documents,
    tableName: config.tableName,
    clock,
    cloud,
    endpoint,
    control: control(HUB),
    /** Moves time. */
    pass(ms: number): void {
      moved += ms;
    },
    async close(): Promise<void> {
      await deps.loop.stop();
      Date.now = realNow;
      await app.close();
      await deps.close();
      root.close();
      await cloud.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function mode2Unit(unitId: string, ownerId: string, index: number, now: number): Unit {
  const awsAccountId = String(222222222200 + index);
  const { stateMachineArn, crossAccountRoleArn, buckets } = mode2Names(
    `bench-${index}`,
    awsAccountId,
    REGION,
  );
  return withProof({
    unitId,
    ownerId,
    appId: 'mroptimum',
    mode: 'mode_2',
    provider: 'user',
    alias: `unit ${index}`,
    awsAccountId,
    region: REGION,
    stateMachineArn,
    dataBucket: buckets.data,
    resultsBucket: buckets.results,
    failedBucket: buckets.failed,
    crossAccountRoleArn,
    externalId: `cloudmr-bench-0123456789abcdefgh-${index}`,
    isDefault: true,
    isShared: false,
    status: 'ready',
    missing: [],
    createdAt: now,
    updatedAt: now,
    version: 1,
  });
}

/** A definition that answers as the worker does after a run, without the worker. */
function endsAtOnce({ resultsBucket }: Unit): string {
  const owner = "States.ArrayGetItem(States.StringSplit($.key, '/'), 1)";
  return JSON.stringify({
    StartAt: 'Done',
    States: {
      Done: {
        Type: 'Pass',
        Parameters: {
          bucket: resultsBucket,
          'key.$': `States.Format('mroptimum/{}/{}/{}/result.zip', ${owner}, $.jobId, $.attempt)`,
          sizeBytes: 4,
          sha256: RESULT_SHA256,
          seconds: 1.5,
          summary: { medianSnr: 40, maxSnr: 90, slices: 1, matrix: [96, 96, 1], coils: 16, warnings: 0 },
        },
        End: true,
      },
    },
  });
}

/** The body with which a person submits a job to their unit. */
export function submission({ userId, unit }: Person, alias: string): object {
  const place = { bucket: unit.dataBucket, key: `mroptimum/${userId}/uploads/signal.dat` };
  const signal = { type: 'file', options: { type: 's3', filename: 'signal.dat', ...place } };
  const reconstructor = { type: 'recon', id: 0, name: 'rss', options: { signal } };
  return {
    cloudapp_name: 'MR Optimum',
    alias,
    computing_unit_id: unit.unitId,
    task: { version: 'v0', type: 'snr', id: 0, name: 'ac', options: { reconstructor } },
  };
}
