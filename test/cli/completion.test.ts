/** What the Tab key offers, asked of the shell itself. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { main } from '../../src/cli/main.ts';

async function completion(...args: string[]): Promise<string> {
  const out: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: () => {}, terminal: false };
  t.equal(await main(['completion', ...args], { io }), 0);
  return out.join('\n');
}

const hasBash = spawnSync('bash', ['--version']).status === 0;

t.test('commands, flags and their values', { skip: hasBash ? false : 'needs bash' }, async (t) => {
  const script = await completion('bash');
  /** What is offered behind the words; the last one is begun. */
  const offered = (...words: string[]): string[] => {
    const line = ['cloudmr', ...words].map((word) => `'${word}'`).join(' ');
    const ask = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _cloudmr; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', ask], {
      encoding: 'utf8',
      cwd: t.testdirName,
    });
    t.equal(status, 0, stderr);
    return stdout.split('\n').filter(Boolean);
  };
  t.testdir({ 'brain.h5': '' });
  t.same(offered('jo'), ['jobs']);
  t.same(offered('jobs', 'ca'), ['cancel']);
  t.same(offered('jobs', 'list', '--st'), ['--state']);
  t.same(offered('jobs', 'list', '--state', 'succ'), ['succeeded']);
  t.same(offered('run', 'bra'), ['brain.h5'], 'files where a file is wanted');
  t.same(offered('run', 'brain.h5', '--rep'), ['--replicas'], 'flags behind a file');
  t.same(offered('run', 'brain.h5', '--method', 'p'), ['pmr']);
  t.same(offered('run', '--method', 'pmr', '--recon', 'gr'), ['grappa'], 'and behind the value of a flag');
  t.same(offered('tokens', 'create', 'x', '--scope', 'units:'), ['units:read', 'units:write']);
  t.same(offered('snr', '--gf'), ['--gfactor'], 'flags of programs that read theirs themselves');
  t.same(offered('deploy-mode2', '--dry'), ['--dry-run']);
  t.same(offered('completion', 'f'), ['fish']);
});

t.test('other shells; as JSON', async (t) => {
  t.match(await completion('zsh'), /^autoload -U \+X bashcompinit/);
  t.match(
    await completion('fish'),
    "complete -c cloudmr -n '__fish_seen_subcommand_from run' -l method -x -a 'ac mr pmr cr'",
  );
  t.match(JSON.parse(await completion('bash', '--json')), { shell: 'bash', script: /^_cloudmr\(\) \{/ });
});
