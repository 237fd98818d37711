/** How often an address may ask, and which address that is behind a proxy. */
import t from 'tap';
import { broker, PASSWORD } from '../helpers/http.ts';
import { looksLikeAnError } from '../helpers/looks-like-an-error.ts';

t.test(
  'signing in is limited strictly, everything else generously, and the answer says until when',
  async (t) => {
    const { app } = await broker(t, { limits: { perMinute: 12, signInsPerMinute: 3 } });
    const login = (url: string, remoteAddress = '10.0.0.1') =>
      app.inject({ method: 'POST', url, remoteAddress, payload: { email: 'a@b.c', password: PASSWORD } });
    const first = await login('/api/auth/login');
    t.equal(first.statusCode, 401);
    t.match(first.headers, { 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2' });
    await login('/auth/login');
    await login('/Prod/api/auth/login');
    const refused = await login('/api/auth/login');
    looksLikeAnError(t, refused, 'too_many_requests');
    const wait = Number(refused.headers['retry-after']);
    t.ok(wait > 0 && wait <= 60, `Retry-After: ${wait}`);
    const guess = await app.inject({ method: 'POST', url: '/api/auth/register', remoteAddress: '10.0.0.1' });
    looksLikeAnError(t, guess, 'too_many_requests');
    t.equal((await login('/api/auth/login', '10.0.0.2')).statusCode, 401, 'another address is not affected');
    const spoofed = await app.inject({
      method: 'POST',
      url: '/api/auth/login',
      remoteAddress: '10.0.0.1',
      headers: { 'x-forwarded-for': '10.9.9.9' },
      payload: { email: 'a@b.c', password: PASSWORD },
    });
    t.equal(spoofed.statusCode, 429, 'X-Forwarded-For counts only from a trusted proxy');

    const asked: number[] = [];
    for (let i = 0; i < 13; i++)
      asked.push((await app.inject({ url: '/api/job', remoteAddress: '10.0.0.3' })).statusCode);
    t.same(asked, [...Array(12).fill(401), 429]);
    t.equal(
      (await app.inject({ url: '/guess', remoteAddress: '10.0.0.3' })).statusCode,
      429,
      'unknown paths too',
    );
    t.equal(
      (await app.inject({ url: '/live', remoteAddress: '10.0.0.3' })).statusCode,
      200,
      'supervisors may always ask',
    );
  },
);

t.test('a trusted proxy may name the caller', async (t) => {
  const { app } = await broker(t, {
    trustProxy: ['10.0.0.1'],
    limits: { perMinute: 100, signInsPerMinute: 1 },
  });
  const login = (remoteAddress: string, forwarded: string) =>
    app.inject({
      method: 'POST',
      url: '/auth/login',
      remoteAddress,
      headers: { 'x-forwarded-for': forwarded },
      payload: { email: 'a@b.c', password: PASSWORD },
    });
  t.equal((await login('10.0.0.1', '1.1.1.1')).statusCode, 401);
  t.equal((await login('10.0.0.1', '2.2.2.2')).statusCode, 401);
  t.equal((await login('10.0.0.1', '1.1.1.1')).statusCode, 429);
  t.equal((await login('10.0.0.9', '3.3.3.3')).statusCode, 401);
  t.equal((await login('10.0.0.9', '4.4.4.4')).statusCode, 429, 'not from that proxy');
});
