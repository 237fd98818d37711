/** Several brokers on one store: what one of them changes, the others see within two seconds. */
import t from 'tap';
import { createIdentity } from '../../services/identity/identity.ts';
import { createIds } from '../../src/aws/ids.ts';
import { createPasswords } from '../../src/security/passwords.ts';
import { createTokenSigner } from '../../src/security/token-signer.ts';
import { startTestCloud } from '../helpers/cloud.ts';

const cloud = await startTestCloud(t);
const { stores, clock, log } = cloud;
const PASSWORD = 'Correct-horse.7';
const TOKEN_SECRET = 'a token secret for tests, long enough';

const process = () =>
  createIdentity({
    ...stores,
    ids: createIds(clock),
    clock,
    log,
    passwords: createPasswords(),
    place: () => 'https://gui.test',
    tokenSecret: TOKEN_SECRET,
    signer: createTokenSigner(TOKEN_SECRET),
  });

t.test('a token that is dead in one broker is dead in the others two seconds later', async (t) => {
  const [one, other] = [process(), process()];
  const who = { userId: 'somebody-else', role: 'admin' } as const;
  const { userId } = await one.register({ email: 'ada@example.org', password: PASSWORD });
  await one.approve(userId);
  const { id_token } = await one.login('ada@example.org', PASSWORD, '127.0.0.1');
  const { token, record } = await one.createAccessToken(
    { userId, role: 'user' },
    { name: 'pipeline', scopes: ['jobs:read'], days: 1 },
  );
  for (const broker of [one, other]) {
    for (const bearer of [id_token, token]) t.equal((await broker.authenticate(bearer)).userId, userId);
  }
  const dead = { code: 'not_signed_in' } as const;
  await one.revokeAccessToken({ userId, role: 'user' }, record.tokenId);
  await t.rejects(one.authenticate(token), dead, 'at once');
  clock.advance(2_001);
  await t.rejects(other.authenticate(token), dead, 'two seconds later');

  t.equal((await other.authenticate(id_token)).role, 'user');
  await one.setRole(who, userId, 'developer');
  t.equal((await one.authenticate(id_token)).role, 'developer');
  clock.advance(2_001);
  t.equal((await other.authenticate(id_token)).role, 'developer');
  await one.disable(who, userId);
  await t.rejects(one.authenticate(id_token), dead);
  clock.advance(2_001);
  await t.rejects(other.authenticate(id_token), dead);
});

t.test('what was read before a change is not remembered after it', async (t) => {
  const broker = process();
  const who = { userId: 'somebody-else', role: 'admin' } as const;
  const { userId } = await broker.register({ email: 'bob@example.org', password: PASSWORD });
  await broker.approve(userId);
  for (let round = 0; round < 10; round++) {
    const { id_token } = await broker.login('bob@example.org', PASSWORD, '127.0.0.1');
    // Many requests under way while the account is shut out: none of them may leave a memory behind.
    const asked = Array.from({ length: 5 }, () => broker.authenticate(id_token).catch(() => undefined));
    const ending = broker.endTokens(userId);
    await Promise.all([...asked, ending]);
    await t.rejects(broker.authenticate(id_token), { code: 'not_signed_in' });
  }
  t.equal((await broker.disable(who, userId)).status, 'disabled');
});
