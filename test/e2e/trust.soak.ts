/** A unit whose trust is broken: the job fails with a code that names who must act, and nothing ran over there. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { mode2Stack } from '../../infra/local/stacks/mode2.ts';
import { fileReference, type Laptop, startLaptop, submitReferences } from '../helpers/laptop.ts';

const RAW = join(import.meta.dirname, '../fixtures/raw');
const STACK = {
  stackName: 'mroptimum-mode2',
  accountId: RESEARCHER_ACCOUNT,
  region: LOCAL_REGION,
  appId: 'mroptimum',
  brokerRoleArn: `arn:aws:iam::${HUB_ACCOUNT}:role/CloudMRBrainRole`,
  corsOrigins: ['*'],
};

/** Writes into the stored unit behind the broker's back, as a bug or an attacker with database access would. */
async function tamper(laptop: Laptop, change: Record<string, string | undefined>): Promise<void> {
  const healthy = { status: 'ready', checks: [], missing: [] };
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: laptop.endpoint,
      region: LOCAL_REGION,
      credentials: keys.rootCredentials(HUB_ACCOUNT),
    }),
  );
  const Key = { pk: `UNIT#${laptop.units.mode_2.computingUnitId}`, sk: 'UNIT' };
  const { Item } = await client.send(new GetCommand({ TableName: 'cloudmr', Key }));
  const body = JSON.stringify({ ...JSON.parse(Item?.['body']), ...healthy, ...change });
  await client.send(new PutCommand({ TableName: 'cloudmr', Item: { ...Item, body } }));
  client.destroy();
}

async function executionsStarted(laptop: Laptop): Promise<number> {
  const control = await laptop.control(RESEARCHER_ACCOUNT);
  const calls = await control.calls();
  return calls
    .filter((call) => call.operation === 'StartExecution' && call.accountId === RESEARCHER_ACCOUNT)
    .reduce((sum, call) => sum + call.count, 0);
}

/** The unit once it is degraded: it is looked at again because a job could not be started, a moment after that job's end. */
async function degraded(laptop: Laptop): Promise<unknown> {
  const path = `/api/computing-unit/${laptop.units.mode_2.computingUnitId}`;
  for (let i = 0; i < 100; i++) {
    const unit = await laptop.researcher.call<{ status: string }>('GET', path);
    if (unit.status === 'degraded') return unit;
    await sleep(100);
  }
  throw new Error('the unit was not degraded within 10 s');
}

t.test('broken trust', async (t) => {
  const laptop = await startLaptop(t);
  const signal = await fileReference(laptop.researcher, join(RAW, 'brain16.h5'), laptop.units.mode_2);
  // What is known of a file is not asked of the account again, so that a submit gets as far as the start.
  const [file] = await laptop.researcher.call<{ id: string }[]>('GET', '/api/data/read');
  await laptop.researcher.call('POST', `/api/data/${file.id}/confirm`, {});
  const submit = (): Promise<string> => submitReferences(laptop.researcher, laptop.units.mode_2, { signal });

  t.test(
    'R138, R145: a wrong external ID in the trust policy: unit_trust_broken, the owner of the unit must act',
    async (t) => {
      const control = await laptop.control(RESEARCHER_ACCOUNT);
      await control.applyStack(mode2Stack({ ...STACK, externalId: 'cloudmr-anotherIdOfTheSameLengthAs' }));
      const job = await laptop.ended(await submit());
      t.equal(job.state, 'failed');
      t.equal(job.failure?.code, 'unit_trust_broken');
      t.equal(job.failure?.actor, 'unit_owner');
      t.match(job.failure?.remedy, /external ID/);
      t.equal(await executionsStarted(laptop), 0);
      const unit = await degraded(laptop);
      t.match(unit, { status: 'degraded', missing: [/^assume_role: /], whoMustAct: ['unit_owner'] });
      await t.rejects(submit(), { code: 'unit_not_ready' }, 'and no further job is taken');
    },
  );

  t.test('T1: no external ID known to the broker: refused before any call', async (t) => {
    await tamper(laptop, { externalId: undefined });
    const job = await laptop.ended(await submit());
    t.equal(job.failure?.code, 'unit_trust_broken');
    t.equal(await executionsStarted(laptop), 0);
  });

  t.test('T5: a role of another account: unit_wrong_account', async (t) => {
    await tamper(laptop, {
      externalId: 'cloudmr-any',
      crossAccountRoleArn: 'arn:aws:iam::333333333333:role/mroptimum-mode2-CloudMRCrossAccountRole',
    });
    const job = await laptop.ended(await submit());
    t.equal(job.failure?.code, 'unit_wrong_account');
    t.equal(job.failure?.actor, 'unit_owner');
    t.equal(await executionsStarted(laptop), 0);
  });
});

t.test('a session that AWS calls expired: renewed once without a word, then session_expired', async (t) => {
  const laptop = await startLaptop(t);
  const signal = await fileReference(laptop.researcher, join(RAW, 'brain16.h5'), laptop.units.mode_2);
  const control = await laptop.control(RESEARCHER_ACCOUNT);

  await control.addFault({ service: 'states', operation: 'StartExecution', kind: 'expired', times: 1 });
  const renewed = await laptop.ended(
    await submitReferences(laptop.researcher, laptop.units.mode_2, { signal }),
  );
  t.equal(renewed.state, 'succeeded', renewed.failure?.message ?? '');

  await control.addFault({ service: 'states', operation: 'StartExecution', kind: 'expired' });
  const failed = await laptop.ended(
    await submitReferences(laptop.researcher, laptop.units.mode_2, { signal }),
  );
  t.equal(failed.failure?.code, 'session_expired');
  t.equal(failed.failure?.actor, 'operator');
});
