/** The shell scripts that people run: on Linux and on macOS, whose bash is 3.2 and whose tools are BSD's. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const INFRA = fileURLToPath(new URL('../../infra/', import.meta.url));
const scripts = readdirSync(INFRA, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.sh'),
);
/** It is sourced, into the bash or the zsh that people sit at. */
const SOURCED = 'scripts/mode2-quick-reference.sh';

/**
 * Shells of POSIX. That bash 3.2 which macOS has, also as its /bin/sh, can be had for no Linux any more; what all of these
 * take, the strict ones among them, holds nothing that came after it.
 */
const SHELLS: Readonly<Record<string, { command: string[]; env?: Record<string, string> }>> = {
  sh: { command: ['sh'] },
  'bash, as its release 3.2': { command: ['bash'], env: { BASH_COMPAT: '3.2' } },
  'bash, strict': { command: ['bash', '--posix'] },
  dash: { command: ['dash'] },
  'busybox sh': { command: ['busybox', 'sh'] },
  mksh: { command: ['mksh'] },
  ksh93: { command: ['ksh93'] },
  posh: { command: ['posh'] },
  'yash, strict': { command: ['yash', '-o', 'posixly-correct'] },
  'zsh as sh': { command: ['zsh', '--emulate', 'sh'] },
};
const isThere = (program: string): boolean => spawnSync(program, ['-c', ':']).error === undefined;
const missing = (program: string): false | string => !isThere(program) && `needs ${program}`;

/** A checkout with spaces in its path, and a `node` that says what it is started with. */
const root = mkdtempSync(join(tmpdir(), 'cloudmr shells '));
t.teardown(() => rmSync(root, { recursive: true, force: true }));
const checkout = join(root, 'my checkout');
const bin = join(root, 'bin');
for (const name of scripts) cpSync(join(INFRA, name), join(checkout, 'infra', name), { recursive: true });
mkdirSync(join(checkout, 'node_modules/tsx'), { recursive: true });
mkdirSync(bin);
function nodeThat(says: string): void {
  writeFileSync(join(bin, 'node'), `#!/bin/sh\n${says}\n`);
  chmodSync(join(bin, 'node'), 0o755);
}
const GOOD = `[ "$1" = -e ] && exit 0\nprintf '<%s>\\n' "$@"`;

/** A folder with the shell and what the scripts may call besides node: nothing in which GNU and BSD differ. */
function toolsWith(shell: string): string {
  const tools = join(root, `tools of ${shell}`);
  mkdirSync(tools, { recursive: true });
  for (const tool of ['dirname', 'cat', 'sh', shell]) {
    const path = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    if (!existsSync(join(tools, tool))) symlinkSync(path, join(tools, tool));
  }
  return tools;
}

interface Ran {
  code: number | null;
  out: string;
  err: string;
}
function run(shell: string, script: string, args: string[], path?: string): Ran {
  const { command, env } = SHELLS[shell];
  const [program, ...options] = command;
  // A relative path, and a CDPATH: cd prints where it has gone then.
  const { status, stdout, stderr } = spawnSync(program, [...options, join('infra', script), ...args], {
    cwd: checkout,
    encoding: 'utf8',
    env: { PATH: path ?? `${bin}:${toolsWith(command[0])}`, CDPATH: checkout, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

const PROGRAM: Readonly<Record<string, [module: string, ...words: string[]]>> = {
  'mode2-deployment/deploy-mode2.sh': ['infra/mode2-deployment/main'],
  'scripts/register-mode2.sh': ['infra/mode2-deployment/main', 'register'],
  'scripts/create-ecr-repos.sh': ['infra/scripts/platform/main', 'create-ecr-repos'],
  'scripts/create-github-oidc-role.sh': ['infra/scripts/platform/main', 'create-github-oidc-role'],
  'scripts/setup-github-secrets.sh': ['infra/scripts/platform/main', 'setup-github-secrets'],
};

t.test('every script is named here, can be run, and says which shell it wants', async (t) => {
  t.same(scripts.sort(), [...Object.keys(PROGRAM), SOURCED, 'scripts/run-node.sh'].sort());
  for (const script of scripts) {
    const text = readFileSync(join(INFRA, script), 'utf8');
    t.ok(text.startsWith(script === SOURCED ? '#!/usr/bin/env bash\n' : '#!/bin/sh\n'), script);
    t.ok(statSync(join(INFRA, script)).mode & 0o100, `${script} can be run`);
    t.notOk(text.includes('\r'), `${script}: no carriage returns`);
  }
});

/** What the shell starts for each script, and what it should. */
function startsEach(shell: string): { found: object; wanted: object } {
  nodeThat(GOOD);
  const awkward = ['--alias', 'my "lab" $HOME', '', '*', '-n'];
  const rows = Object.entries(PROGRAM).map(([script, [module, ...words]]) => {
    const started = [
      '--import',
      `file://${checkout}/node_modules/tsx/dist/loader.mjs`,
      join(checkout, `${module}.ts`),
      ...words,
      ...awkward,
    ];
    const out = started.map((word) => `<${word}>\n`).join('');
    return [script, run(shell, script, awkward), { code: 0, out, err: '' }] as const;
  });
  return {
    found: Object.fromEntries(rows.map(([script, ran]) => [script, ran])),
    wanted: Object.fromEntries(rows.map(([script, , should]) => [script, should])),
  };
}

t.test('U16: the sh of this machine starts each program with the arguments as they are', async (t) => {
  const { found, wanted } = startsEach('sh');
  t.same(found, wanted);
});

for (const [shell, { command }] of Object.entries(SHELLS)) {
  const skip = missing(command[0]);
  t.test(`U16: ${shell} starts each program with the arguments as they are`, { skip }, async (t) => {
    const { found, wanted } = startsEach(shell);
    t.same(found, wanted);
  });

  t.test(`U16: ${shell} says what is missing, and how to get it`, { skip }, async (t) => {
    const script = 'mode2-deployment/deploy-mode2.sh';
    nodeThat('[ "$1" = -e ] && exit 1\necho v18.0.0');
    const old = run(shell, script, []);
    t.equal(old.code, 1);
    t.match(old.err, /Node\.js is too old: v18\.0\.0\n {2}Install version 20\.19/);
    const none = run(shell, script, [], toolsWith(command[0]));
    t.equal(none.code, 1);
    t.match(none.err, 'Node.js is not installed');
  });
}

t.test('U16: a checkout without its packages is told to get them', async (t) => {
  nodeThat(GOOD);
  rmSync(join(checkout, 'node_modules'), { recursive: true });
  const { code, err } = run('bash, strict', 'mode2-deployment/deploy-mode2.sh', []);
  t.equal(code, 1);
  t.match(err, `(cd "${checkout}" && npm ci)`);
  mkdirSync(join(checkout, 'node_modules/tsx'), { recursive: true });
});

for (const [shell, args] of [
  ['bash', []],
  ['zsh', ['-f']],
] as const) {
  t.test(`R90: sourced by ${shell}, the short commands are there`, { skip: missing(shell) }, async (t) => {
    nodeThat(GOOD);
    const sourced = (line: string): Ran => {
      const { status, stdout, stderr } = spawnSync(shell, [...args, '-euc', `. infra/${SOURCED}; ${line}`], {
        cwd: checkout,
        encoding: 'utf8',
        env: { PATH: `${bin}:${process.env['PATH']}`, CDPATH: checkout, BASH_COMPAT: '3.2' },
      });
      return { code: status, out: stdout, err: stderr };
    };
    const help = sourced('mode2_help');
    t.equal(help.code, 0, help.err);
    for (const [name] of help.out.matchAll(/^mode2_\w+/gm)) {
      const { code, out, err } = sourced(`${name} --alias 'my lab'`);
      t.equal(code, 0, `${name}: ${err}`);
      t.match(out, `<${name.replace('mode2_', '')}>\n<--alias>\n<my lab>\n`);
    }
  });
}
