/**
 * `node --import tsx .ci/image.ts`: what `docker build` and ECS do with the Dockerfile, without an engine. Its COPY and RUN
 * lines run in an empty folder; what the runtime stage takes of it is made read-only and started as another user, with the
 * commands of the Dockerfile and of the templates, the broker with the stores of the embedded cloud in the place of AWS.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { launchEmbeddedCloud } from '../infra/local/launch.ts';
import { freePort } from './mode2/free-port.ts';

const ROOT = join(import.meta.dirname, '..');
const NOBODY = 1000;
const PASSWORD = 'Canary-of-the-image.7';
const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, ' ');
const stages = new Map(
  text
    .split(/^FROM /m)
    .slice(1)
    .map((stage) => [/ AS (\S+)/.exec(stage)?.[1] ?? '', stage.split('\n').filter(Boolean)]),
);
const linesOf = (stage: string, word: string): string[] =>
  (stages.get(stage) ?? []).flatMap((line) =>
    line.startsWith(`${word} `) ? line.slice(word.length + 1) : [],
  );

const scratch = mkdtempSync(join(tmpdir(), 'cloudmr-image-'));
const build = join(scratch, 'build');
const app = join(scratch, 'app');
mkdirSync(build);
mkdirSync(app);
chmodSync(scratch, 0o755);
const env = { PATH: process.env['PATH'] ?? '', HOME: scratch, NODE_ENV: '' };

try {
  for (const line of stages.get('build') ?? []) {
    if (line.startsWith('COPY ')) {
      const words = line.slice(5).split(' ');
      const target = words.pop() ?? '';
      for (const source of words) {
        const into = target.endsWith('/') ? join(build, target, source) : join(build, target);
        cpSync(join(ROOT, source), into, { recursive: true });
      }
    } else if (line.startsWith('RUN ')) shell(line.slice(4));
  }
  for (const copy of linesOf('runtime', 'COPY')) {
    const [, source = '', target = ''] = /^--from=build \/app\/(\S+) (\S+)$/.exec(copy) ?? [];
    assert.ok(source, copy);
    cpSync(join(build, source), join(app, target === './' ? source : target), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  assert.equal(spawnSync('chmod', ['-R', 'a-w,a+rX', app]).status, 0);
  await functions();
  await fargate();
  await broker();
  console.log('image: built, and its commands run read-only as another user');
} finally {
  spawnSync('chmod', ['-R', 'u+w', scratch]);
  rmSync(scratch, { recursive: true, force: true });
}

function shell(command: string): void {
  console.log(`RUN ${command}`);
  const done = spawnSync('sh', ['-c', command], { cwd: build, env, stdio: ['ignore', 'pipe', 'inherit'] });
  assert.equal(done.status, 0, `${command}: ${done.stdout}`);
}

/** Starts a command as the image does: as another user, if we may. */
function start(command: string[], more: Record<string, string> = {}) {
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn(command[0] === 'node' ? process.execPath : command[0], command.slice(1), {
    cwd: app,
    env: { PATH: env.PATH, NODE_ENV: 'production', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part) => (said.text += part));
  return { child, said, ended: once(child, 'close').then(([code]) => code as number | null) };
}

/** Every handler that a template or the Dockerfile names is a function of a module that loads. */
async function functions(): Promise<void> {
  const templates = ['mode2-deployment/template-mode2.yaml', 'calculation/template.yaml'].map((name) =>
    readFileSync(join(ROOT, 'infra', name), 'utf8'),
  );
  const named = [...templates.join('\n').matchAll(/Command: \[([\w./-]+)\]/g)].map(([, name]) => name);
  const handlers = new Set([...named, JSON.parse(linesOf('worker-lambda', 'CMD')[0])[0] as string]);
  assert.ok(handlers.size >= 4, [...handlers].join());
  for (const handler of handlers) {
    const [, module, name] = /^(.*)\.(\w+)$/.exec(handler) ?? [];
    const code = `import('./${module}.js').then((m) => process.exit(typeof m.${name} === 'function' ? 0 : 1))`;
    const { ended, said } = start(['node', '-e', code], { AWS_REGION: 'us-east-1' });
    assert.equal(await ended, 0, `${handler}: ${said.text}`);
  }
}

/** Without a job it says so, and ends: it does not hang on somebody's bill. */
async function fargate(): Promise<void> {
  const { ended, said } = start(JSON.parse(linesOf('worker-fargate', 'CMD')[0]), { AWS_REGION: 'us-east-1' });
  assert.notEqual(await ended, 0);
  assert.match(said.text, /JOB_BUCKET/);
}

async function broker(): Promise<void> {
  const cloud = await launchEmbeddedCloud({
    dataDir: join(scratch, 'cloud'),
    log: pino({ level: 'silent' }),
  });
  const PORT = String(await freePort());
  const configuration = {
    ...Object.fromEntries(
      linesOf('broker', 'ENV').flatMap((line) =>
        // Build arguments that nobody gives are empty.
        line.split(' ').map((pair) => pair.replaceAll(/\$\{\w+\}/g, '').split('=')),
      ),
    ),
    PORT,
    AWS_REGION: cloud.region,
    HUB_ACCOUNT_ID: cloud.hubAccountId,
    BROKER_ROLE_ARN: cloud.brokerRoleArn,
    PLATFORM_ROLE_ARN: cloud.mode1RoleArn,
    PUBLIC_URL: 'https://brain.example.org',
    TOKEN_SECRET: 'canary-token-secret-0123456789-0123456789',
    ADMIN_EMAIL: 'admin@example.org',
    ADMIN_PASSWORD: PASSWORD,
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: cloud.credentials.uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: cloud.credentials.token,
  };
  assert.equal(configuration.CLOUDMR_CLOUD, 'aws');
  const main = start(JSON.parse(linesOf('broker', 'CMD')[0]), configuration);
  try {
    const [health] = linesOf('broker', 'HEALTHCHECK');
    const check = JSON.parse(health.slice(health.indexOf('[')));
    // It lives before it is ready: the first administrator comes once the port is its own.
    const isUp = async () => (await start(check, { PORT }).ended) === 0 && /is ready at/.test(main.said.text);
    for (let tries = 0; !(await isUp()); tries++) {
      assert.ok(tries < 60 && main.child.exitCode === null, main.said.text);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const signIn = await fetch(`http://127.0.0.1:${PORT}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'admin@example.org', password: PASSWORD }),
    });
    assert.equal(signIn.status, 200, await signIn.text());
    main.child.kill('SIGTERM');
    assert.equal(await main.ended, 0, main.said.text);
    // The schedule's safety net: the loop without the server, for a minute.
    const [command] =
      /"command":(\[[^\]]+\])/
        .exec(readFileSync(join(ROOT, 'infra/broker/template.yaml'), 'utf8'))
        ?.slice(1) ?? [];
    const tick = start(JSON.parse(command ?? '[]'), configuration);
    assert.equal(await tick.ended, 0, tick.said.text);
    assert.match(tick.said.text, /"healthy":true.*"the scheduled tick has ended"/);
    assert.doesNotMatch(main.said.text + tick.said.text, /Canary|canary/, 'no secret in the log');
  } finally {
    main.child.kill('SIGKILL');
    await cloud.close();
  }
}
