/**
 * A broker as `npm start` builds it, over the embedded cloud of a test and without a process: routes, services and the
 * adapters of AWS, with the broker's own role. Its background work begins with `loop.start()`.
 */

import { BROKER_ROLE_NAME } from '../../infra/local/stacks/hub.ts';
import { type AppDeps, buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createDeps } from '../../src/deps.ts';
import { createLog } from '../../src/log.ts';
import type { Api } from '../../src/plugins/zod.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { HUB, REGION, type TestCloud } from './cloud.ts';
import { type Person, personOf } from './person.ts';
import { withProof } from './samples.ts';

const PASSWORD = 'Correct-horse.7';

/** Builds it; `t.teardown` closes it, unless it has `died` before. */
export async function wholeBroker(t: { teardown(fn: () => unknown): unknown }, cloud: TestCloud) {
  const { uri, token } = cloud.cloud.credentialsUri(HUB, BROKER_ROLE_NAME);
  const deps = createDeps({
    config: loadConfig({ REQUESTS_PER_MINUTE: '100000', SIGN_INS_PER_MINUTE: '100000' }),
    place: {
      endpoint: cloud.endpoint,
      region: REGION,
      hubAccountId: HUB,
      brokerRoleArn: `arn:aws:iam::${HUB}:role/${BROKER_ROLE_NAME}`,
      mode1RoleArn: cloud.platform.mode1RoleArn,
      credentials: { kind: 'container', uri, token },
    },
    tokenSecret: 'a-secret-of-the-tests-0123456789-0123456789',
    publicUrl: () => 'http://127.0.0.1:9',
    log: createLog('silent'),
    clock: cloud.clock,
  });
  const app = (await buildApp(deps.app as AppDeps)) as Api;
  let dead = false;
  t.teardown(async () => {
    if (dead) return;
    await deps.loop.stop();
    await app.close();
    await deps.close();
  });

  async function signIn(email: string): Promise<Person> {
    const payload = { email, password: PASSWORD };
    const answer = await app.inject({ method: 'POST', url: '/api/auth/login', payload });
    return personOf(app, email, answer.json());
  }

  return {
    app,
    loop: deps.loop,
    signIn,
    /** Registers, approves and signs in. */
    async person(email: string): Promise<Person> {
      const { userId } = await deps.identity.register({ email, password: PASSWORD });
      await deps.identity.approve(userId);
      return signIn(email);
    },
    /** What a killed process leaves: nothing more is done, told or written. */
    async dies(): Promise<void> {
      dead = true;
      await deps.loop.stop();
      await app.close();
    },
  };
}
export type WholeBroker = Awaited<ReturnType<typeof wholeBroker>>;

/** Stores a unit of the test's cloud, proven and ready, as that of a person. */
export async function giveUnit({ stores }: TestCloud, unit: Unit, { userId }: Person): Promise<Unit> {
  const owned = withProof({ ...unit, ownerId: userId });
  if ((await stores.units.put(owned)) !== 'stored') throw new Error('the unit was not stored');
  return owned;
}
