/** A researcher with an account of the embedded cloud: stacks that change, challenges that are signed. */

import type { RoleResource, StateMachineResource } from '../../infra/local/contract.ts';
import { signRequest } from '../../infra/local/sigv4/sign.ts';
import { mode2Names, mode2Stack } from '../../infra/local/stacks/mode2.ts';
import type { Principal } from '../../services/principal.ts';
import type { Challenge } from '../../services/units/ownership.ts';
import type { SignedIdentity } from '../../services/units/ports.ts';
import type { Registered } from '../../services/units/register.ts';
import type { Registration } from '../../services/units/rules.ts';
import { type Broker, brokerOn } from './brain.ts';
import { HUB, REGION, RESEARCHER, type TestCloud } from './cloud.ts';
import { sampleUser } from './samples.ts';

export interface Lab {
  readonly broker: Broker;
  readonly who: Principal;
  readonly registration: Registration;
  /** External ID of the stack as it is deployed. */
  readonly externalId: string;
  /** Deploys the stack again with another cross-account role. */
  changeRole(change: (role: RoleResource) => RoleResource): Promise<void>;
  /** Deploys the stack again with another state machine. */
  changeMachine(definition: object): Promise<void>;
  /** Deploys the stack again with other tags of the state machine. */
  changeTags(tags: Record<string, string>): Promise<void>;
  /** Deletes the stack with all that runs in it; every change deploys it again. */
  deleteStack(): Promise<void>;
  /** `skewMs`: how far the clock of the signer is ahead. */
  sign(challenge: Challenge, accountId?: string, skewMs?: number): SignedIdentity;
  /** Registers with a fresh proof. */
  register(over?: Partial<Registration>): Promise<Registered>;
}

let labs = 0;

/** A person whose stack is deployed with the external ID that the broker has issued. */
export async function newLab(cloud: TestCloud, broker = brokerOn(cloud)): Promise<Lab> {
  const stackName = `lab-${++labs}`;
  const who: Principal = { userId: `researcher-${labs}`, role: 'user' };
  await cloud.stores.users.create(sampleUser({ userId: who.userId, email: `${who.userId}@example.org` }));
  const { externalId } = await broker.units.issueExternalId(who);
  const names = mode2Names(stackName, RESEARCHER, REGION);
  const stack = () =>
    mode2Stack({
      stackName,
      accountId: RESEARCHER,
      region: REGION,
      appId: 'mroptimum',
      brokerRoleArn: `arn:aws:iam::${HUB}:role/CloudMRBrainRole`,
      externalId,
      corsOrigins: ['https://gui.test'],
    });
  const control = cloud.control(RESEARCHER);
  await control.applyStack(stack());
  const registration: Registration = {
    appId: 'mroptimum',
    mode: 'mode_2',
    awsAccountId: RESEARCHER,
    region: REGION,
    stateMachineArn: names.stateMachineArn,
    resultsBucket: names.buckets.results,
    failedBucket: names.buckets.failed,
    dataBucket: names.buckets.data,
    crossAccountRoleArn: names.crossAccountRoleArn,
    externalId,
  };
  const withMachines = async (over: Partial<StateMachineResource>): Promise<void> => {
    const document = stack();
    document.stateMachines = document.stateMachines.map((machine) => ({ ...machine, ...over }));
    await control.applyStack(document);
  };
  const sign = ({ request }: Challenge, accountId = RESEARCHER, skewMs = 0): SignedIdentity => {
    const { method, url, headers, body } = request;
    const credentials = cloud.cloud.rootCredentials(accountId);
    const signed = signRequest(
      { method, url: new URL(url), headers, body },
      { credentials, service: 'sts', region: REGION, clock: () => cloud.clock() + skewMs },
    );
    return {
      authorization: signed['authorization'],
      amzDate: signed['x-amz-date'],
      securityToken: undefined,
      challenge: signed['x-cloudmr-challenge'],
    };
  };
  return {
    broker,
    who,
    registration,
    externalId,
    sign,
    async changeRole(change) {
      const document = stack();
      document.roles = document.roles.map((role) =>
        role.name.endsWith('CrossAccountRole') ? change(role) : role,
      );
      await control.applyStack(document);
    },
    deleteStack: () => control.removeStack(stackName),
    changeMachine: (definition) => withMachines({ definition: JSON.stringify(definition) }),
    changeTags: (tags) => withMachines({ tags }),
    async register(over = {}) {
      const challenge = await broker.units.challenge(who);
      return broker.units.register(who, { ...registration, ...over }, sign(challenge));
    },
  };
}
