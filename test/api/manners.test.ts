/** What every route shares: error bodies, limits, headers, CORS, request ids, documentation, health. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { CloudError, type CloudProblem } from '../../services/ports.ts';
import { AppError, ERRORS, type ErrorCode } from '../../src/errors.ts';
import { broker } from '../helpers/http.ts';
import { looksLikeAnError } from '../helpers/looks-like-an-error.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

t.test('every code arrives with its status, one body shape, and never a stack', async (t) => {
  const { app } = await broker(t, {}, (app) => {
    for (const code of CODES) {
      app.get(`/throw/${code}`, async () => {
        throw new AppError(code, 'as ordered', { details: { a: 1 } });
      });
    }
    app.get('/throw', async () => {
      throw new Error('secret inside');
    });
    app.get('/throw-text', async () => {
      throw 'text';
    });
    const problems: CloudProblem[] = ['denied', 'unavailable', 'throttled'];
    for (const problem of problems) {
      app.get(`/cloud/${problem}`, async () => {
        throw new CloudError(problem, 'GetObject', 'Code', 'arn:aws:secret');
      });
    }
  });
  for (const code of CODES) {
    const answer = await app.inject(`/throw/${code}`);
    looksLikeAnError(t, answer, code);
    t.same(answer.json().details, { a: 1 });
    t.equal('retry-after' in answer.headers, [429, 503].includes(answer.statusCode), `${code}: Retry-After`);
    t.equal('www-authenticate' in answer.headers, answer.statusCode === 401, `${code}: WWW-Authenticate`);
  }
  for (const url of ['/throw', '/throw-text']) {
    const answer = await app.inject(url);
    looksLikeAnError(t, answer, 'internal');
    t.notMatch(answer.body, 'secret inside');
  }
  looksLikeAnError(t, await app.inject('/cloud/denied'), 'cloud_refused');
  looksLikeAnError(t, await app.inject('/cloud/unavailable'), 'unavailable');
  looksLikeAnError(t, await app.inject('/cloud/throttled'), 'unavailable');
});

t.test('requests that Fastify itself refuses look the same', async (t) => {
  const b = await broker(t);
  const ada = await b.person('ada@example.org');
  const send = (payload: string, type?: string) =>
    b.app.inject({
      method: 'POST',
      url: '/api/task/queue',
      payload,
      headers: {
        authorization: `Bearer ${ada.tokens.id_token}`,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
    });
  looksLikeAnError(t, await send('{"a":', 'application/json'), 'invalid_request');
  looksLikeAnError(t, await send('', 'application/json'), 'invalid_request');
  looksLikeAnError(t, await send('{"__proto__":{"x":1}}', 'application/json'), 'invalid_request');
  looksLikeAnError(t, await send('null', 'application/json'), 'invalid_request');
  looksLikeAnError(t, await send('[]', 'application/json'), 'invalid_request');
  looksLikeAnError(t, await send('a=b', 'application/x-www-form-urlencoded'), 'unsupported_media_type');
  looksLikeAnError(t, await send('hello', 'text/plain'), 'unsupported_media_type');
  looksLikeAnError(t, await send('<a/>', 'text/xml'), 'unsupported_media_type');
  looksLikeAnError(
    t,
    await send(JSON.stringify('x'.repeat(1_048_577)), 'application/json'),
    'payload_too_large',
  );
  looksLikeAnError(t, await b.app.inject('/nothing/here?token=secret'), 'not_found');
  looksLikeAnError(t, await b.app.inject('/api/job/%zz'), 'invalid_request');
  looksLikeAnError(t, await ada.get(`/api/job/${'a'.repeat(200)}`), 'invalid_request');
  t.notMatch((await b.app.inject('/nothing/here?token=secret')).body, 'secret');
});

t.test(
  'answers fit their schemas: unknown fields never leave, wrong ones are an internal error',
  async (t) => {
    const checks: Record<string, unknown> = { store: true, tick: true, passwordHash: 'canary' };
    const b = await broker(t, {
      readiness: async () => ({
        checks: { ...checks } as { store: boolean; tick: boolean },
        dependencies: [],
      }),
    });
    t.same((await b.app.inject('/ready')).json().checks, { store: true, tick: true });
    checks['tick'] = 'canary';
    const broken = await b.app.inject('/ready');
    looksLikeAnError(t, broken, 'internal');
    t.ok(b.lines.some((line) => line.includes('request failed') && line.includes(broken.json().requestId)));
    t.notMatch(b.lines.join(''), 'canary');
  },
);

t.test(
  'a PUT with an empty Content-Type header, as browsers send parts, is no reason to refuse',
  async (t) => {
    const { app } = await broker(t, {}, (app) => {
      app.put('/part', async (request) => ({ type: request.headers['content-type'] ?? 'none' }));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const put = (headers: Record<string, string>): Promise<{ status?: number; text: string }> =>
      new Promise((resolve, reject) => {
        const request = httpRequest({ port, method: 'PUT', path: '/part', headers }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => resolve({ status: response.statusCode, text }));
        });
        request.on('error', reject);
        request.end();
      });
    t.same(await put({ 'content-type': '', 'content-length': '0' }), {
      status: 200,
      text: '{"type":"none"}',
    });
  },
);

t.test('a method that a path does not have answers 405 with those it has', async (t) => {
  const { app } = await broker(t);
  const ask = async (method: 'GET', url: string) => {
    const answer = await app.inject({ method, url });
    looksLikeAnError(t, answer, 'method_not_allowed');
    return answer.headers['allow'];
  };
  t.equal(await ask('PATCH' as 'GET', '/api/job'), 'GET, HEAD');
  t.equal(await ask('DELETE' as 'GET', '/auth/login'), 'POST');
  t.equal(await ask('TRACE' as 'GET', '/live'), 'GET, HEAD');
  t.equal(await ask('GET', '/Prod/api/task/queue'), 'POST');
  t.equal((await app.inject({ method: 'HEAD', url: '/live' })).statusCode, 200);
  t.equal((await app.inject({ method: 'PUT', url: '/nothing' })).statusCode, 404);
});

t.test('CORS is exactly what is configured', async (t) => {
  const { app } = await broker(t);
  const preflight = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/api/task/queue',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
  const allowed = await preflight('https://gui.test');
  t.equal(allowed.statusCode, 204);
  t.match(allowed.headers, {
    'access-control-allow-origin': 'https://gui.test',
    'access-control-allow-headers':
      'authorization, content-type, x-api-key, idempotency-key, if-none-match, last-event-id, x-request-id, traceparent',
    'access-control-allow-methods': /DELETE/,
    vary: /Origin/,
  });
  t.notOk(allowed.headers['access-control-allow-credentials']);
  const simple = await app.inject({ url: '/live', headers: { origin: 'https://gui.test' } });
  t.equal(simple.headers['access-control-allow-origin'], 'https://gui.test');
  t.equal(
    simple.headers['access-control-expose-headers'],
    'ETag, Retry-After, x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, x-next-cursor',
  );
  for (const origin of [
    'https://gui.test.evil.example',
    'http://gui.test',
    'https://gui.test:8443',
    'null',
  ]) {
    t.notOk((await preflight(origin)).headers['access-control-allow-origin'], origin);
    const answer = await app.inject({ url: '/live', headers: { origin } });
    t.notOk(answer.headers['access-control-allow-origin'], origin);
  }
  const closed = await broker(t, { corsOrigins: [] });
  const none = await closed.app.inject({ url: '/live', headers: { origin: 'https://gui.test' } });
  t.notOk(none.headers['access-control-allow-origin'], 'nothing configured, nobody allowed');
});

t.test('a sane request id is kept, anything else replaced, and every answer names it', async (t) => {
  const { app } = await broker(t);
  const ask = async (id: string): Promise<string> =>
    String((await app.inject({ url: '/live', headers: { 'x-request-id': id } })).headers['x-request-id']);
  t.equal(await ask('web-1234:abc.def'), 'web-1234:abc.def');
  for (const id of ['short', 'has space in it', 'x'.repeat(101), 'a"b{}injection']) {
    t.match(await ask(id), /^[0-9A-Z]{26}$/, id);
  }
});

t.test('answers carry security headers, and the pages of /docs need nothing from outside', async (t) => {
  const { app } = await broker(t);
  const api = await app.inject('/live');
  t.match(api.headers, {
    'content-security-policy': /default-src 'self'.*frame-ancestors 'none'.*object-src 'none'/,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'strict-transport-security': /max-age/,
  });
  t.notOk(api.headers['x-powered-by']);
  const start = await app.inject('/');
  t.match({ status: start.statusCode, to: start.headers['location'] }, { status: 302, to: '/docs' });
  const docs = await app.inject('/docs');
  t.equal(docs.statusCode, 200);
  const parts = [...docs.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
  t.ok(parts.length >= 4);
  for (const path of parts) {
    t.notMatch(path, /^(https?:)?\/\//, 'from this broker');
    t.equal((await app.inject(new URL(path, 'http://x/docs/').pathname)).statusCode, 200, path);
  }
  t.notMatch(docs.body, /<script>[^<]/, 'the policy allows no inline script');
  t.equal((await app.inject('/docs/json')).json().openapi, '3.1.0');
});

t.test('live and ready tell what they know', async (t) => {
  const checks = { store: true, tick: true };
  let stuck = false;
  const { app } = await broker(t, {
    readiness: async () => ({ checks: { ...checks }, dependencies: [] }),
    stuck: () => stuck,
  });
  t.same((await app.inject('/live')).json(), { status: 'live' });
  t.same((await app.inject('/ready')).json(), { status: 'ready', checks, dependencies: [] });
  checks.store = false;
  const away = await app.inject('/ready');
  t.equal(away.statusCode, 503);
  t.same(away.json(), {
    status: 'not_ready',
    checks: { store: false, tick: true },
    dependencies: [],
  });
  t.equal((await app.inject('/live')).statusCode, 200, 'a new process would have no store either');
  stuck = true;
  const still = await app.inject('/live');
  t.same([still.statusCode, still.json(), still.headers['retry-after']], [503, { status: 'stuck' }, '5']);
});
