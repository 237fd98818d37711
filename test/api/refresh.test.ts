/** Sessions behind refresh tokens: one use each, races, repetition within the grace, and their end. */
import t from 'tap';
import { type Broker, broker, PASSWORD } from '../helpers/http.ts';

const DAY_MS = 24 * 3_600_000;
const GRACE_MS = 30_000;

const refreshing = (b: Pick<Broker, 'app'>) => (refresh_token: string) =>
  b.app.inject({ method: 'POST', url: '/api/auth/refresh', payload: { refresh_token } });

t.test('a refresh token is valid once; using an old one ends the session', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  const other = await b.login('ada@example.org');

  const second = await refresh(ada.tokens.refresh_token);
  t.equal(second.statusCode, 200);
  const third = await refresh(second.json().refresh_token);
  t.equal(third.statusCode, 200, 'every answer holds the next one');
  const authorization = `Bearer ${third.json().access_token}`;
  t.equal((await ada.get('/profile', { authorization })).statusCode, 200);

  const stolen = await refresh(ada.tokens.refresh_token);
  t.equal(stolen.statusCode, 401, 'two uses ago, however recent');
  t.equal(stolen.json().code, 'not_signed_in');
  t.equal((await refresh(third.json().refresh_token)).statusCode, 401, 'the newest one has ended too');
  t.equal((await refresh(other.tokens.refresh_token)).statusCode, 200, 'other sessions go on');
  t.equal((await refresh('nonsense')).statusCode, 401);
  t.equal((await refresh(`${ada.tokens.refresh_token}x`)).statusCode, 401);
  t.equal((await refresh(ada.tokens.access_token)).statusCode, 401);

  const stored = await b.stored();
  t.match(stored, ada.userId);
  for (const secret of [
    other.tokens.refresh_token,
    third.json().refresh_token,
    ada.tokens.id_token,
    PASSWORD,
  ]) {
    t.notOk(stored.includes(secret), 'the store knows hashes only');
  }
});

t.test('of many uses at the same time one is written, and all get the same successor', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  for (let round = 0, token = ada.tokens.refresh_token; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 13 }, () => refresh(token)));
    t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200]);
    const successors = [...new Set(answers.map((answer) => answer.json().refresh_token as string))];
    t.equal(successors.length, 1, 'the session does not fork');
    const [session] = JSON.parse(await b.stored())
      .filter(({ kind }: { kind: string }) => kind === 'token')
      .map(({ version }: { version: number }) => version);
    t.equal(session, round + 2, 'one write');
    token = successors[0];
  }
});

t.test('the last exchange may be repeated for half a minute; after that it is a theft', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  const first = (await refresh(ada.tokens.refresh_token)).json();
  b.pass(GRACE_MS);
  const again = await refresh(ada.tokens.refresh_token);
  t.equal(again.statusCode, 200, 'the answer was lost, or another tab was faster');
  t.equal(again.json().refresh_token, first.refresh_token);
  b.pass(1);
  t.equal((await refresh(ada.tokens.refresh_token)).statusCode, 401);
  t.equal((await refresh(first.refresh_token)).statusCode, 401, 'for whoever holds the successor as well');
});

t.test('a thief within the grace is found at the next use but one', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  const owner = (await refresh(ada.tokens.refresh_token)).json().refresh_token;
  const thief = (await refresh(ada.tokens.refresh_token)).json().refresh_token;
  t.equal(thief, owner);
  const next = (await refresh(thief)).json().refresh_token;
  b.pass(GRACE_MS + 1);
  t.equal((await refresh(owner)).statusCode, 401);
  t.equal((await refresh(next)).statusCode, 401, 'the session has ended for the thief');
});

t.test('an exchange that meets the end of the session gives nothing that lives', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  for (let round = 0; round < 10; round++) {
    const { tokens } = await b.login('ada@example.org');
    const [exchanged] = await Promise.all([
      refresh(tokens.refresh_token),
      ada.post('/auth/logout', { refresh_token: tokens.refresh_token }),
    ]);
    const { refresh_token } = exchanged.json();
    if (refresh_token) t.equal((await refresh(refresh_token)).statusCode, 401);
    else t.equal(exchanged.statusCode, 401);
  }
});

t.test('sessions end after 30 days without use, and with the account', async (t) => {
  const b = await broker(t);
  const refresh = refreshing(b);
  const ada = await b.person('ada@example.org');
  b.pass(29 * DAY_MS);
  const kept = await refresh(ada.tokens.refresh_token);
  t.equal(kept.statusCode, 200);
  b.pass(29 * DAY_MS);
  const keptAgain = await refresh(kept.json().refresh_token);
  t.equal(keptAgain.statusCode, 200, 'use prolongs it');
  b.pass(31 * DAY_MS);
  t.equal((await refresh(keptAgain.json().refresh_token)).statusCode, 401);

  const bob = await b.person('bob@example.org');
  const user = await b.identity.profile(bob.userId);
  await b.userStore.replace({ ...user, status: 'disabled', version: user.version + 1 });
  b.pass(20_000);
  t.equal((await bob.get('/profile')).statusCode, 401, 'within seconds, though the token has not ended');
  t.equal((await refresh(bob.tokens.refresh_token)).statusCode, 401);
  t.equal((await refresh(bob.tokens.refresh_token)).statusCode, 401);
});
