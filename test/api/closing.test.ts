/** The ordered end of the server, seen by clients that keep their connections open. */
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import { TAKE_MS } from '../../src/plugins/draining.ts';
import { broker } from '../helpers/http.ts';

/** More than sockets keep. */
const LARGE = 64 * 2 ** 20;

t.test('answers during the end close their connections, so that nobody holds it up', async (t) => {
  let entered = (): void => {};
  let open = (): void => {};
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const gate = new Promise<void>((resolve) => (open = resolve));
  const b = await broker(t, {}, (app) => {
    app.get('/slow', { config: { access: 'public' }, schema: { hide: true } }, async () => {
      entered();
      await gate;
      return 'done';
    });
  });
  const url = await b.app.listen({ port: 0, host: '127.0.0.1' });
  // As a load balancer: it keeps the connection for as long as it is let.
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const answered = once(get(`${url}/slow`, { agent }), 'response');
  await inside;
  const closed = b.app.close();
  setTimeout(open, 50);
  const [answer] = await answered;
  t.match(answer, { statusCode: 200, headers: { connection: 'close' } });
  answer.resume();
  await closed;
});

t.test('what arrives after the signal is told to come again, as any other error tells', async (t) => {
  const b = await broker(t);
  await b.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = b.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  t.teardown(() => socket.destroy());
  let text = '';
  socket.on('data', (chunk) => (text += chunk));
  // A request has begun, and its headers end when the server is ending already.
  socket.write('GET /live HTTP/1.1\r\nHost: broker\r\n');
  await fetch(`http://127.0.0.1:${port}/live`, { headers: { connection: 'close' } });
  const closed = b.app.close();
  setTimeout(() => socket.write('\r\n'), 50);
  await once(socket, 'close');
  await closed;
  t.match(text, /^HTTP\/1\.1 503 [\s\S]*\r\nretry-after: 1\r\n/);
  t.match(text, /\r\nconnection: close\r\n/i);
  t.match(JSON.parse(text.slice(text.indexOf('{'))), {
    code: 'busy',
    remedy: /Retry-After/,
    requestId: String,
  });
});

t.test('a connection on which nothing was ever asked does not hold the end up', async (t) => {
  const b = await broker(t);
  await b.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = b.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', (error) => t.comment(String(error)));
  await once(socket, 'connect');
  await fetch(`http://127.0.0.1:${port}/live`, { headers: { connection: 'close' } });
  const ended = once(socket, 'close');
  await b.app.close();
  await ended;
  t.equal(socket.bytesRead, 0);
});

t.test('an answer that is being taken as the end begins is whole', async (t) => {
  const { socket, b } = await taking(t);
  const closed = b.app.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  let taken = 0;
  socket.on('data', (chunk) => (taken += chunk.length));
  await once(socket, 'close');
  await closed;
  t.ok(taken > LARGE, `${taken} bytes of body and headers`);
});

t.test('a client that does not take its answer has its time for it, and then the end goes on', async (t) => {
  const { b } = await taking(t);
  let over = false;
  const closed = b.app.close().then(() => (over = true));
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.notOk(over, 'it has its time');
  t.equal(b.timers.fire(TAKE_MS), 1);
  await closed;
});

/** A client that has begun to take a large answer, and pauses. */
async function taking(t: Test) {
  const b = await broker(t, {}, (app) => {
    app.get('/large', { config: { access: 'public' }, schema: { hide: true } }, async () =>
      Buffer.alloc(LARGE),
    );
  });
  await b.app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((b.app.server.address() as AddressInfo).port, '127.0.0.1');
  t.teardown(() => void socket.destroy());
  socket.on('error', (error) => t.comment(String(error)));
  socket.write('GET /large HTTP/1.1\r\nHost: broker\r\n\r\n');
  await once(socket, 'readable');
  return { b, socket };
}
