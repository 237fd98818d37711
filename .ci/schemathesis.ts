/**
 * `node --import tsx .ci/schemathesis.ts ST [EXAMPLES]`: starts a broker and lets schemathesis (the program ST) try
 * every operation of the served OpenAPI document with all checks, as nobody, as a signed-in person, and with a
 * personal access token of two scopes, with EXAMPLES made-up requests per operation beside those that the document
 * itself calls for. How far it comes depends on the number alone, not on the machine: the same requests in every run.
 * What follows EXAMPLES goes to schemathesis. The exit code is 0 if nothing failed.
 */
import { spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signIn } from '../infra/local/demo/api.ts';
import { startBroker } from '../infra/local/demo/broker-process.ts';
import { registerMode1 } from '../infra/local/demo/units.ts';

const [program, examples = '2', ...more] = process.argv.slice(2);
if (!program) throw new Error('which schemathesis?');

const HOOKS = join(import.meta.dirname, 'schemathesis_hooks.py');
const EMAIL = 'schemathesis@example.org';
const PASSWORD = 'Correct-horse.7-battery';
/** Its answer has no end; test/api/events.test.ts reads it. */
const STREAMS = ['--exclude-path-regex', '/events$'];
/** Ends the session that all other requests are made with. */
const ENDS = ['--exclude-operation-id', 'logout'];

const dataDir = mkdtempSync(join(tmpdir(), 'cloudmr-schemathesis-'));
const unlimited = { REQUESTS_PER_MINUTE: '10000000', SIGN_INS_PER_MINUTE: '10000000', LOG_LEVEL: 'warn' };
const broker = await startBroker({ dataDir, environment: unlimited });
let failed = 0;
try {
  const admin = await signIn(broker.url, 'admin@localhost', broker.adminPassword ?? '');
  await registerMode1(admin);
  const { userId } = await admin.call<{ userId: string }>('POST', '/api/auth/register', {
    email: EMAIL,
    password: PASSWORD,
  });
  await admin.call('POST', `/api/admin/users/${userId}/approve`);
  const signedIn = await fetch(`${broker.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  const { id_token } = (await signedIn.json()) as { id_token: string };
  const made = await fetch(`${broker.url}/api/profile/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${id_token}` },
    body: JSON.stringify({ name: 'schemathesis', scopes: ['jobs:write', 'data:read'] }),
  });
  const { token } = (await made.json()) as { token: string };
  run('as nobody', []);
  const bearing = (token: string): string[] => ['-H', `Authorization: Bearer ${token}`, ...STREAMS];
  const lessWithoutDns = await unresolvable();
  run('as a person', [...bearing(id_token), ...ENDS, ...lessWithoutDns]);
  run('with a personal access token of two scopes', [...bearing(token), ...lessWithoutDns]);
} finally {
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;

/** The address of a webhook is looked up when it is given: without DNS no address is a right one. */
async function unresolvable(): Promise<string[]> {
  const found = await lookup('example.org').catch(() => undefined);
  if (found) return [];
  console.log('no DNS here: webhooks are left out');
  return ['createWebhook', 'changeWebhook'].flatMap((id) => ['--exclude-operation-id', id]);
}

function run(who: string, options: string[]): void {
  console.log(`schemathesis ${who}`);
  const { status } = spawnSync(
    program,
    [
      'run',
      `${broker.url}/docs/json`,
      ...[
        '--checks',
        'all',
        '--max-examples',
        examples,
        '--generation-deterministic',
        '--no-color',
        '--warnings',
        'off',
      ],
      ...options,
      ...more,
    ],
    {
      stdio: 'inherit',
      env: { PATH: process.env['PATH'], HOME: dataDir, SCHEMATHESIS_HOOKS: HOOKS },
      cwd: import.meta.dirname,
    },
  );
  if (status !== 0) failed++;
}
