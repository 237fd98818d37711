/** Pages that follow jobs while the broker, or the store behind it, is away: they go on by themselves. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { eventually } from '../helpers/eventually.ts';

const asked: string[] = [];
/** How often the broker refuses first, by path. */
const refusals: Record<string, number> = { '/console/session': 1, '/api/job/events': 1 };
const server = createServer((request, answer) => {
  const { url = '' } = request;
  asked.push(url);
  if (refusals[url]-- > 0) {
    const body = { code: 'unavailable', message: 'the store does not answer' };
    answer.writeHead(503, { 'retry-after': '5', 'content-type': 'application/json' });
    answer.end(JSON.stringify(body));
  } else if (url === '/console/session') {
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ token: 'a token', expiresIn: 900 }));
  } else {
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    answer.write('event: job\nid: 1\ndata: {"jobId":"J1","state":"running"}\n\n');
  }
});

t.before(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  // What a browser has, and this process has not.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { fetch } = globalThis;
  const browser = {
    location: { origin },
    document: { hidden: false },
    localStorage: { getItem: () => 'open', setItem() {}, removeItem() {} },
    navigator: { locks: { request: (_name: string, work: () => unknown) => work() } },
    fetch: (input: string | Request, init?: RequestInit) =>
      fetch(typeof input === 'string' ? new URL(input, origin) : input, init),
  };
  for (const [name, value] of Object.entries(browser))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
});

t.test('a session that cannot be renewed for a while does not end the following of jobs', async (t) => {
  // Of the browser's types, which the tests do not have.
  const page = new URL('../../console/lib/events.ts', import.meta.url).href;
  const { watchJobs } = await import(page);
  const seen: { jobId: string; state: string }[] = [];
  const stop = watchJobs({ job: (job: { jobId: string; state: string }) => seen.push(job), removed() {} });
  t.teardown(stop);
  await eventually(() => seen.length > 0, 20_000);
  t.same(seen, [{ jobId: 'J1', state: 'running' }]);
  t.same(asked.slice(0, 4), ['/console/session', '/console/session', '/api/job/events', '/api/job/events']);
});
