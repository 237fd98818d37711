/** The console as it is served: its policy, its files, and a session that no script can take along. */
import t from 'tap';
import { broker, PASSWORD } from '../helpers/http.ts';

const OWN = { 'x-cloudmr-console': '1' };

t.test('the page allows scripts and styles of the broker only, and bytes of buckets', async (t) => {
  const { app } = await broker(t);
  for (const url of ['/console', '/console/', '/console/jobs/01K9ZB4T8N5W3V6Q2R7S0M1XYA']) {
    const page = await app.inject({ url });
    t.equal(page.statusCode, 200, url);
    t.match(page.headers['content-type'], 'text/html');
    const policy = String(page.headers['content-security-policy']);
    t.match(policy, "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self';");
    t.match(policy, "connect-src 'self' data: blob: https://*.amazonaws.com;");
    t.match(policy, "frame-ancestors 'none'");
    t.notMatch(policy, /unsafe/);
    t.notMatch(page.body, /<script>|style=|onload=/);
  }
});

t.test(
  'files are kept for good by their names, packed as the browser likes, and never made up',
  async (t) => {
    const { app } = await broker(t);
    const page = await app.inject({ url: '/console' });
    const names = [...page.body.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, name]) => name);
    t.equal(names.length, 3);
    let wire = page.rawPayload.length;
    let plain = page.rawPayload.length;
    for (const url of names) {
      const packed = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
      t.equal(packed.statusCode, 200, url);
      t.equal(packed.headers['content-encoding'], 'br');
      t.match(packed.headers['cache-control'], url.includes('/assets/') ? 'immutable' : 'max-age=3600');
      wire += packed.rawPayload.length;
      plain += (await app.inject({ url })).rawPayload.length;
    }
    t.comment(`first load without the viewer: ${plain} bytes, ${wire} on the wire`);
    t.ok(plain < 300_000, 'below 300 kB even if nothing is packed');
    for (const url of ['/console/assets/console-AAAAAAAA.js', '/console/../package.json', '/console/x.ts']) {
      t.equal((await app.inject({ url })).statusCode, 404, url);
    }
  },
);

t.test('a session is renewed by a cookie that scripts and other sites cannot use', async (t) => {
  const { app, person } = await broker(t);
  const { email, userId } = await person('ada@example.org');
  const url = '/console/session';
  const opened = await app.inject({
    method: 'POST',
    url,
    headers: OWN,
    payload: { email, password: PASSWORD },
  });
  t.equal(opened.statusCode, 200);
  t.same(Object.keys(opened.json()).sort(), ['expiresIn', 'token', 'userId']);
  t.equal(opened.json().userId, userId);
  const [first] = [opened.headers['set-cookie']].flat().map(String);
  t.match(
    first,
    /^cloudmr_session=[\w.-]+; Path=\/console\/session; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
  );
  const cookie = first.split(';')[0];

  const foreign = await app.inject({ method: 'PUT', url, headers: { cookie } });
  t.equal(foreign.statusCode, 400, 'without the header that other sites may not send');
  const renewed = await app.inject({ method: 'PUT', url, headers: { ...OWN, cookie } });
  t.equal(renewed.statusCode, 200);
  const profile = await app.inject({
    url: '/api/profile',
    headers: { authorization: `Bearer ${renewed.json().token}` },
  });
  t.equal(profile.json().email, email);

  const next = String([renewed.headers['set-cookie']].flat()[0]).split(';')[0];
  const ended = await app.inject({ method: 'DELETE', url, headers: { ...OWN, cookie: next } });
  t.equal(ended.statusCode, 200);
  t.match(ended.headers['set-cookie'], 'cloudmr_session=; Path=/console/session; Max-Age=0');
  t.equal((await app.inject({ method: 'PUT', url, headers: { ...OWN, cookie: next } })).statusCode, 401);
  t.equal(
    (await app.inject({ method: 'DELETE', url, headers: OWN })).statusCode,
    200,
    'ending twice is fine',
  );
  t.equal((await app.inject({ method: 'PUT', url, headers: OWN })).statusCode, 401);
});

t.test('a wrong password opens no session', async (t) => {
  const { app, person } = await broker(t);
  const { email } = await person('ada@example.org');
  const answer = await app.inject({
    method: 'POST',
    url: '/console/session',
    headers: OWN,
    payload: { email, password: 'Wrong-horse.7' },
  });
  t.equal(answer.statusCode, 401);
  t.equal(answer.json().code, 'wrong_credentials');
  t.equal(answer.headers['set-cookie'], undefined);
});

t.test('behind https the cookie is for https only', async (t) => {
  const { app, person } = await broker(t, { trustProxy: true });
  const { email } = await person('ada@example.org');
  const answer = await app.inject({
    method: 'POST',
    url: '/console/session',
    headers: { ...OWN, 'x-forwarded-proto': 'https' },
    payload: { email, password: PASSWORD },
  });
  t.match(answer.headers['set-cookie'], /; Secure$/);
});
