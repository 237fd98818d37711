/** A process works on a bounded number of requests at once; what comes on top is told to come back. */
import t from 'tap';
import { createAdmission } from '../../src/plugins/admission.ts';
import { broker } from '../helpers/http.ts';

t.test(
  'what is too much is refused at once with 503 and Retry-After; health and administration are not',
  async (t) => {
    const admission = createAdmission(2);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const b = await broker(t, { admission }, (app) => {
      app.get('/slow', { config: { access: 'public' }, schema: { hide: true } }, async () => {
        await gate;
        return 'done';
      });
    });
    const admin = await b.administrator();
    const ada = await b.person('ada@example.org');
    t.equal(admission.inFlight(), 0, 'whoever has an answer has left');

    const slow = [b.app.inject('/slow'), b.app.inject('/slow')];
    while (admission.inFlight() < 2) await new Promise((resolve) => setImmediate(resolve));
    const seconds = new Set<number>();
    for (let i = 0; i < 6; i++) {
      const refused = await ada.get('/api/job');
      t.equal(refused.statusCode, 503);
      t.match(refused.json(), { code: 'busy', remedy: /Retry-After/, requestId: String });
      seconds.add(Number(refused.headers['retry-after']));
    }
    t.same([...seconds].sort(), [1, 2, 3], 'not all come back at once');
    t.equal((await b.app.inject('/live')).statusCode, 200);
    t.equal((await b.app.inject('/ready')).statusCode, 200);
    t.equal((await admin.get('/api/admin/computing-units/switch')).statusCode, 200);
    t.equal(
      (await b.app.inject({ method: 'GET', url: '/api/admin/users' })).statusCode,
      401,
      'as anybody else',
    );
    t.notOk(
      b.lines.some((line) => line.includes('request failed')),
      'no line of log for each',
    );

    open();
    t.same(
      (await Promise.all(slow)).map(({ statusCode }) => statusCode),
      [200, 200],
    );
    t.equal((await ada.get('/api/job')).statusCode, 200);
    t.equal(admission.inFlight(), 0);
    t.equal(admission.refused(), 6);
  },
);

t.test('an open stream of events holds no place', async (t) => {
  const admission = createAdmission(1);
  const b = await broker(t, { admission });
  const ada = await b.person('ada@example.org');
  const url = await b.app.listen({ port: 0, host: '127.0.0.1' });
  const stop = new AbortController();
  const stream = await fetch(`${url}/api/job/events`, {
    headers: { authorization: `Bearer ${ada.tokens.id_token}` },
    signal: stop.signal,
  });
  t.equal(stream.status, 200);
  t.equal(admission.inFlight(), 0);
  t.equal((await ada.get('/api/job')).statusCode, 200);
  stop.abort();
});

t.test('refusals, errors and requests that are given up leave their places', async (t) => {
  const admission = createAdmission(3);
  const b = await broker(t, { admission });
  const ada = await b.person('ada@example.org');
  for (const [method, url] of [
    ['GET', '/nothing/here'],
    ['GET', '/api/job/unknown'],
    ['POST', '/api/task/queue'],
    ['DELETE', '/api/job'],
    ['OPTIONS', '/api/job'],
  ] as const) {
    await b.app.inject({ method, url, headers: { authorization: `Bearer ${ada.tokens.id_token}` } });
    t.equal(admission.inFlight(), 0, `${method} ${url}`);
  }
  const url = await b.app.listen({ port: 0, host: '127.0.0.1' });
  const stop = new AbortController();
  const given = fetch(`${url}/api/task/queue`, {
    method: 'POST',
    duplex: 'half',
    body: new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) }),
    headers: { authorization: `Bearer ${ada.tokens.id_token}`, 'content-type': 'application/json' },
    signal: stop.signal,
  } as RequestInit);
  for (let i = 0; i < 400 && admission.inFlight() === 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await t.rejects(given);
  for (let i = 0; i < 200 && admission.inFlight() > 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(admission.inFlight(), 0);
});
