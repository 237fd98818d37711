/** Server-sent events over a real socket: form, heartbeat, slow readers, and every way a stream ends. */
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import t from 'tap';
import { createEventStream } from '../../src/plugins/event-stream.ts';
import { createHandTimers } from '../helpers/hand-timers.ts';
import { broker, MODE_1, type Person, taskWith } from '../helpers/http.ts';

async function ready(t: Parameters<typeof broker>[0]) {
  const b = await broker(t);
  const admin = await b.administrator();
  await admin.post('/computing-unit/register', MODE_1);
  const ada = await b.person('ada@example.org');
  const { bucket, key } = (await ada.post('/data/presign', { operation: 'put', filename: 's.dat' })).json();
  const task = taskWith({ bucket, key });
  await b.app.listen({ port: 0, host: '127.0.0.1' });
  // fetch keeps connections that it has opened but not used; the server would wait for them.
  t.teardown(async () => b.app.server.closeAllConnections());
  const { port } = b.app.server.address() as AddressInfo;
  const submit = async () => (await ada.post('/api/task/queue', { alias: 'brain', task })).json().jobId;
  return { ...b, admin, ada, submit, url: `http://127.0.0.1:${port}`, port };
}

/** An open stream; `until` reads on until the text matches, `end` until the broker ends it. */
async function open(url: string, who: Person, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${who.tokens.access_token}`, ...headers },
    signal: abort.signal,
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended before ${pattern}: ${text}`);
      text += value;
    }
    return text;
  };
  const end = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return text;
      text += value;
    }
  };
  return { answer, until, end, close: () => abort.abort() };
}

t.test('changes arrive as events that can be resumed', async (t) => {
  const { ada, submit, url, ticker, pass, clock } = await ready(t);
  const jobId = await submit();
  const stream = await open(`${url}/api/job/events`, ada);
  t.equal(stream.answer.status, 200);
  t.match(Object.fromEntries(stream.answer.headers), {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-request-id': /\w/,
    'x-content-type-options': 'nosniff',
  });
  await stream.until(/"state":"queued"/);
  pass(1_000);
  await ticker.tick();
  const text = await stream.until(/"executionArn".*\n\n/);
  const [, id, data] = /\nevent: job\nid: (\d+)\ndata: (.+)\n\n$/.exec(text) ?? [];
  const shown = (await ada.get(`/api/job/${jobId}`)).json();
  t.equal(Number(id), Date.parse(shown.updatedAt));
  t.same(JSON.parse(data), shown, 'as GET shows it');
  t.ok(text.startsWith('retry: 2000\n\n'));
  stream.close();

  pass(60_000);
  await ada.post(`/api/job/${jobId}/cancel`);
  await ticker.tick();
  // So long a worker may be about to begin.
  pass(31_000);
  await ticker.tick();
  const resumed = await open(`${url}/api/job/events`, ada, { 'last-event-id': id });
  await resumed.until(/"state":"canceled"/);
  await ada.del(`/api/job/${jobId}`);
  t.match(
    await resumed.until(/removed.*\n.*\n.*\n\n/),
    `event: removed\nid: ${clock()}\ndata: {"jobId":"${jobId}"}\n\n`,
  );
  resumed.close();
});

t.test('one job can be followed; a job of somebody else is not there', async (t) => {
  const { ada, submit, url, person } = await ready(t);
  const [jobId, other] = [await submit(), await submit()];
  const stream = await open(`${url}/job/${jobId}/events`, ada);
  await ada.post(`/api/job/${other}/cancel`);
  await ada.post(`/api/job/${jobId}/cancel`);
  const text = await stream.until(/"state":"canceled"/);
  t.notMatch(text, other);
  stream.close();
  const eve = await person('eve@example.org');
  const refused = await open(`${url}/job/${jobId}/events`, eve);
  t.equal(refused.answer.status, 404);
  t.match(await refused.end(), '"code":"not_found"');
});

t.test('a stream lives as long as its token, and says so at its end', async (t) => {
  const { ada, url, timers } = await ready(t);
  const stream = await open(`${url}/job/events`, ada);
  await stream.until(/retry/);
  t.same(timers.set(), [3_000, 10_000, 15_000, 3_600_000]);
  timers.fire(15_000);
  await stream.until(/: still here\n\n/);
  timers.fire(3_600_000);
  t.match(await stream.end(), /event: expired\ndata: \{\}\n\n$/);
  t.same(timers.set(), [], 'nothing is left behind');
});

t.test('a stream with a personal access token ends after a day', async (t) => {
  const { ada, url, timers } = await ready(t);
  const wish = { name: 'dashboard', scopes: ['jobs:read'] };
  const { token } = (await ada.post('/api/profile/tokens', wish)).json();
  const dashboard = { ...ada, tokens: { ...ada.tokens, access_token: token } };
  const stream = await open(`${url}/job/events`, dashboard);
  await stream.until(/retry/);
  t.same(timers.set(), [3_000, 10_000, 15_000, 24 * 3_600_000]);
  timers.fire(24 * 3_600_000);
  t.match(await stream.end(), /event: expired/);
});

t.test('a stream of somebody who was shut out meanwhile ends', async (t) => {
  const { ada, admin, url, timers } = await ready(t);
  const stream = await open(`${url}/job/events`, ada);
  await stream.until(/retry/);
  timers.fire(10_000);
  timers.fire(15_000);
  await stream.until(/: still here\n\n/);
  t.equal((await admin.post(`/api/admin/users/${ada.userId}/disable`)).statusCode, 200);
  timers.fire(10_000);
  t.match(await stream.end(), /event: expired\ndata: \{\}\n\n$/);
  t.same(timers.set(), [], 'nothing is left behind');
});

t.test('a client that goes away leaves nothing behind; too many streams are refused', async (t) => {
  const { ada, url, timers } = await ready(t);
  const streams = [];
  for (let i = 0; i < 8; i++) streams.push(await open(`${url}/job/events`, ada));
  const ninth = await open(`${url}/job/events`, ada);
  t.equal(ninth.answer.status, 429);
  t.ok(ninth.answer.headers.get('retry-after'));
  await ninth.end();
  for (const stream of streams) stream.close();
  while (timers.set().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.pass('all timers are stopped');
});

t.test('closing the broker ends the streams in order', async (t) => {
  const { ada, url, app } = await ready(t);
  const stream = await open(`${url}/job/events`, ada);
  await stream.until(/retry/);
  const [text] = await Promise.all([stream.end(), app.close()]);
  t.equal(text, 'retry: 2000\n\n');
});

t.test('a stream that is being opened as the broker closes is ended as well', async (t) => {
  const { ada, url, app, documents } = await ready(t);
  let entered = (): void => {};
  let letIn = (): void => {};
  const reading = new Promise<void>((resolve) => (entered = resolve));
  const gate = new Promise<void>((resolve) => (letIn = resolve));
  // The query with which a stream resumes: from here on the broker is closing.
  documents.middlewareStack.add((next, context) => async (call) => {
    if (context.commandName === 'QueryCommand') {
      entered();
      await gate;
    }
    return next(call);
  });
  const opening = open(`${url}/job/events`, ada, { 'last-event-id': '1' });
  await reading;
  const closed = app.close();
  // The streams there were have been ended by then.
  await new Promise((resolve) => setTimeout(resolve, 100));
  letIn();
  t.match(await (await opening).end(), /^retry: 2000\n\n/);
  await closed;
});

t.test('a client that does not read gets the newest state of each job later, not all of them', async (t) => {
  const timers = createHandTimers();
  const stream = createEventStream(timers);
  const frame = (n: number) => ({ event: 'job', id: String(n), data: 'x'.repeat(10_000) + n });
  for (let n = 0; n < 1_000; n++) stream.send(`job ${n % 2}`, frame(n));
  stream.end();
  let text = '';
  for await (const chunk of stream.body) text += chunk;
  t.ok(text.length < 100_000, `${text.length} bytes`);
  t.match(text, 'x998\n\n');
  t.match(text, 'x999\n\n');
});

t.test(
  'a client that takes nothing for a minute is given up, one with too much waiting is ended',
  async (t) => {
    const timers = createHandTimers();
    const stuck = createEventStream(timers);
    const closed = new Promise<void>((resolve) => stuck.onClose(resolve));
    for (let beat = 0; beat < 6; beat++) timers.fire(15_000);
    await closed;
    t.ok(stuck.body.destroyed);
    t.same(timers.set(), []);
    const full = createEventStream(timers);
    for (let n = 0; n < 1_000; n++) full.send(`job ${n}`, { event: 'job', data: String(n) });
    let text = '';
    for await (const chunk of full.body) text += chunk;
    t.match(text, /data: 499\n\n$/);
  },
);

t.test('a socket that is never read does not make the broker grow', async (t) => {
  const { ada, port, jobStore, feed, timers, clock } = await ready(t);
  const { sampleJob } = await import('../helpers/samples.ts');
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const authorization = `Bearer ${ada.tokens.id_token}`;
  socket.write(`GET /api/job/events HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
  socket.pause();
  while (!timers.set().includes(15_000)) await new Promise((resolve) => setTimeout(resolve, 5));
  const job = sampleJob({ ownerId: ada.userId, updatedAt: clock(), alias: 'y'.repeat(100_000) });
  await jobStore.create(job);
  const before = process.memoryUsage().heapUsed;
  for (let version = 2; version < 2_000; version++) feed.publish({ ...job, version });
  t.ok(process.memoryUsage().heapUsed - before < 100e6, 'two hundred megabytes of events were not kept');
});
