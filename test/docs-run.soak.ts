/** The tutorial, the API guide and the README, done as they say: every command, every snippet, what they print. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { signIn } from '../infra/local/demo/api.ts';
import { HUB_ACCOUNT, LOCAL_REGION } from '../infra/local/launch.ts';
import { mode1Names } from '../infra/local/stacks/hub.ts';
import { type Running, upInPipe } from './cli/helpers/own-programs.ts';
import { LOADER, ROOT, script } from './helpers/script.ts';
import { blocksOf, patternOf, type Step, stepsOf } from './helpers/transcript.ts';

const URL_OF_DOCUMENTS = 'http://127.0.0.1:8080';
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const missing = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
const skip = missing.length > 0 && `needs ${missing.join(' and ')}`;

/** A folder that looks like a checkout, with an `npx` that knows one program. */
const folder = mkdtempSync(join(tmpdir(), 'cloudmr-docs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ['docs', 'infra']) symlinkSync(join(ROOT, name), join(folder, name));
mkdirSync(join(folder, 'bin'));
const program = [process.execPath, ...LOADER, script('test/cli/helpers/program.ts')];
writeFileSync(
  join(folder, 'bin/npx'),
  `#!/bin/sh\n[ "$1" = cloudmr ] || exit 127\nshift\nexec ${program.map((word) => `'${word}'`).join(' ')} "$@"\n`,
);
chmodSync(join(folder, 'bin/npx'), 0o755);

const ADA = { email: 'ada@example.org', password: 'Correct-horse.7-battery' };
let up: Running;
let password = '';
const tutorial = stepsOf(read('docs/TUTORIAL.md'));

/** Runs a script in one shell, in that folder. */
async function shell(
  text: string,
  variables: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn('bash', ['-c', `set -euo pipefail\n${text.replaceAll(URL_OF_DOCUMENTS, up.url)}`], {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
      HOME: folder,
      CLOUDMR_URL: up.url,
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (err += chunk));
  const code = await new Promise<number>((resolve) => child.once('close', (ended) => resolve(ended ?? -1)));
  return { code, out: out.replaceAll(up.url, URL_OF_DOCUMENTS), err };
}

t.before(async () => {
  if (skip) return;
  up = await upInPipe(t, folder, { PORT: '0', LOG_LEVEL: 'error', NODE_NO_WARNINGS: '1' });
  [, password = ''] = /password \(shown only now\): (\S+)/.exec(up.said()) ?? [];
});

t.test('the tutorial prints what it shows', { skip }, async (t) => {
  const [install, start, ...rest] = tutorial;
  t.equal(install.command, 'npm ci', 'whoever runs this test has done it');
  t.equal(start.command, 'npx cloudmr up');
  t.match(up.said().replaceAll(up.url, URL_OF_DOCUMENTS), patternOf(start));
  const marked = rest.map(({ command }, i) => {
    const input = command.startsWith('npx cloudmr login') ? ' <<< "$FIRST_PASSWORD"' : '';
    return `echo "<<<${i}>>>"\n${command}${input}`;
  });
  const { code, out, err } = await shell(marked.join('\necho\n'), { FIRST_PASSWORD: password });
  t.equal(code, 0, code === 0 ? 'all commands succeed' : `${out}\n${err}`);
  const printed = out.split(/<<<\d+>>>\n/).slice(1);
  rest.forEach((step: Step, i) => {
    t.match(`${(printed[i] ?? '').trimEnd()}\n`.replace(/^\n$/, ''), patternOf(step), step.command);
  });
});

t.test('what the tutorial registers is what the embedded cloud has deployed', async (t) => {
  const { stateMachineArn, buckets } = mode1Names(HUB_ACCOUNT, LOCAL_REGION);
  t.match(JSON.parse(read('docs/examples/embedded-unit.json')), {
    awsAccountId: HUB_ACCOUNT,
    region: LOCAL_REGION,
    stateMachineArn,
    dataBucket: buckets.data,
    resultsBucket: buckets.results,
    failedBucket: buckets.failed,
  });
});

t.test('the API guide, command by command and with the typed client', { skip }, async (t) => {
  const admin = await signIn(up.url, 'admin@localhost', password);
  const { userId } = await admin.call<{ userId: string }>('POST', '/api/auth/register', {
    ...ADA,
    username: 'ada',
    firstname: 'Ada',
    lastname: 'L',
  });
  await admin.call('POST', `/api/admin/users/${userId}/approve`);
  const guide = read('docs/API.md');
  const { code, out, err } = await shell(`${blocksOf(guide, 'sh').join('\n')}\necho "TOKEN $SCRIPT_TOKEN"`, {
    BROKER: up.url,
    EMAIL: ADA.email,
    PASSWORD: ADA.password,
  });
  t.equal(code, 0, code === 0 ? 'all commands succeed' : `${out}\n${err}`);
  const [who, refusal, arrived, likely, cost] = out.trim().split('\n');
  t.equal(arrived, 'available');
  t.equal(who, ADA.email);
  t.match(JSON.parse(refusal), { code: 'not_found', message: String, remedy: String, requestId: String });
  t.ok(Number(likely) > 0 && Number(cost) > 0, `${likely}, ${cost}`);
  t.equal(readFileSync(join(folder, 'result.zip')).toString('latin1', 0, 2), 'PK');

  const [, token = ''] = /TOKEN (\S+)/.exec(out) ?? [];
  const client = module(blocksOf(guide, 'ts')[0], { BROKER: up.url, SCRIPT_TOKEN: token });
  t.match(client, /^01\w+ nightly 61\.2\n404 not_found .+\n$/);
  const [snippet] = blocksOf(read('README.md'), 'ts');
  t.equal(
    module(`const token = process.env.TOKEN;\n${snippet}\nconsole.log(jobs.length);`, { TOKEN: token }),
    '0\n',
  );
});

/** Runs a snippet as a module of somebody who has the package. Returns what it prints. */
function module(text: string, variables: Record<string, string>): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', text.replaceAll(URL_OF_DOCUMENTS, up.url)],
    { cwd: ROOT, env: { PATH: process.env['PATH'], ...variables }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** What of the README is run where, as words in that file. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'npm ci && npm run demo': ['.ci/run', 'step "npm run demo"'],
  'npm run demo -- --signal FILE --noise FILE --mode mode_2 --out results': [
    'test/e2e/demo.test.ts',
    '--signal',
  ],
  'npm run demo -- --signal FILE --json': ['test/e2e/demo.test.ts', "'--json'"],
  'npm ci && npm test': ['.ci/run', 'tests "npm test"'],
  'npm start': ['test/api/npm-start.test.ts', "['start']"],
  'infra/mode2-deployment/deploy-mode2.sh doctor': ['test/infra/deploy-script.soak.ts', "'doctor'"],
  'infra/mode2-deployment/deploy-mode2.sh': ['test/infra/deploy-terminal.soak.ts', "['deploy'"],
};

t.test('README: every command is run here or where the table says', { skip }, async (t) => {
  copyFileSync(join(ROOT, 'infra/local/phantom/phantom.h5'), join(folder, 'brain.h5'));
  copyFileSync(join(ROOT, 'docs/examples/snr-of-my-coil.json'), join(folder, 'task.json'));
  const commands = blocksOf(read('README.md'), 'sh').flatMap((block) => block.trim().split('\n'));
  const ours = commands.filter((command) => command.startsWith('npx cloudmr '));
  t.ok(ours.length >= 3);
  const script = ours.map((command) => (/ login /.test(command) ? `${command} <<< "$PASSWORD"` : command));
  const { code, out, err } = await shell(`${script.join('\n')}\nnpx cloudmr help`, {
    PASSWORD: ADA.password,
  });
  t.equal(code, 0, code === 0 ? 'all commands succeed' : `${out}\n${err}`);
  t.match(out, /Signed in as ada@example\.org[\s\S]*median 6\d\.\d[\s\S]*median 61\.2[\s\S]*Commands:/);

  for (const command of commands.filter((one) => !ours.includes(one))) {
    const [file, words] = ELSEWHERE[command] ?? [];
    const platform = /^infra\/scripts\/([\w-]+)\.sh/.exec(command)?.[1];
    if (platform) t.match(read('infra/scripts/platform/options.ts'), platform, command);
    else if (file && words) t.match(read(file), words, command);
    else t.fail(`${command} is run by no test`);
  }
});

t.test('and the system is stopped as the tutorial says', { skip }, async (t) => {
  t.equal(await up.stop(), 0, up.said());
});
