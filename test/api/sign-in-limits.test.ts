/** Guessing passwords: slow for whoever guesses, never final for whoever owns the account. */
import t from 'tap';
import { networkOf } from '../../services/network.ts';
import { type Broker, broker, PASSWORD } from '../helpers/http.ts';

const MINUTE_MS = 60_000;
const WINDOW_MS = 15 * MINUTE_MS;
const HOME = '198.51.100.7';

const attempts =
  (b: Pick<Broker, 'app'>) =>
  (password: string, remoteAddress: string, email = 'ada@example.org') =>
    b.app.inject({ method: 'POST', url: '/auth/login', remoteAddress, payload: { email, password } });

/** An address of its own for each of many guesses. */
const stranger = (i: number): string => `203.0.${i >> 8}.${i & 255}`;

async function setting(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const user = await b.identity.register({ email: 'ada@example.org', password: PASSWORD });
  await b.identity.approve(user.userId);
  return { ...b, admin, userId: user.userId, attempt: attempts(b) };
}

t.test(
  'after ten failures an address waits, with the time it has to; the right password does not help it',
  async (t) => {
    const { attempt, pass } = await setting(t);
    for (let i = 0; i < 10; i++) t.equal((await attempt('Wrong-horse.7', HOME)).statusCode, 401);
    pass(5 * MINUTE_MS);
    const refused = await attempt(PASSWORD, HOME);
    t.equal(refused.statusCode, 429);
    t.match(refused.json(), { code: 'too_many_requests', remedy: /reset the password/ });
    t.equal(refused.headers['retry-after'], '600');
    t.equal((await attempt(PASSWORD, '198.51.100.8')).statusCode, 200, 'from elsewhere');
    for (let i = 0; i < 20; i++) await attempt('Wrong-horse.7', HOME);
    pass(10 * MINUTE_MS);
    t.equal((await attempt(PASSWORD, HOME)).statusCode, 200, 'what was put off has not made it longer');
  },
);

t.test('a success takes the failures of its address back', async (t) => {
  const { attempt } = await setting(t);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 9; i++) t.equal((await attempt('Wrong-horse.7', HOME)).statusCode, 401);
    t.equal((await attempt(PASSWORD, HOME)).statusCode, 200);
  }
});

t.test('many addresses together guess fifty times; the person signs in from where it is known', async (t) => {
  const { attempt, pass, login, admin, userId } = await setting(t);
  t.equal((await attempt(PASSWORD, HOME)).statusCode, 200);
  const answers = [];
  for (let i = 0; i < 60; i++) answers.push((await attempt('Wrong-horse.7', stranger(i))).statusCode);
  t.same(answers.slice(0, 50), Array(50).fill(401));
  t.same(answers.slice(50), Array(10).fill(429));
  t.equal((await attempt(PASSWORD, HOME)).statusCode, 200, 'the owner is not locked out');
  t.equal((await attempt(PASSWORD, '192.0.2.1')).statusCode, 429, 'from a new place it has to wait');

  const { code } = (await admin.post(`/api/admin/users/${userId}/reset-code`)).json();
  const reset = await admin.post('/auth/reset-password', {
    email: 'ada@example.org',
    code,
    newPassword: 'New-horse.77',
  });
  t.equal(reset.statusCode, 200);
  t.equal((await attempt('New-horse.77', '192.0.2.1')).statusCode, 200, 'or to reset the password');
  pass(WINDOW_MS);
  t.equal((await login('ada@example.org', 'New-horse.77')).email, 'ada@example.org');
});

t.test('guesses at the same time are counted one by one', async (t) => {
  const { attempt } = await setting(t);
  const answers = await Promise.all(Array.from({ length: 40 }, () => attempt('Wrong-horse.7', HOME)));
  const looked = answers.filter(({ statusCode }) => statusCode === 401).length;
  t.ok(looked <= 10, `${looked} passwords were looked at`);
  t.ok(answers.every(({ statusCode, headers }) => statusCode === 401 || Number(headers['retry-after']) >= 1));
});

t.test('an account that does not exist is limited in the same way', async (t) => {
  const { attempt } = await setting(t);
  const statuses = async (email: string, from: number) => {
    const seen = [];
    for (let i = 0; i < 12; i++)
      seen.push((await attempt('Wrong-horse.7', stranger(from), email)).statusCode);
    return seen;
  };
  t.same(await statuses('nobody@example.org', 900), await statuses('ada@example.org', 901));
});

t.test('refusals are one entry of the trail in an hour, with their number', async (t) => {
  const b = await setting(t);
  const { attempt, pass } = b;
  for (let i = 0; i < 100; i++) await attempt('Wrong-horse.7', stranger(i));
  await b.audit.settled();
  pass(WINDOW_MS);
  for (let i = 0; i < 5; i++) await attempt('Wrong-horse.7', HOME);
  await b.audit.settled();
  pass(60 * MINUTE_MS);
  await attempt('Wrong-horse.7', HOME);
  await b.audit.settled();
  const entries = (await (await b.login('ada@example.org')).get('/api/audit')).json().entries;
  const refusals = entries.filter(({ action }: { action: string }) => action === 'user.sign-in');
  t.match(refusals, [
    { outcome: 'wrong_credentials', actor: 'unknown', details: { count: '1' } },
    {
      outcome: 'wrong_credentials',
      actor: 'unknown',
      details: { count: '55', last: '2099-11-22T09:45:00.000Z' },
    },
  ]);
  t.equal(refusals.length, 2);
  t.notMatch(await b.stored(), /203\.0\.|198\.51\./, 'addresses are not stored');
});

t.test('an IPv6 network counts as one address', async (t) => {
  t.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  t.equal(networkOf('2001:0db8:0001:0002::1'), '2001:db8:1:2::/64');
  t.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  t.equal(networkOf('::1'), '0:0:0:0::/64');
  t.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  t.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1');
  t.equal(networkOf('192.0.2.1'), '192.0.2.1');
  const { attempt } = await setting(t);
  for (let i = 0; i < 10; i++) await attempt('Wrong-horse.7', `2001:db8:1:2::${i}`);
  t.equal((await attempt(PASSWORD, '2001:db8:1:2::ffff')).statusCode, 429);
  t.equal((await attempt(PASSWORD, '2001:db8:1:3::1')).statusCode, 200);
});
