import t from 'tap';
import { broker, PASSWORD } from '../helpers/http.ts';
import { workDone } from '../helpers/work-done.ts';

t.test('a registered account waits, is approved, signs in and reads its profile', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const registered = await b.app.inject({
    method: 'POST',
    url: '/auth/register',
    payload: {
      email: ' Ada@Example.org ',
      password: PASSWORD,
      username: 'ada',
      firstname: 'Ada',
      lastname: 'Lovelace',
      institution: 'ignored',
    },
  });
  t.equal(registered.statusCode, 201);
  t.match(registered.json(), { success: true, status: 'waiting' });
  const { userId } = registered.json();

  const early = await b.app.inject({
    method: 'POST',
    url: '/api/auth/login',
    payload: { email: 'ada@example.org', password: PASSWORD },
  });
  t.equal(early.statusCode, 403);
  t.equal(early.json().code, 'not_approved');

  const waiting = await admin.get('/api/admin/users?status=waiting');
  t.same(
    waiting.json().users.map((user: { userId: string }) => user.userId),
    [userId],
  );
  t.equal((await admin.post(`/api/admin/users/${userId}/approve`)).json().status, 'active');
  t.equal((await admin.post(`/api/admin/users/${userId}/approve`)).statusCode, 200, 'twice is fine');
  t.equal((await admin.post('/api/admin/users/nobody/approve')).statusCode, 404);
  t.same((await admin.get('/api/admin/users?status=waiting')).json().users, []);

  const ada = await b.login('ada@example.org');
  t.match(ada.tokens, {
    success: true,
    user_id: userId,
    token_type: 'Bearer',
    expires_in: 3600,
    idToken: (ada.tokens as { id_token: string }).id_token,
    token: (ada.tokens as { id_token: string }).id_token,
  });
  for (const url of ['/api/auth/profile', '/profile', '/api/profile', '/Prod/api/auth/profile']) {
    const answer = await ada.get(url);
    t.equal(answer.statusCode, 200, url);
    t.match(answer.json(), {
      userId,
      sub: userId,
      id: userId,
      username: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.org',
      level: 'user',
      status: 'active',
      isAdmin: false,
      createdAt: '2099-11-22T09:30:00.000Z',
    });
    t.notMatch(answer.body, /passwordHash|argon2/);
  }
  const byAccessToken = await ada.get('/profile', { authorization: `Bearer ${ada.tokens.access_token}` });
  t.equal(byAccessToken.statusCode, 200, 'the access token is as good as the identity token');
  t.match((await admin.get('/profile')).json(), { level: 'admin', isAdmin: true });
});

t.test('sign-in refuses without telling whether the account exists', async (t) => {
  const b = await broker(t);
  await b.person('ada@example.org');
  const login = (payload: object) => b.app.inject({ method: 'POST', url: '/api/auth/login', payload });
  const wrong = await login({ email: 'ada@example.org', password: 'Wrong-horse.7' });
  const unknown = await login({ email: 'eve@example.org', password: 'Wrong-horse.7' });
  for (const answer of [wrong, unknown]) {
    t.equal(answer.statusCode, 401);
    t.equal(answer.json().code, 'wrong_credentials');
    t.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  t.equal(wrong.json().message, unknown.json().message);
  const byUsername = await login({ username: 'ADA@example.org', password: PASSWORD });
  t.equal(byUsername.statusCode, 200, 'older callers call the address username');
  t.equal((await login({ password: PASSWORD })).statusCode, 400);
});

t.test('sign-in takes equally long for unknown accounts: a password is compared for them too', async (t) => {
  const b = await broker(t);
  await b.person('ada@example.org');
  const work = workDone(b);
  for (const email of ['ada@example.org', 'eve@example.org', 'ada@example.org', 'eve@example.org']) {
    const payload = { email, password: 'Wrong-horse.7' };
    const { verified } = await work(() => b.app.inject({ method: 'POST', url: '/auth/login', payload }));
    t.equal(verified, 1, email);
  }
});

t.test('a password must obey the rule the web client shows; the answer names what it lacks', async (t) => {
  const b = await broker(t);
  const register = (password: string) =>
    b.app.inject({ method: 'POST', url: '/auth/register', payload: { email: 'x@example.org', password } });
  for (const [password, lacks] of [
    ['Aa1!', 'at least 8 characters'],
    ['correct-horse.7', 'an upper-case letter'],
    ['CORRECT-HORSE.7', 'a lower-case letter'],
    ['Correct-horse.', 'a digit'],
    ['Correcthorse7', 'a special character'],
  ]) {
    const answer = await register(password);
    t.equal(answer.statusCode, 400, password);
    t.match(answer.json(), { code: 'invalid_request', message: lacks });
    t.notOk(answer.body.includes(password), 'the password is not repeated');
  }
  t.equal((await register(`${PASSWORD}${'x'.repeat(200)}`)).statusCode, 400, 'too long');
  t.equal((await register(PASSWORD)).statusCode, 201);
  const again = await register(PASSWORD);
  t.equal(again.statusCode, 409);
  t.equal(again.json().code, 'already_exists');
});

t.test('the first administrator is made once', async (t) => {
  const b = await broker(t);
  const made = await b.identity.ensureAdmin('root@example.org');
  t.match(made?.password, /^[\w-]{20}-Aa1!$/);
  t.equal(await b.identity.ensureAdmin('root@example.org'), undefined);
  t.equal((await b.login('root@example.org', made?.password)).userId.length, 26);
});
