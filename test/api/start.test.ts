/** What the broker refuses to start with, and what it loads. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import t from 'tap';
import { signIn } from '../../infra/local/demo/api.ts';
import { startBroker } from '../../infra/local/demo/broker-process.ts';
import { script } from '../helpers/script.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = script('src/main.ts');

function folder(t: { teardown(close: () => void): unknown }): string {
  const path = mkdtempSync(join(tmpdir(), 'cloudmr-process-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs the broker until it ends by itself. */
async function run(environment: Record<string, string>, flags: string[] = []) {
  const child = spawn(process.execPath, [...process.execArgv, ...flags, MAIN], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

t.test('a wrong configuration stops the start with everything that is wrong', async (t) => {
  const { code, stdout, stderr } = await run({
    PORT: 'http',
    CLOUDMR_CLOUD: 'aws',
    TOKEN_SECRET: 'canary-short',
  });
  t.equal(code, 1);
  t.equal(stdout, '');
  for (const name of [
    'PORT is wrong',
    'HUB_ACCOUNT_ID is missing',
    'TOKEN_SECRET is wrong',
    '.env.example',
  ]) {
    t.match(stderr, name);
  }
  t.notMatch(stderr, 'canary');
});

t.test('a port that is taken and a broken secrets file are told in words', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const dataDir = folder(t);
  const port = String((taken.address() as AddressInfo).port);
  const first = await run({ DATA_DIR: dataDir, PORT: port });
  t.equal(first.code, 1);
  t.match(first.stderr, /The broker cannot start: listen EADDRINUSE/);
  t.equal(first.stdout, '');

  const after = await startBroker({ dataDir });
  t.teardown(() => after.stop());
  t.ok(after.adminPassword, 'the password was not lost with the failed start');
  await after.stop();
  writeFileSync(join(dataDir, 'secrets.json'), '{');
  const broken = await run({ DATA_DIR: dataDir, PORT: '0' });
  t.equal(broken.code, 1);
  t.match(broken.stderr, /secrets\.json holds no usable secret/);
});

t.test('a given password of the first administrator works, and is printed and logged nowhere', async (t) => {
  const dataDir = folder(t);
  const ADMIN_PASSWORD = 'Canary-password.7';
  const broker = await startBroker({ dataDir, environment: { ADMIN_PASSWORD } });
  t.teardown(() => broker.stop());
  t.equal(broker.adminPassword, undefined, 'not printed');
  await signIn(broker.url, 'admin@localhost', ADMIN_PASSWORD);
  await broker.stop();
  const log = readFileSync(join(dataDir, 'broker.log'), 'utf8');
  t.notMatch(log, /Canary/);
  t.match(log, /"adminPassword":"\[set\]"/);
});

t.test('with aws nothing of the embedded cloud is loaded', async (t) => {
  const list = join(folder(t), 'modules.txt');
  const hooks = `
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n');
      return next(url, context);
    }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(
    `data:text/javascript,${encodeURIComponent(hooks)}`,
  )});`;
  const { code, stderr } = await run(
    {
      CLOUDMR_CLOUD: 'aws',
      PORT: '0',
      AWS_REGION: 'us-east-1',
      HUB_ACCOUNT_ID: '123456789012',
      BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/broker',
      PUBLIC_URL: 'https://brain.example.org',
      TOKEN_SECRET: 'a-secret-of-the-tests-0123456789-0123456789',
      ADMIN_PASSWORD: 'Correct-horse.7',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      // Nobody listens there: the start ends when it asks the table for the administrator.
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    },
    ['--import', `data:text/javascript,${encodeURIComponent(register)}`],
  );
  t.equal(code, 1);
  t.match(stderr, /The broker cannot start: /);
  const own = readFileSync(list, 'utf8')
    .split('\n')
    .filter((url) => url.startsWith('file:') && !url.includes('node_modules'))
    .map((url) => relative(ROOT, new URL(url).pathname));
  t.ok(
    own.some((path) => /^src\/aws\/stores\/stores\./.test(path)) &&
      own.some((path) => /^routes\/jobs\./.test(path)),
    'the list is complete',
  );
  t.same(
    own.filter((path) => path.startsWith('infra/')),
    [],
  );
});

t.test(
  'the embedded cloud is named by programs only, in one line each that loads it when it is wanted',
  async (t) => {
    const naming = ['src', 'routes', 'services'].flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))
        .flatMap((name) =>
          readFileSync(join(ROOT, top, name), 'utf8')
            .split('\n')
            .filter((line) => /from '.*infra\/local\/|import\('.*infra\/local\//.test(line))
            .map((line) => `${top}/${name}: ${line.trim()}`),
        ),
    );
    t.match(naming, [
      /^src\/main\.ts: const \{ launchEmbeddedCloud \} = await import\('\.\.\/infra\/local\/launch\.ts'\);$/,
      /^src\/migrate\.ts: await Promise\.all\(\[import\('\.\.\/infra\/local\/launch\.ts'\), import\('[^']*'\)\]\);$/,
    ]);
    t.equal(naming.length, 2);
  },
);
