/** Forgotten and changed passwords. */
import t from 'tap';
import { broker, PASSWORD } from '../helpers/http.ts';
import { workDone } from '../helpers/work-done.ts';

const NEW = 'Another-horse.8';
const HOUR_MS = 3_600_000;

async function setting(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  const ada = await b.person('ada@example.org');
  const post = (url: string, payload: object) => b.app.inject({ method: 'POST', url, payload });
  return {
    ...b,
    admin,
    ada,
    signIn: async (password: string) =>
      (await post('/auth/login', { email: 'ada@example.org', password })).statusCode,
    forgot: (email: string) => post('/auth/forgot-password', { email }),
    reset: (code: string, newPassword = NEW, email = 'ada@example.org') =>
      post('/auth/reset-password', { email, code, newPassword }),
    issue: async () => (await admin.post(`/api/admin/users/${ada.userId}/reset-code`)).json().code as string,
  };
}

t.test('a forgotten password: ask, get a code from an administrator, set a new one', async (t) => {
  const { forgot, reset, admin, ada, signIn, identity, clock, ...b } = await setting(t);
  const known = await forgot(' Ada@Example.org ');
  const unknown = await forgot('eve@example.org');
  t.equal(known.statusCode, 200);
  t.same(known.json(), unknown.json(), 'nobody learns who has an account');
  t.match(known.json().message, /administrators have been told/);
  await identity.outbox.tick();
  const waiting = await admin.get('/api/admin/users?resetRequested=true');
  t.match(waiting.json().users, [{ userId: ada.userId, resetRequestedAt: '2099-11-22T09:30:00.000Z' }]);
  t.equal(waiting.json().users.length, 1);

  const issued = await admin.post(`/api/admin/users/${ada.userId}/reset-code`);
  t.equal(issued.statusCode, 201);
  t.equal(issued.headers['cache-control'], 'no-store');
  const { code, expiresAt } = issued.json();
  t.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  t.equal(expiresAt, '2099-11-23T09:30:00.000Z');
  t.notOk((await b.stored()).includes(code), 'the store knows its hash only');

  t.equal((await reset('0000-0000-0000-0000')).statusCode, 401);
  t.equal((await reset(code, 'too simple')).statusCode, 400);
  t.equal((await reset(code, NEW, 'eve@example.org')).statusCode, 401, 'for one account only');
  const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
  t.equal((await reset(typed)).statusCode, 200, 'as people type it');
  t.equal(await signIn(PASSWORD), 401);
  t.equal(await signIn(NEW), 200);
  t.equal((await reset(code, 'Third-horse.99')).statusCode, 401, 'once');
  t.same((await admin.get('/api/admin/users?resetRequested=true')).json().users, []);

  t.equal((await ada.get('/profile')).statusCode, 401, 'tokens from before are dead at once');
  const refreshed = await ada.post('/auth/refresh', { refresh_token: ada.tokens.refresh_token });
  t.equal(refreshed.statusCode, 401, 'and so is the session');
  const later = await b.login('ada@example.org', NEW);
  const trail = (await later.get('/api/audit')).json().entries.map((e: { action: string }) => e.action);
  t.ok(trail.includes('user.reset-code') && trail.includes('user.reset-password'), trail.join(' '));
});

t.test('a code ends after a day', async (t) => {
  const { reset, issue, pass } = await setting(t);
  const first = await issue();
  pass(24 * HOUR_MS);
  t.equal((await reset(first)).statusCode, 401);
});

t.test('an older code is replaced; two uses at the same time change one password', async (t) => {
  const { reset, issue, signIn } = await setting(t);
  const [older, newer] = [await issue(), await issue()];
  t.equal((await reset(older)).statusCode, 401);
  const answers = await Promise.all([reset(newer, 'First-horse.1'), reset(newer, 'Second-horse.2')]);
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 401]);
  const won = answers[0].statusCode === 200 ? 'First-horse.1' : 'Second-horse.2';
  t.equal(await signIn(won), 200);
  t.equal(await signIn(won === 'First-horse.1' ? 'Second-horse.2' : 'First-horse.1'), 401);
});

t.test('a code does not open a disabled account', async (t) => {
  const { reset, issue, admin, ada, signIn } = await setting(t);
  const code = await issue();
  await admin.post(`/api/admin/users/${ada.userId}/disable`);
  t.equal((await reset(code)).statusCode, 401, 'it was issued before');
  const after = await issue();
  t.equal((await reset(after)).statusCode, 200);
  t.equal(await signIn(NEW), 403);
});

t.test('changing the password needs the old one and ends all sessions', async (t) => {
  const { ada, signIn, login } = await setting(t);
  const other = await login('ada@example.org');
  const change = (oldPassword: string, newPassword = NEW) =>
    ada.post('/auth/change-password', { oldPassword, newPassword });
  const made = await ada.post('/api/profile/tokens', { name: 'pipeline', scopes: ['profile:read'] });
  t.equal((await change('Wrong-horse.7')).statusCode, 401);
  t.equal((await change(PASSWORD, 'weak')).statusCode, 400);
  t.equal((await change(PASSWORD)).statusCode, 200);
  t.equal(await signIn(NEW), 200);
  for (const person of [ada, other]) t.equal((await person.get('/profile')).statusCode, 401);
  const authorization = `Bearer ${made.json().token}`;
  t.equal((await ada.get('/profile', { authorization })).statusCode, 200, 'pipelines go on');
});

t.test('forgotten passwords are asked about by the same work, whoever asks', async (t) => {
  const { forgot, ...b } = await setting(t);
  const work = workDone(b);
  for (const when of ['first', 'again']) {
    const known = await work(() => forgot('ada@example.org'));
    t.same(await work(() => forgot('eve@example.org')), known, when);
  }
});
