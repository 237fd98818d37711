/** The command line at a broker that is busy, goes away and comes back: it waits as it is told, and does nothing twice. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { main } from '../../src/cli/main.ts';
import { patientFetch } from '../../src/cli/patience.ts';

type Turn = (answer: ServerResponse, request: IncomingMessage) => void;

/** A broker that answers its requests one after the other; the last answer stays. */
async function brokerOf(t: Test, turns: Turn[]) {
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => (turns.length > 1 ? turns.shift() : turns[0])?.(answer, request));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Turn =>
  (answer) =>
    void answer
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));
const WORDS = { code: 'unavailable', message: 'the store does not answer', remedy: 'Try again.' };
const away = (seconds: number, status = 503): Turn => json(status, WORDS, { 'retry-after': String(seconds) });
const torn: Turn = (answer) => void answer.destroy();
const job = (state: string): Turn => json(200, { jobId: 'J1', alias: 'a', state, createdAt: '2026-11-22' });

async function cloudmr(t: Test, url: string, ...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, {
    io: { out: (line) => void out.push(line), err: (line) => void err.push(line), terminal: false },
    environment: { plain: true, url, token: 'a token', folder: t.testdir(), dataDir: t.testdir() },
    signal: new AbortController().signal,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

t.test('who follows a job waits as told, survives a connection that is torn, and sees the end', async (t) => {
  const { url, asked } = await brokerOf(t, [job('running'), away(1), torn, job('succeeded')]);
  const { code, err, out } = await cloudmr(t, url, '--json', 'jobs', 'watch', 'J1');
  t.equal(code, 0, err);
  t.equal(JSON.parse(out).state, 'succeeded');
  t.match(err, /asks to wait for 1 s \(503\)/);
  t.match(err, /does not answer; the job goes on/);
  t.ok(asked.every((line) => line === 'GET /api/job/J1'));
});

t.test('what would wait for too long is told at once, in the words of the broker', async (t) => {
  const { url, asked } = await brokerOf(t, [away(3_600, 429)]);
  const { code, err } = await cloudmr(t, url, 'jobs', 'list');
  t.equal(code, 4);
  t.match(err, /the store does not answer\nTry again\./);
  t.equal(asked.length, 1);
});

t.test('a broker that is not there is named at once', async (t) => {
  const once = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => once.once('listening', listening));
  const { port } = once.address() as AddressInfo;
  await new Promise((closed) => once.close(closed));
  const { code, err } = await cloudmr(t, `http://127.0.0.1:${port}`, 'jobs', 'list');
  t.equal(code, 1);
  t.match(err, /Is the broker running/);
});

t.test('only what may be asked twice is asked twice, and never without end', async (t) => {
  const pauses: number[] = [];
  const send = patientFetch({ say: () => {}, pause: async (ms) => pauses.push(ms) });
  const headers = { 'idempotency-key': 'k', 'content-type': 'application/json' };
  for (const [path, method, withKey, sent] of [
    ['/api/task/queue', 'POST', false, 1],
    ['/api/task/queue', 'POST', true, 7],
    ['/api/data/uploads', 'POST', false, 1],
    ['/api/data/D1/complete', 'POST', false, 7],
    ['/api/job', 'GET', false, 7],
    ['/api/webhooks/W1', 'DELETE', false, 1],
  ] as const) {
    const { url, asked } = await brokerOf(t, [away(10)]);
    pauses.length = 0;
    const body = method === 'POST' ? '{"alias":"a"}' : undefined;
    const answer = await send(
      new Request(url + path, { method, body, headers: withKey ? headers : undefined }),
    );
    t.equal(answer.status, 503, path);
    t.match(await answer.json(), WORDS);
    t.equal(asked.length, sent, `${method} ${path}${withKey ? ' under a key' : ''}`);
    t.same(pauses, Array(sent - 1).fill(10_000));
  }
  const { url, asked } = await brokerOf(t, [away(2, 429), json(200, {})]);
  t.equal((await send(new Request(`${url}/api/data/uploads`, { method: 'POST', body: '{}' }))).status, 200);
  t.equal(asked.length, 2, '429: nothing was begun');
});
