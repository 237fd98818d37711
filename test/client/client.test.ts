/** The typed client, as another program gets it: by the name of the package, against a broker that listens. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { BrokerError, createBrokerClient, dataOf } from 'cloudmr-broker/client';
import t from 'tap';
import { clientTypes } from '../../infra/scripts/client-types.ts';
import { broker, PASSWORD } from '../helpers/http.ts';

const ROOT = resolve(import.meta.dirname, '../..');

t.test('its types are those of openapi.yaml (npm run openapi)', async (t) => {
  const yaml = readFileSync(join(ROOT, 'openapi.yaml'), 'utf8');
  t.equal(readFileSync(join(ROOT, 'client/api.d.ts'), 'utf8'), await clientTypes(yaml));
});

t.test('it signs in, works and reads errors of a real broker', async (t) => {
  const b = await broker(t);
  await b.app.listen({ port: 0, host: '127.0.0.1' });
  const baseUrl = `http://127.0.0.1:${(b.app.server.address() as AddressInfo).port}`;
  const { userId } = await b.person('ada@example.org');
  const anonymous = createBrokerClient({ baseUrl });
  const body = { email: 'ada@example.org', password: PASSWORD };
  const signedIn = await dataOf(anonymous.POST('/api/auth/login', { body }));
  t.equal(signedIn.user_id, userId);

  let asked = 0;
  const ada = createBrokerClient({
    baseUrl,
    token: async () => {
      asked++;
      return signedIn.id_token;
    },
  });
  t.equal((await dataOf(ada.GET('/api/auth/profile'))).email, 'ada@example.org');
  const page = await dataOf(ada.GET('/api/job', { params: { query: { limit: 5 } } }));
  t.same({ jobs: page.jobs, count: page.count, cursor: page.cursor }, { jobs: [], count: 0, cursor: null });
  t.equal(asked, 2, 'a token for every request');

  const missing = ada.GET('/api/job/{jobId}', { params: { path: { jobId: 'none' } } });
  const error = await dataOf(missing).catch((thrown: unknown) => thrown);
  t.type(error, BrokerError);
  t.match(error, { status: 404, code: 'not_found', remedy: /id/, requestId: /^[0-9A-Z]{26}$/ });
  const { error: refused, response } = await anonymous.GET('/api/job');
  t.equal(response.status, 401);
  t.equal(refused?.code, 'not_signed_in');
});

t.test('a program that uses it compiles, and one that misuses it does not', async (t) => {
  // Inside the package, so that its own name is found.
  const folder = mkdtempSync(join(ROOT, 'test/client/consumer-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = "{ params: { path: { jobId: 'a' } } }";
  const uses = {
    right: `(await dataOf(client.GET('/api/job/{jobId}', ${path}))).state === 'queued'`,
    unknownPath: "await client.GET('/api/no-such-path')",
    missingParameter: "await client.GET('/api/job/{jobId}')",
    unknownState: `(await dataOf(client.GET('/api/job/{jobId}', ${path}))).state === 'gone'`,
  };
  for (const [name, call] of Object.entries(uses)) {
    const lines = [
      "import { createBrokerClient, dataOf } from 'cloudmr-broker/client';",
      "const client = createBrokerClient({ baseUrl: 'http://x', token: 'y' });",
      `export const answer = ${call};`,
    ];
    writeFileSync(join(folder, `${name}.ts`), lines.join('\n'));
  }
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom',
    '--strict',
    '--noEmit',
  ];
  const files = Object.keys(uses).map((name) => `${name}.ts`);
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { stdout } = spawnSync(
    process.execPath,
    [tsc, ...options, '--skipLibCheck', '--types', 'node', ...files],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  const refused = [...stdout.matchAll(/^(\w+)\.ts\(3,/gm)].map(([, name]) => name);
  t.same([...new Set(refused)].sort(), ['missingParameter', 'unknownPath', 'unknownState'], stdout);
});
