/** The two units of the demo: Mode 1 registered by the administrator, Mode 2 deployed and registered by a researcher. */
import { createControlClient } from '../control-client.ts';
import { createKeyRing, openMasterKey } from '../credentials.ts';
import { cloudDir, HUB_ACCOUNT, LOCAL_REGION, RESEARCHER_ACCOUNT } from '../launch.ts';
import { type SigningCredentials, signRequest } from '../sigv4/sign.ts';
import { mode1Names } from '../stacks/hub.ts';
import { type Mode2Options, mode2Names, mode2Stack } from '../stacks/mode2.ts';
import { type Api, send, signIn } from './api.ts';

const APP = 'mroptimum';

export interface DemoUnit {
  mode: 'mode_1' | 'mode_2';
  account: string;
  computingUnitId: string;
}

/** Registers the platform's unit, as its deploy pipeline does. */
export async function registerMode1(admin: Api): Promise<DemoUnit> {
  const { stateMachineArn, buckets } = mode1Names(HUB_ACCOUNT, LOCAL_REGION);
  const unit = await admin.call<{ computingUnitId: string }>('POST', '/api/computing-unit/register', {
    appId: APP,
    mode: 'mode1',
    provider: 'cloudmrhub',
    awsAccountId: HUB_ACCOUNT,
    region: LOCAL_REGION,
    stateMachineArn,
    resultsBucket: buckets.results,
    failedBucket: buckets.failed,
    dataBucket: buckets.data,
    isDefault: true,
    isShared: true,
  });
  return { mode: 'mode_1', account: HUB_ACCOUNT, computingUnitId: unit.computingUnitId };
}

/** An account on the broker: registered by the person, approved by the administrator. */
export async function newResearcher(url: string, admin: Api, password: string): Promise<Api> {
  const email = 'researcher@example.org';
  const { userId } = await send<{ userId: string }>(url, 'POST', '/api/auth/register', {
    email,
    password,
    username: 'researcher',
    firstname: 'Rosalind',
    lastname: 'Researcher',
  });
  await admin.call('POST', `/api/admin/users/${userId}/approve`);
  return signIn(url, email, password);
}

interface Challenge {
  externalId: string;
  brokerRoleArn: string;
  request: { method: 'POST'; url: string; headers: Record<string, string>; body: string };
}

/** Signs the request of a challenge without sending it: the proof that one holds credentials of the account. */
export function signChallenge(
  { request }: Pick<Challenge, 'request'>,
  credentials: SigningCredentials,
): { headers: Record<string, string> } {
  const { method, body, headers } = request;
  const options = { credentials, service: 'sts', region: LOCAL_REGION, clock: Date.now };
  return { headers: signRequest({ method, url: new URL(request.url), headers, body }, options) };
}

/** Challenge and external ID from the broker, stack in the researcher's own account, registration with proof. */
export async function deployMode2(
  researcher: Api,
  dataDir: string,
  endpoint: string,
  options: Pick<Mode2Options, 'kmsKeyArn'> = {},
): Promise<DemoUnit> {
  const stackName = 'mroptimum-mode2';
  const challenge = await researcher.call<Challenge>('POST', '/api/computing-unit/challenges', {});
  const { externalId, brokerRoleArn } = challenge;
  const keys = createKeyRing(await openMasterKey(cloudDir(dataDir)));
  const credentials = keys.rootCredentials(RESEARCHER_ACCOUNT);
  const account = createControlClient({ endpoint, accountId: RESEARCHER_ACCOUNT, credentials });
  await account.applyStack(
    mode2Stack({
      stackName,
      accountId: RESEARCHER_ACCOUNT,
      region: LOCAL_REGION,
      appId: APP,
      brokerRoleArn,
      externalId,
      corsOrigins: ['*'],
      ...options,
    }),
  );
  const unit = await researcher.call<{ computingUnitId: string; status: string; missing: string[] }>(
    'POST',
    '/api/computing-unit/register',
    { ...mode2Registration(stackName), externalId, proof: signChallenge(challenge, credentials) },
  );
  if (unit.status !== 'ready')
    throw new Error(`the Mode 2 unit is ${unit.status}: ${unit.missing.join('; ')}`);
  return { mode: 'mode_2', account: RESEARCHER_ACCOUNT, computingUnitId: unit.computingUnitId };
}

/** The registration of a stack in the researcher's account, without external ID and proof. */
export function mode2Registration(stackName: string) {
  const names = mode2Names(stackName, RESEARCHER_ACCOUNT, LOCAL_REGION);
  return {
    appId: APP,
    mode: 'mode2',
    provider: 'user-owned',
    awsAccountId: RESEARCHER_ACCOUNT,
    region: LOCAL_REGION,
    stateMachineArn: names.stateMachineArn,
    resultsBucket: names.buckets.results,
    failedBucket: names.buckets.failed,
    dataBucket: names.buckets.data,
    crossAccountRoleArn: names.crossAccountRoleArn,
  };
}
