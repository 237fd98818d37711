/** Personal access tokens: what a deploy pipeline can do with one, and how it ends. */
import t from 'tap';
import { type Broker, broker, MODE_1, MODE_2, type Person } from '../helpers/http.ts';

const DAY_MS = 24 * 3_600_000;

async function newToken(person: Person, scopes: string[], more: object = {}) {
  const answer = await person.post('/api/profile/tokens', { name: 'pipeline', scopes, ...more });
  if (answer.statusCode !== 201) throw new Error(answer.body);
  const { token, tokenId } = answer.json() as { token: string; tokenId: string };
  return { token, tokenId, headers: { authorization: `Bearer ${token}` }, answer };
}

const setRole = (b: Broker, admin: Person, { userId }: Person, role: string) =>
  b.app.inject({
    method: 'PUT',
    url: `/api/admin/users/${userId}/role`,
    payload: { role },
    headers: { authorization: `Bearer ${admin.tokens.id_token}` },
  });

t.test('R50: a pipeline registers a unit with a token from the profile page, and no password', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { token, tokenId, headers, answer } = await newToken(ada, [
    'units:write',
    'jobs:read',
    'profile:read',
  ]);
  t.match(token, /^cmrpat_[0-9A-Z]{26}_[\w-]{43}$/);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.match(answer.json(), {
    name: 'pipeline',
    scopes: ['units:write', 'jobs:read', 'profile:read'],
    hint: token.slice(-4),
    createdAt: '2099-11-22T09:30:00.000Z',
    expiresAt: '2100-02-20T09:30:00.000Z',
  });

  const call = (method: 'GET' | 'POST', url: string, payload?: object) =>
    b.app.inject({ method, url, payload, headers });
  const profile = await call('GET', '/api/auth/profile');
  t.match(profile.json(), {
    userId: ada.userId,
    token: {
      kind: 'personal',
      expiresAt: '2100-02-20T09:30:00.000Z',
      scopes: ['units:write', 'jobs:read', 'profile:read'],
    },
  });
  t.equal((await call('POST', '/computing-unit/register', MODE_2)).statusCode, 201);
  t.equal(
    (await call('GET', '/computing-unit/list?app_name=MR+Optimum')).statusCode,
    200,
    'write includes read',
  );
  t.equal((await call('GET', '/api/job')).statusCode, 200);

  const list = (await ada.get('/api/profile/tokens')).json();
  t.match(list, { tokens: [{ tokenId, hint: token.slice(-4), lastUsedAt: '2099-11-22T09:30:00.000Z' }] });
  t.notOk(JSON.stringify(list).includes(token), 'the token itself is never shown again');
  t.notOk((await b.stored()).includes(token.slice(-43)), 'the store knows its hash only');
  b.log.info({ header: token, secret: `whsec_${token.slice(-43)}=` }, `somebody logs ${token}`);
  t.notOk(b.lines.join('').includes(token.slice(-43)), 'the log does not know it, however it is logged');
});

t.test('a token can do what its scopes say, and never hand out others', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { headers } = await newToken(ada, ['jobs:read']);
  const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    b.app.inject({ method, url, payload, headers });
  for (const [method, url, scope] of [
    ['GET', '/api/computing-unit/list', 'units:read'],
    ['POST', '/computing-unit/register', 'units:write'],
    ['POST', '/api/task/queue', 'jobs:write'],
    ['POST', '/api/job/anything/cancel', 'jobs:write'],
    ['GET', '/data/read', 'data:read'],
    ['POST', '/data/presign', 'data:write'],
    ['GET', '/api/audit', 'audit:read'],
    ['GET', '/profile', 'profile:read'],
    ['GET', '/api/admin/users', 'admin:read'],
    ['POST', `/api/admin/users/${ada.userId}/approve`, 'admin:write'],
  ] as const) {
    const answer = await call(method, url, method === 'POST' ? {} : undefined);
    t.equal(answer.statusCode, 403, url);
    t.match(answer.json(), { code: 'not_allowed', details: { scope, scopes: ['jobs:read'] } }, url);
  }
  const all = await newToken(ada, [
    'profile:read',
    'jobs:write',
    'data:write',
    'units:write',
    'webhooks:write',
  ]);
  for (const [method, url] of [
    ['POST', '/api/profile/tokens'],
    ['GET', '/api/profile/tokens'],
    ['DELETE', '/api/profile/tokens/anything'],
    ['PATCH', '/api/profile'],
    ['POST', '/api/auth/change-password'],
    ['POST', '/api/auth/logout'],
  ] as const) {
    const answer = await b.app.inject({ method, url, payload: {}, headers: all.headers });
    t.equal(answer.statusCode, 403, url);
    t.equal(answer.json().message, 'A personal access token cannot do this.', url);
  }
  const refused = await ada.post('/api/profile/tokens', { name: 'x', scopes: ['admin:read'] });
  t.equal(refused.statusCode, 403, 'only administrators make tokens for administration');
  for (const wrong of [
    { scopes: ['jobs:read'] },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['everything'] },
    { name: 'x', scopes: ['jobs:read'], expiresInDays: 367 },
    { name: 'x', scopes: ['jobs:read'], expiresInDays: 0 },
    { name: 'a\u0000b', scopes: ['jobs:read'] },
  ]) {
    t.equal((await ada.post('/api/profile/tokens', wrong)).statusCode, 400, JSON.stringify(wrong));
  }
});

t.test('a token has the role of its owner as it is now', async (t) => {
  const b = await broker(t);
  const admin = await b.administrator();
  const bob = await b.person('bob@example.org');
  await setRole(b, admin, bob, 'admin');
  const { headers } = await newToken(bob, ['units:write', 'admin:read']);
  const register = (alias: string) =>
    b.app.inject({ method: 'POST', url: '/computing-unit/register', payload: { ...MODE_1, alias }, headers });
  t.equal((await register('one')).statusCode, 201, 'a pipeline of an administrator registers Mode 1');
  t.equal((await b.app.inject({ url: '/api/admin/users', headers })).statusCode, 200);
  await setRole(b, admin, bob, 'user');
  t.equal((await register('two')).statusCode, 403);
  t.equal((await b.app.inject({ url: '/api/admin/users', headers })).statusCode, 403);
});

t.test('R135: a token that has ended says when, and where to get a new one', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { headers } = await newToken(ada, ['profile:read'], { expiresInDays: 2 });
  t.match((await ada.get('/profile')).json(), {
    token: { kind: 'session', expiresAt: '2099-11-22T10:30:00.000Z' },
  });
  b.pass(DAY_MS);
  t.equal((await b.app.inject({ url: '/profile', headers })).statusCode, 200);
  const session = await ada.get('/profile');
  t.equal(session.statusCode, 401);
  t.match(session.json(), {
    code: 'not_signed_in',
    message: 'The token ended at 2099-11-22T10:30:00.000Z.',
    remedy: /profile page/,
    details: { expiredAt: '2099-11-22T10:30:00.000Z' },
  });
  b.pass(DAY_MS);
  const personal = await b.app.inject({ url: '/profile', headers });
  t.equal(personal.statusCode, 401);
  t.match(personal.json(), {
    message: 'The personal access token "pipeline" ended at 2099-11-24T09:30:00.000Z.',
    remedy: /new token on the profile page/,
    details: { expiredAt: '2099-11-24T09:30:00.000Z' },
  });
});

t.test('T25: an altered, foreign or revoked personal access token opens nothing', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const eve = await b.person('eve@example.org');
  const mine = await newToken(ada, ['profile:read']);
  const hers = await newToken(eve, ['profile:read']);
  const ask = (token: string) =>
    b.app.inject({ url: '/profile', headers: { authorization: `Bearer ${token}` } });
  t.equal((await ask(mine.token)).statusCode, 200, 'control');
  const secretOf = (token: string): string => token.slice(-43);
  for (const [name, token] of Object.entries({
    'another secret': mine.token.replace(/.{43}$/, secretOf(hers.token)),
    'another id': hers.token.replace(hers.tokenId, mine.tokenId),
    'no secret': `cmrpat_${mine.tokenId}_`,
    'id only': `cmrpat_${mine.tokenId}`,
    'prefix only': 'cmrpat_',
    'one more character': `${mine.token}x`,
    'last character changed': mine.token.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
    'a key of another item': 'cmrpat_../USER_x',
    'no prefix': mine.token.slice('cmrpat_'.length),
  })) {
    const answer = await ask(token);
    t.equal(answer.statusCode, 401, name);
    t.equal(answer.json().code, 'not_signed_in', name);
  }
  t.equal((await eve.del(`/api/profile/tokens/${mine.tokenId}`)).statusCode, 404, 'only the owner revokes');
  t.equal((await ask(mine.token)).statusCode, 200);
  t.equal((await ada.del(`/api/profile/tokens/${mine.tokenId}`)).statusCode, 200);
  t.equal((await ask(mine.token)).statusCode, 401, 'dead at once');
  t.equal((await ada.del(`/api/profile/tokens/${mine.tokenId}`)).statusCode, 404);
  t.same((await ada.get('/api/profile/tokens')).json().tokens, []);
  const actions = (await ada.get('/api/audit')).json().entries.map((e: { action: string }) => e.action);
  t.same(actions.filter((action: string) => action.startsWith('access-token')).sort(), [
    'access-token.create',
    'access-token.revoke',
  ]);
});

t.test('use is noted to the hour; nobody keeps more than 50', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const { headers } = await newToken(ada, ['profile:read', 'jobs:read']);
  const lastUse = async () => (await ada.get('/api/profile/tokens')).json().tokens.at(-1).lastUsedAt;
  await b.app.inject({ url: '/profile', headers });
  b.pass(50 * 60_000);
  await b.app.inject({ url: '/profile', headers });
  t.equal(await lastUse(), '2099-11-22T09:30:00.000Z');
  await ada.post('/api/auth/refresh', { refresh_token: ada.tokens.refresh_token });
  b.pass(11 * 60_000);
  const later = await b.login('ada@example.org');
  await b.app.inject({ url: '/profile', headers });
  t.equal((await later.get('/api/profile/tokens')).json().tokens[0].lastUsedAt, '2099-11-22T10:31:00.000Z');
  for (let i = 1; i < 50; i++) await newToken(later, ['jobs:read']);
  const answer = await later.post('/api/profile/tokens', { name: 'one more', scopes: ['jobs:read'] });
  t.equal(answer.statusCode, 409);
  t.match(answer.json(), { code: 'too_many', details: { what: 'tokens', limit: 50 } });
});
