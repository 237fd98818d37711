/**
 * B5: the confused deputy, played out. Ada's account is registered and proven; Eve knows everything about it that
 * can be known or guessed (ARNs, buckets, even the external ID) and tries to have the broker work there for her.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import t from 'tap';
import { createKeyRing, openMasterKey } from '../../infra/local/credentials.ts';
import { type Api, ApiError, signIn } from '../../infra/local/demo/api.ts';
import { mode2Registration, signChallenge } from '../../infra/local/demo/units.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../../infra/local/launch.ts';
import { type Laptop, startLaptop } from '../helpers/laptop.ts';

const EVES_ACCOUNT = '666666666666';
const PASSWORD = 'Correct-horse.7-battery';

async function secondPerson(laptop: Laptop): Promise<Api> {
  const email = 'eve@example.org';
  const answer = await fetch(`${laptop.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD, username: 'eve' }),
  });
  const { userId } = (await answer.json()) as { userId: string };
  await laptop.admin.call('POST', `/api/admin/users/${userId}/approve`);
  return signIn(laptop.url, email, PASSWORD);
}

/** All items of units and their claims, as they are stored. */
async function storedUnits(laptop: Laptop): Promise<string[]> {
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: laptop.endpoint,
      region: LOCAL_REGION,
      credentials: keys.rootCredentials(HUB_ACCOUNT),
    }),
  );
  const { Items = [] } = await client.send(new ScanCommand({ TableName: 'cloudmr', ConsistentRead: true }));
  client.destroy();
  return Items.map((item) => String(item['pk']))
    .filter((pk) => /^(UNIT|UNITKEY|ROLE)#/.test(pk))
    .sort();
}

t.test('B5: the confused deputy', async (t) => {
  const laptop = await startLaptop(t);
  const eve = await secondPerson(laptop);
  const { computingUnitId } = laptop.units.mode_2;
  const ada = await laptop.researcher.call<{ externalId: string }>(
    'GET',
    `/api/computing-unit/${computingUnitId}`,
  );
  const keys = createKeyRing(await openMasterKey(cloudDir(laptop.dataDir)));
  const guess = { ...mode2Registration('mroptimum-mode2'), externalId: ada.externalId };
  const before = await storedUnits(laptop);
  const control = await laptop.control(HUB_ACCOUNT);
  await control.clearCalls();

  const refused = async (name: string, body: object, code: string | RegExp): Promise<void> => {
    const error = await eve.call('POST', '/api/computing-unit/register', body).then(
      (stored) => stored,
      (thrown: unknown) => thrown,
    );
    t.ok(error instanceof ApiError, `${name}: ${JSON.stringify(error)}`);
    if (error instanceof ApiError) t.match(error.code, code, `${name}: ${error.message}`);
  };
  const challenge = (person: Api) =>
    person.call<Parameters<typeof signChallenge>[0]>('POST', '/api/computing-unit/challenges', {});

  await t.test("T1: Ada's role with everything guessable right", async () => {
    await refused('without a proof', guess, 'ownership_refused');
    await refused(
      'as another machine',
      { ...guess, stateMachineArn: `${guess.stateMachineArn}2` },
      'ownership_refused',
    );
    const eves = signChallenge(await challenge(eve), keys.rootCredentials(EVES_ACCOUNT));
    await refused("with a proof of Eve's own account", { ...guess, proof: eves }, 'ownership_refused');
    // A role of Ada's account that nobody has registered yet.
    const free = {
      ...guess,
      crossAccountRoleArn: `arn:aws:iam::${RESEARCHER_ACCOUNT}:role/other-CloudMRCrossAccountRole`,
      stateMachineArn: `${guess.stateMachineArn}2`,
    };
    const again = signChallenge(await challenge(eve), keys.rootCredentials(EVES_ACCOUNT));
    await refused('a role that is still free', { ...free, proof: again }, 'ownership_refused');
  });

  await t.test("T1, T24: Ada's role without her external ID", async (t) => {
    const { externalId: _, ...rest } = guess;
    const register = async (roleArn: string): Promise<Record<string, unknown>> => {
      const stored = await eve.call<{ status: string; computingUnitId: string; missing: string[] }>(
        'POST',
        '/api/computing-unit/register',
        { ...rest, crossAccountRoleArn: roleArn },
      );
      const { computingUnitId, status, missing } = stored;
      const task = { alias: 'x', computing_unit_id: computingUnitId, task: {} };
      await t.rejects(eve.call('POST', '/api/task/queue', task), { code: 'unit_not_ready' });
      await eve.call('DELETE', `/api/computing-unit/${computingUnitId}`);
      return { status, missing };
    };
    const adas = await register(guess.crossAccountRoleArn);
    t.match(adas, { status: 'pending', missing: [/^ownership_proof: /, /^registration: /] });
    t.same(adas, await register(`${guess.crossAccountRoleArn}-never-seen`), 'the same as of any other role');
  });

  await t.test('T9: replayed, mutated and borrowed proofs', async () => {
    const free = { ...guess, crossAccountRoleArn: guess.crossAccountRoleArn.replace('mode2-', 'mode3-') };
    const adas = await challenge(laptop.researcher);
    const proof = signChallenge(adas, keys.rootCredentials(RESEARCHER_ACCOUNT));
    await refused("Ada's proof, handed in by Eve", { ...free, proof }, 'challenge_used');
    const own = await challenge(eve);
    const signed = signChallenge(own, keys.rootCredentials(EVES_ACCOUNT));
    await refused('her own, first use', { ...free, proof: signed }, 'ownership_refused');
    await refused('her own, replayed', { ...free, proof: signed }, 'challenge_used');
    const mixed = signChallenge(await challenge(eve), keys.rootCredentials(EVES_ACCOUNT));
    const swapped = {
      headers: { ...mixed.headers, authorization: proof.headers['authorization'] },
    };
    await refused("Ada's signature under Eve's challenge", { ...free, proof: swapped }, 'ownership_refused');
  });

  await t.test("Ada's buckets behind a role of Eve's own account", async (t) => {
    const registration = {
      ...guess,
      externalId: undefined,
      awsAccountId: EVES_ACCOUNT,
      stateMachineArn: guess.stateMachineArn.replace(RESEARCHER_ACCOUNT, EVES_ACCOUNT),
      crossAccountRoleArn: guess.crossAccountRoleArn.replace(RESEARCHER_ACCOUNT, EVES_ACCOUNT),
    };
    const proof = signChallenge(await challenge(eve), keys.rootCredentials(EVES_ACCOUNT));
    const stored = await eve.call<{ status: string; computingUnitId: string }>(
      'POST',
      '/api/computing-unit/register',
      { ...registration, proof },
    );
    t.equal(stored.status, 'pending', 'her account is proven, but nothing of it works');
    await eve.call('DELETE', `/api/computing-unit/${stored.computingUnitId}`);
  });

  t.same(await storedUnits(laptop), before, 'nothing is stored');
  const calls = (await control.calls()).filter(({ accountId }) => accountId === RESEARCHER_ACCOUNT);
  t.notOk(
    calls.some(({ service, operation }) => service === 'states' || operation === 'PutObject'),
    `nothing ran: ${JSON.stringify(calls)}`,
  );
  t.match(
    await laptop.researcher.call('GET', `/api/computing-unit/${computingUnitId}`),
    { status: 'ready', externalId: ada.externalId },
    'and Ada has not been touched',
  );
});
