/** The process as a person has it: first words, restarts, and an ordered end. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { send, signIn } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';

function folder(t: { teardown(close: () => void): unknown }): string {
  const path = mkdtempSync(join(tmpdir(), 'cloudmr-process-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

t.test('the first start makes an administrator; a restart keeps people, secrets and sessions', async (t) => {
  const dataDir = folder(t);
  const first = await startBroker({ dataDir });
  t.match(first.adminPassword, /^\S{20,}$/);
  const signed = await send<{ refresh_token: string; id_token: string }>(
    first.url,
    'POST',
    '/api/auth/login',
    {
      email: 'admin@localhost',
      password: first.adminPassword,
    },
  );
  await first.stop();
  t.equal(first.process.exitCode, 0);
  t.equal(statSync(join(dataDir, 'secrets.json')).mode & 0o777, 0o600);

  const second = await startBroker({ dataDir });
  t.teardown(() => second.stop());
  t.equal(second.adminPassword, undefined, 'the password is shown once');
  await signIn(second.url, 'admin@localhost', first.adminPassword ?? '');
  const profile = await send(second.url, 'GET', '/api/profile', undefined, {
    authorization: `Bearer ${signed.id_token}`,
  });
  t.match(profile, { isAdmin: true });
  await send(second.url, 'POST', '/api/auth/refresh', { refresh_token: signed.refresh_token });
  t.match(await send(second.url, 'GET', '/ready'), { status: 'ready' });

  const log = readFileSync(join(dataDir, 'broker.log'), 'utf8');
  t.match(log, /"msg":"starting"/);
  for (const secret of [first.adminPassword, signed.id_token, signed.refresh_token]) {
    t.notOk(log.includes(secret ?? '-'), 'the log holds no password and no token');
  }
  t.notOk(log.includes(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).tokenSecret));
});

t.test('SIGTERM lets the request under way finish, takes no new one, and ends with 0', async (t) => {
  const dataDir = folder(t);
  const broker = await startBroker({ dataDir });
  t.teardown(() => broker.stop('SIGKILL'));
  const { hostname, port } = new URL(broker.url);
  const body = JSON.stringify({ email: 'admin@localhost', password: broker.adminPassword });
  const slow = request({
    hostname,
    port,
    method: 'POST',
    path: '/api/auth/login',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  const answered = once(slow, 'response');
  slow.write(body.slice(0, 10));
  // Another request on the way shows that the first bytes of the slow one have arrived.
  await send(broker.url, 'GET', '/live');
  const ended = once(broker.process, 'exit');
  broker.process.kill('SIGTERM');
  await untilRefused(broker.url);
  slow.end(body.slice(10));
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += chunk;
  t.equal(response.statusCode, 200, text);
  t.match(JSON.parse(text), { success: true });
  t.same(await ended, [0, null]);
  await broker.logged;
  const log = readFileSync(join(dataDir, 'broker.log'), 'utf8');
  t.match(log, /"signal":"SIGTERM","msg":"closing"[\s\S]*"route":"\/api\/auth\/login"[\s\S]*"msg":"closed"/);
});

async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      const answer = await fetch(`${url}/live`, { headers: { connection: 'close' } });
      if (answer.status === 503) return;
    } catch {
      return;
    }
  }
}

t.test('a second signal ends it at once', async (t) => {
  const dataDir = folder(t);
  const broker = await startBroker({ dataDir });
  t.teardown(() => broker.stop('SIGKILL'));
  const { hostname, port } = new URL(broker.url);
  const headers = { 'content-type': 'application/json', 'content-length': 100 };
  const endless = request({ hostname, port, method: 'POST', path: '/api/auth/login', headers });
  endless.on('error', () => {});
  endless.write('{');
  await send(broker.url, 'GET', '/live');
  const ended = once(broker.process, 'exit');
  broker.process.kill('SIGTERM');
  await untilRefused(broker.url);
  broker.process.kill('SIGTERM');
  t.same(await ended, [1, null]);
});
