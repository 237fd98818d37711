/** setup-github-secrets: environments that say whom they let in, and secrets that go over standard input only. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createDialogue } from '../../infra/mode2-deployment/io.ts';
import { SECRETS, setSecrets } from '../../infra/scripts/platform/github-secrets.ts';

/** A `gh` that notes what it is asked; `refuses` makes it fail. */
function fakeGh(t: Test, answer = '{}') {
  const dir = mkdtempSync(join(tmpdir(), 'cloudmr-gh-'));
  const log = join(dir, 'log');
  writeFileSync(log, '');
  writeFileSync(
    join(dir, 'gh'),
    `#!${process.execPath}\nlet text = '';\nprocess.stdin.on('data', (d) => (text += d)).on('end', () => {
      require('node:fs').appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args: process.argv.slice(2), text }) + '\\n');
      if (process.env.GH_FAILS) process.exit(1);
      process.stdout.write(${JSON.stringify(answer)});
    });\n`,
  );
  chmodSync(join(dir, 'gh'), 0o755);
  const { PATH } = process.env;
  process.env['PATH'] = `${dir}:${PATH}`;
  t.teardown(() => {
    process.env['PATH'] = PATH;
    delete process.env['GH_FAILS'];
    rmSync(dir, { recursive: true });
  });
  return (): { args: string[]; text: string }[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
}

const said: string[] = [];
const dialogue = createDialogue(
  { out: (line) => said.push(line), err: (line) => said.push(line), terminal: false },
  { quiet: true, json: false },
);
const given = Object.fromEntries(Object.keys(SECRETS).map((name) => [name, `value of ${name}`]));
const wish = { repository: 'cloudmrhub/mroptimum-app', environment: 'production', given, dryRun: false };

t.test(
  'U18: a secret with quotes, dollars and spaces arrives as it is, and is on no command line',
  async (t) => {
    const calls = fakeGh(t);
    const CLOUDMR_ADMIN_TOKEN = `a "quoted" 'one' with $HOME, \\ and \`date\``;
    t.same(
      await setSecrets({ ...wish, given: { ...given, CLOUDMR_ADMIN_TOKEN } }, dialogue),
      Object.keys(SECRETS),
    );
    const set = calls().filter(({ args }) => args[0] === 'secret');
    t.equal(set.length, 11, 'R102-R109');
    const token = set.find(({ args }) => args[2] === 'CLOUDMR_ADMIN_TOKEN');
    t.same(token, {
      args: ['secret', 'set', 'CLOUDMR_ADMIN_TOKEN', '--repo', wish.repository, '--env', 'production'],
      text: CLOUDMR_ADMIN_TOKEN,
    });
    t.notMatch(JSON.stringify(calls().map(({ args }) => args)), /value of|quoted/);
    t.notMatch(said.join('\n'), /value of|quoted/);
  },
);

t.test('the environment of deployments is open to main and to versions only, made once', async (t) => {
  const calls = fakeGh(t, JSON.stringify({ branch_policies: [{ name: 'main', type: 'branch' }] }));
  await setSecrets(wish, dialogue);
  const api = calls().filter(({ args }) => args[0] === 'api');
  const path = 'repos/cloudmrhub/mroptimum-app/environments/production';
  t.same(
    api.map(({ args, text }) => [args.find((arg) => arg.startsWith('repos/')), text && JSON.parse(text)]),
    [
      [path, { deployment_branch_policy: { protected_branches: false, custom_branch_policies: true } }],
      [`${path}/deployment-branch-policies`, ''],
      [`${path}/deployment-branch-policies`, { name: 'v*.*.*', type: 'tag' }],
    ],
  );
});

t.test('pull requests get no token of an administrator', async (t) => {
  const calls = fakeGh(t);
  const names = await setSecrets({ ...wish, environment: 'preview' }, dialogue);
  t.same(
    Object.keys(SECRETS).filter((name) => !names.includes(name)),
    ['CLOUDMR_API_URL', 'CLOUDMR_ADMIN_TOKEN'],
  );
  t.notMatch(JSON.stringify(calls()), 'CLOUDMR_ADMIN_TOKEN');
});

t.test('a dry run sets nothing; what is missing is named at once; a gh that fails is told', async (t) => {
  const calls = fakeGh(t);
  await setSecrets({ ...wish, dryRun: true }, dialogue);
  t.same(calls(), []);
  const { DATA_BUCKET: _gone, SUBNET_ID_1: _too, ...rest } = given;
  await t.rejects(setSecrets({ ...wish, given: rest }, dialogue), {
    code: 'value_missing',
    message: /SUBNET_ID_1, DATA_BUCKET/,
  });
  t.same(calls(), []);
  process.env['GH_FAILS'] = '1';
  await t.rejects(setSecrets(wish, dialogue), { code: 'tool_missing', remedy: /gh auth login/ });
});
