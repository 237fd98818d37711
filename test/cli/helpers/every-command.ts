/** Every command that the help names, as a program, in a pipe or in a pseudo-terminal. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { taskWith } from '../../helpers/http.ts';
import { startLaptop } from '../../helpers/laptop.ts';
import { script } from '../../helpers/script.ts';
import { type Person, person, type Ran } from './cloudmr.ts';
import { deploymentCommands, type Place, upCommand } from './own-programs.ts';

const PHANTOM = script('infra/local/phantom/phantom.h5');
/** Groups of commands do nothing by themselves but what their first one does. */
const GROUPS = new Set(['jobs', 'units', 'tokens']);
/** They change nothing, so that they can be asked twice: for people, and for programs. */
const READS = new Set([
  ...[
    'whoami',
    'units list',
    'units check',
    'jobs show',
    'jobs logs',
    'jobs watch',
    'jobs cancel',
    'jobs retry',
  ],
  ...['costs', 'tokens list', 'completion', 'status', 'release', 'backup', 'restore', 'units stop-all'],
]);
/** Programs that list other things in their help. */
const OWN_HELP = new Set(['snr', 'deploy-mode2', 'doctor', 'destroy']);

export async function everyCommand(t: Test, place: Place): Promise<void> {
  const laptop = await startLaptop(t);
  const ada = person(t, laptop.url);
  const folder = mkdtempSync(join(tmpdir(), 'cloudmr-every-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const done = new Set<string>();

  async function run(args: string[]): Promise<Ran> {
    if (place === 'pipe') return ada.pipe('', ...args);
    const terminal = ada.terminal(...args);
    const code = await terminal.code;
    return { code, out: terminal.screen(), err: terminal.screen() };
  }
  async function cloudmr(command: string, args: string[], expected: number, says: RegExp): Promise<string> {
    done.add(command);
    const { code, out, err } = await run([...command.split(' '), ...args]);
    t.equal(
      code,
      expected,
      code === expected ? `${command}: exit code` : `${command} ${args.join(' ')}: ${err}`,
    );
    t.match(`${out}${err}`, says, command);
    if (place === 'pipe' && READS.has(command) && !args.includes('--json')) {
      const { out: document } = await run([...command.split(' '), ...args, '--json']);
      t.type(JSON.parse(document), 'object', `${command} --json: one document`);
    }
    return out;
  }

  await cloudmr('whoami', [], 3, /cloudmr login/);
  t.equal(
    (await ada.pipe('Correct-horse.7-battery\n', 'login', '--email', 'researcher@example.org')).code,
    0,
  );
  done.add('login');
  await cloudmr('whoami', [], 0, /researcher@example\.org/);
  const unit = laptop.units.mode_2.computingUnitId;
  await cloudmr('units list', [], 0, new RegExp(`${unit} +ready`));
  await cloudmr('units check', [unit], 0, /assume_role/);
  await cloudmr('units connect', ['--no-wait'], 0, /arn:aws:iam::/);
  const out = join(folder, 'result');
  const ran = await cloudmr('run', [PHANTOM, '--mode', 'mode_1', '--out', out], 0, /median 61\.2/);
  t.ok(existsSync(join(out, 'overview.png')));
  if (place === 'pipe') t.notMatch(ran, /[█░]/, 'no bar where nobody watches');
  else t.match(ran, /\d %/, 'a bar where somebody watches');
  const listed = await cloudmr('jobs list', ['--json'], 0, /succeeded/);
  const jobId = /"jobId":"(\w+)"/.exec(listed.replace(/\s/g, ''))?.[1] ?? '';
  await cloudmr('jobs show', [jobId], 0, /history/);
  await cloudmr('jobs logs', [jobId], 0, /worker/);
  await cloudmr('jobs watch', [jobId], 0, /61\.2/);
  await cloudmr('jobs download', [jobId, '--out', join(folder, 'again')], 0, /SNR/);
  await cloudmr('jobs cancel', [jobId], 4, /ended|terminal|succeeded/);
  await cloudmr('jobs retry', [jobId], 4, /./);
  await cloudmr('costs', [], 0, /In all/);
  const made = await cloudmr('tokens create', ['a script', '--scope', 'jobs:read', '--json'], 0, /cmrpat_/);
  await cloudmr('tokens list', [], 0, /a script/);
  const tokenId = /"tokenId":"(\w+)"/.exec(made.replace(/\s/g, ''))?.[1] ?? '';
  await cloudmr('tokens revoke', [tokenId], 0, /./);
  const task = taskWith({ type: 'local', multiraid: false }, PHANTOM);
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  await cloudmr('snr', ['-j', join(folder, 'task.json'), '-o', join(folder, 'local')], 0, /median 61\.2/);
  for (const shell of ['bash', 'zsh', 'fish']) await cloudmr('completion', [shell], 0, /jobs/);
  for (const command of await deploymentCommands(t, place)) done.add(command);
  for (const command of await upCommand(t, place)) done.add(command);
  await cloudmr('units stop', [unit], 0, /is stopped/);
  await cloudmr('units open', [unit], 0, /is open/);
  for (const name of ['units stop-all', 'units open-all']) await cloudmr(name, [], 4, /admin/i);
  await cloudmr('status', [], 4, /admin/i);
  await cloudmr('release', [jobId], 4, /admin/i);
  const state = ['backup', 'restore'] as const;
  for (const name of state)
    await cloudmr(
      name,
      [join(folder, 'none', 'backup')],
      1,
      /No file can be|There is no file of this\s+name/,
    );
  await cloudmr('units remove', [unit], 0, /is removed/);
  await cloudmr('logout', [], 0, /Signed out/);

  // Two lists that nobody writes by hand: the words of the shell's completion, and the help of the program.
  const { out: bash } = await ada.run('completion', 'bash');
  const completed = [...bash.matchAll(/^ +"([a-z0-9 -]*)"\) words=/gm)].map(([, path]) => path);
  const told = await helpedCommands(ada);
  t.same(told, completed.filter(Boolean).sort(), 'the completion knows what the help names');
  t.same(
    told.filter((command) => !done.has(command) && !GROUPS.has(command)),
    [],
    'every command was run',
  );
}

/** Every command that some help of the program lists. */
async function helpedCommands({ run }: Pick<Person, 'run'>, path: readonly string[] = []): Promise<string[]> {
  const { out } = await run(...path, '--help');
  const [, list = ''] = /\nCommands:\n((?: {2,}.*\n?)*)/.exec(out) ?? [];
  const found: string[] = [];
  for (const [, name] of list.matchAll(/^ {2}([a-z][a-z0-9-]*)/gm)) {
    const inner = name === 'help' || OWN_HELP.has(name) ? [] : await helpedCommands({ run }, [...path, name]);
    if (name !== 'help') found.push([...path, name].join(' '), ...inner);
  }
  return found.sort();
}
