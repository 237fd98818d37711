/** Tokens of a foreign issuer: a real one on loopback, that serves its keys over http. */
import { exportSPKI, UnsecuredJWT } from 'jose';
import t from 'tap';
import { broker, PASSWORD } from '../helpers/http.ts';
import { startIssuer } from '../helpers/issuer.ts';

const AUDIENCE = 'cloudmr-client';
const MINUTE_MS = 60_000;

async function setting(t: Parameters<typeof broker>[0], more: { jwksUrl?: string } = {}) {
  const issuer = await startIssuer(t);
  const b = await broker(t, { oidc: { issuer: issuer.url, audience: AUDIENCE, ...more } });
  const admin = await b.administrator();
  const seconds = () => Math.floor(b.clock() / 1000);
  const claims = (more: object = {}) => ({
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'ada-at-the-issuer',
    iat: seconds(),
    exp: seconds() + 3_600,
    email: 'Ada@Example.org',
    email_verified: true,
    name: 'Ada Lovelace',
    given_name: 'Ada',
    family_name: 'Lovelace',
    ...more,
  });
  const ask = (token: string, url = '/api/profile') =>
    b.app.inject({ url, headers: { authorization: `Bearer ${token}` } });
  const statusOf = async (token: string) => (await ask(token)).statusCode;
  return { ...b, admin, issuer, claims, seconds, ask, statusOf };
}

t.test(
  'a person of the issuer gets an account that waits, is approved, and is known by name from then on',
  async (t) => {
    const { issuer, claims, ask, admin, pass, app } = await setting(t);
    const first = await ask(await issuer.sign(claims()));
    t.equal(first.statusCode, 403);
    t.equal(first.json().code, 'not_approved');
    const [waiting] = (await admin.get('/api/admin/users?status=waiting')).json().users;
    t.match(waiting, { email: 'ada@example.org', name: 'Ada Lovelace', level: 'user' });
    await admin.post(`/api/admin/users/${waiting.userId}/approve`);

    const token = await issuer.sign(claims());
    const profile = await ask(token);
    t.equal(profile.statusCode, 200);
    t.match(profile.json(), {
      userId: waiting.userId,
      level: 'user',
      token: { kind: 'session', expiresAt: '2099-11-22T10:30:00.000Z' },
    });
    const renamed = await ask(
      await issuer.sign(claims({ email: 'countess@example.org', email_verified: false })),
    );
    t.equal(renamed.json().userId, waiting.userId, 'the subject names the person, not the address');
    t.same(issuer.asked, ['/.well-known/openid-configuration', '/keys'], 'the keys were fetched once');
    const byPassword = await app.inject({
      method: 'POST',
      url: '/auth/login',
      payload: { email: 'ada@example.org', password: '' },
    });
    t.equal(byPassword.statusCode, 400, 'there is no password');
    pass(60 * MINUTE_MS);
    pass(31_000);
    const ended = await ask(token);
    t.equal(ended.statusCode, 401);
    t.equal(ended.json().message, 'The token ended at 2099-11-22T10:30:00.000Z.');
  },
);

t.test('T25: what the issuer did not sign for this broker opens nothing', async (t) => {
  const { issuer, claims, seconds, statusOf, ask, admin } = await setting(t);
  await ask(await issuer.sign(claims()));
  const [{ userId }] = (await admin.get('/api/admin/users?status=waiting')).json().users;
  await admin.post(`/api/admin/users/${userId}/approve`);
  const good = await issuer.sign(claims());
  t.equal(await statusOf(good), 200, 'control');

  const other = await startIssuer(t);
  const stranger = await other.newKey('key-1');
  const ec = await issuer.newKey('key-ec', { alg: 'ES256', beside: true });
  const pem = new TextEncoder().encode(
    await exportSPKI((await issuer.newKey('key-2', { beside: true })).publicKey),
  );
  const [header, body, signature] = good.split('.');
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwk = { kty: 'RSA', n: 'x', e: 'AQAB' };
  const vectors: Record<string, string> = {
    'alg none': new UnsecuredJWT(claims()).encode(),
    'alg none, signature kept': `${encode({ alg: 'none' })}.${body}.${signature}`,
    'HS256 with the public key as secret': await issuer.sign(claims(), { alg: 'HS256' }, pem as never),
    'another key under the same kid': await issuer.sign(claims(), {}, stranger.privateKey),
    'a key in the header': await issuer.sign(claims(), { jwk, kid: undefined }, stranger.privateKey),
    'keys at an address in the header': await issuer.sign(
      claims(),
      { jku: `${other.url}/keys` },
      stranger.privateKey,
    ),
    'a certificate in the header': await issuer.sign(claims(), { x5c: ['MIIB'] }, stranger.privateKey),
    'kid that is a path': await issuer.sign(claims(), { kid: '../../../../dev/null' }, stranger.privateKey),
    'kid that is a query': await issuer.sign(claims(), { kid: "' UNION SELECT 'key" }, stranger.privateKey),
    'alg of another kind of key': `${encode({ alg: 'ES256', kid: 'key-1', typ: 'JWT' })}.${body}.${signature}`,
    'key of another kind': await issuer.sign(claims(), { alg: 'ES256', kid: 'key-1' }, ec.privateKey),
    'unknown critical header': `${encode({ alg: 'RS256', kid: 'key-1', crit: ['x'], x: 1 })}.${body}.${signature}`,
    'another issuer': await other.sign(claims({ iss: other.url }), {}, stranger.privateKey),
    'another issuer, our key': await issuer.sign(claims({ iss: other.url })),
    'issuer with a slash': await issuer.sign(claims({ iss: `${issuer.url}/` })),
    'another audience': await issuer.sign(claims({ aud: 'another-client' })),
    'no audience': await issuer.sign(claims({ aud: undefined })),
    'several audiences, made for another': await issuer.sign(claims({ aud: [AUDIENCE, 'x'], azp: 'x' })),
    'several audiences, nobody named': await issuer.sign(claims({ aud: [AUDIENCE, 'x'] })),
    ended: await issuer.sign(claims({ exp: seconds() - 31 })),
    'without end': await issuer.sign(claims({ exp: undefined })),
    'living for years': await issuer.sign(claims({ exp: seconds() + 366 * 86_400 })),
    'not begun': await issuer.sign(claims({ nbf: seconds() + 600 })),
    'made in the future': await issuer.sign(claims({ iat: seconds() + 600 })),
    'without a date': await issuer.sign(claims({ iat: undefined })),
    'of nobody': await issuer.sign(claims({ sub: undefined })),
    'of an empty name': await issuer.sign(claims({ sub: '' })),
    'a logout token': await issuer.sign(claims(), { typ: 'logout+jwt' }),
    'altered payload': `${header}.${encode(claims({ sub: 'admin' }))}.${signature}`,
    'no signature': `${header}.${body}.`,
    'not JSON': `${header}.${Buffer.from('hello').toString('base64url')}.${signature}`,
  };
  for (const [name, token] of Object.entries(vectors)) {
    const answer = await ask(token);
    t.equal(answer.statusCode, 401, name);
    t.equal(answer.json().code, 'not_signed_in', name);
  }
  t.same(other.asked, [], 'nobody was asked for keys but the issuer');
  t.equal(
    await statusOf(await issuer.sign(claims({ aud: [AUDIENCE, 'x'], azp: AUDIENCE }))),
    200,
    'made for us',
  );
  t.equal((await admin.get('/api/admin/users')).json().users.length, 2, 'no account was made');
});

t.test('T25: a key that is too short for its algorithm is not taken', async (t) => {
  const { issuer, claims, statusOf } = await setting(t);
  const weak = await issuer.newKey('weak', { modulusLength: 2048 });
  t.equal(await statusOf(await issuer.sign(claims())), 403, 'control: 2048 bits');
  t.ok(weak);
  const { generateKeyPairSync, createSign } = await import('node:crypto');
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const short = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256', use: 'sig' };
  issuer.answers['/keys'] = { body: JSON.stringify({ keys: [short] }) };
  const text = [{ alg: 'RS256', kid: 'short' }, claims()]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const other = await setting(t, { jwksUrl: `${issuer.url}/keys` });
  const signature = createSign('RSA-SHA256').update(text).sign(pair.privateKey, 'base64url');
  t.equal(await other.statusOf(`${text}.${signature}`), 401);
});

t.test('T25: keys are fetched seldom, however many tokens name unknown ones', async (t) => {
  const { issuer, claims, statusOf, pass } = await setting(t);
  const old = await issuer.sign(claims());
  t.equal(await statusOf(old), 403);
  const fetched = () => issuer.asked.filter((path) => path === '/keys').length;
  const forged = await Promise.all(
    Array.from({ length: 20 }, (_, i) => issuer.sign(claims(), { kid: `unknown-${i}` })),
  );
  for (const token of forged) t.equal(await statusOf(token), 401);
  t.equal(fetched(), 1, 'none of them made the broker ask again');

  const unseen = await issuer.sign(claims({ name: 'Ada' }));
  await issuer.newKey('key-2');
  const rotated = await issuer.sign(claims());
  t.equal(await statusOf(rotated), 401, 'within half a minute');
  pass(30_000);
  t.equal(await statusOf(await issuer.sign(claims({ sub: 'ada-at-the-issuer' }))), 403, 'a new key is found');
  t.equal(fetched(), 2);
  t.equal(await statusOf(unseen), 401, 'a withdrawn key is not believed any more');
  t.equal(await statusOf(old), 403, 'a token that was checked is believed');
  pass(5 * MINUTE_MS);
  t.equal(await statusOf(old), 401, 'for five minutes at most');
  t.equal(fetched(), 3, 'its key was looked for');
  await Promise.all(forged.map(statusOf));
  t.equal(fetched(), 3);
  pass(10 * MINUTE_MS);
  await statusOf(await issuer.sign(claims()));
  t.equal(fetched(), 4, 'and every ten minutes they are fetched again');
});

t.test('an issuer that does not answer is bridged for a day; without keys the answer is 503', async (t) => {
  const { issuer, claims, ask, statusOf, pass } = await setting(t);
  issuer.answers['/keys'] = { status: 500 };
  const none = await ask(await issuer.sign(claims()));
  t.equal(none.statusCode, 503);
  t.match(none.json().message, /keys of .* cannot be fetched/);
  t.ok(none.headers['retry-after']);
  const before = issuer.asked.length;
  t.equal(await statusOf(await issuer.sign(claims())), 503);
  t.equal(issuer.asked.length, before, 'not asked again at once');
  issuer.answers = {};
  pass(30_000);
  t.equal(await statusOf(await issuer.sign(claims())), 403);
  for (const answer of [
    { status: 500 },
    { status: 302, headers: { location: `${issuer.url}/elsewhere` } },
    { body: 'no JSON' },
    { body: JSON.stringify({ keys: 'none' }) },
    { body: JSON.stringify({ keys: Array(51).fill({ kty: 'RSA' }) }) },
    { body: JSON.stringify({ keys: [], padding: 'x'.repeat(262_144) }) },
  ]) {
    issuer.answers['/keys'] = answer;
    pass(11 * MINUTE_MS);
    t.equal(await statusOf(await issuer.sign(claims())), 403, JSON.stringify(answer).slice(0, 60));
  }
  t.notOk(issuer.asked.includes('/elsewhere'), 'redirects are not followed');
  pass(24 * 60 * MINUTE_MS);
  t.equal(await statusOf(await issuer.sign(claims())), 503);
});

t.test("the discovery document must be the issuer's, with keys at a safe address", async (t) => {
  for (const document of [
    { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/keys' },
    { jwks_uri: 'https://evil.example/keys' },
  ]) {
    const { issuer, claims, statusOf } = await setting(t);
    issuer.answers['/.well-known/openid-configuration'] = { body: JSON.stringify(document) };
    t.equal(await statusOf(await issuer.sign(claims())), 503);
  }
  const { issuer, claims, statusOf } = await setting(t);
  const unsafe = { issuer: issuer.url, jwks_uri: 'http://keys.example.org/keys' };
  issuer.answers['/.well-known/openid-configuration'] = { body: JSON.stringify(unsafe) };
  t.equal(await statusOf(await issuer.sign(claims())), 503);
});

t.test('the account of a verified address is taken over without its password and tokens', async (t) => {
  const { issuer, claims, ask, person, app } = await setting(t);
  // Somebody else may have registered the address of a person who had not come yet.
  const squatter = await person('ada@example.org');
  const { token } = (
    await squatter.post('/api/profile/tokens', { name: 'x', scopes: ['profile:read'] })
  ).json();
  const unverified = await ask(await issuer.sign(claims({ email_verified: false })));
  t.equal(unverified.statusCode, 401);
  t.match(unverified.json().message, /no verified e-mail address/);
  t.equal((await ask(await issuer.sign(claims({ email: undefined })))).statusCode, 401);
  t.equal((await squatter.get('/profile')).statusCode, 200);

  const arrived = await ask(await issuer.sign(claims()));
  t.match(arrived.json(), { userId: squatter.userId });
  t.equal((await squatter.get('/profile')).statusCode, 401);
  t.equal((await ask(token)).statusCode, 401);
  const payload = { email: 'ada@example.org', password: PASSWORD };
  t.equal((await app.inject({ method: 'POST', url: '/auth/login', payload })).statusCode, 401);
  const other = await ask(await issuer.sign(claims({ sub: 'another-ada' })));
  t.equal(other.statusCode, 401, 'the address belongs to one person of the issuer');
  t.match(other.json().message, /belongs to somebody else/);
});

t.test('a disabled or deleted person of the issuer stays out', async (t) => {
  const { issuer, claims, ask, statusOf, admin, pass } = await setting(t);
  await ask(await issuer.sign(claims()));
  const [{ userId }] = (await admin.get('/api/admin/users?status=waiting')).json().users;
  await admin.post(`/api/admin/users/${userId}/approve`);
  pass(5_000);
  const token = await issuer.sign(claims());
  t.equal(await statusOf(token), 200);
  pass(5_000);
  await admin.post(`/api/admin/users/${userId}/disable`);
  t.equal(await statusOf(token), 401, 'at once');
  pass(5_000);
  await admin.post(`/api/admin/users/${userId}/approve`);
  t.equal(await statusOf(token), 401, 'a token from before stays dead');
  t.equal(await statusOf(await issuer.sign(claims())), 200);
  await admin.del(`/api/admin/users/${userId}`);
  t.equal(await statusOf(await issuer.sign(claims())), 401);
  t.equal((await admin.get('/api/admin/users')).json().users.length, 1, 'no new account');
});
