/** What `.ci/run` repeats: a counterexample that was drawn once counts, whatever the next draw finds. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';

const ROOT = resolve(import.meta.dirname, '../..');
const TESTS = join(ROOT, '.ci/tests.sh');

/** Plays `tests` with a run whose files failed, and an `npm` whose repetition ends with `status`. */
function played(dir: string, files: readonly string[], status: number) {
  mkdirSync(join(dir, 'bin'), { recursive: true });
  const program = (name: string, text: string): void => {
    writeFileSync(join(dir, 'bin', name), `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
  };
  const failed = files.map((file) => `echo ${file} >>"\${last#--save=}"`).join('\n');
  const counts = `echo "# { total: 12, pass: ${12 - files.length}, fail: ${files.length} }"`;
  program(
    'tap-run',
    `last="\${!#}"\necho "first $CHECK_SEED"\n${failed}\n${counts}\nexit ${files.length && 1}`,
  );
  program('npm', `echo "again $CHECK_SEED: $*"\nexit ${status}`);
  const script = `passed=0; failed=0; . "${TESTS}"; tests "some" tap-run; echo "$passed passed, $failed failed"`;
  const { CHECK_SEED: _drawn, ...env } = process.env;
  const { stdout } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { ...env, PATH: `${join(dir, 'bin')}:${process.env['PATH']}` },
  });
  return {
    first: /^first (\d+)$/m.exec(stdout)?.[1],
    again: /^again (\d+)/m.exec(stdout)?.[1],
    repeated: /^again .*--jobs=1 (.*)$/m.exec(stdout)?.[1]?.split(' ') ?? [],
    end: stdout.trim().split('\n').at(-1),
  };
}

t.test('a failed file is repeated with the seed of the first run, and then counts as it ends', async (t) => {
  const [file] = ['test/api/tokens.test.js'];
  const passes = played(t.testdir(), [file], 0);
  t.match(passes, { repeated: [file], end: '11 passed, 0 failed' });
  t.match(passes.first, /^\d+$/);
  t.equal(passes.again, passes.first);
  t.match(played(t.testdir(), [file], 1), { repeated: [file], end: '11 passed, 1 failed' });
  t.match(played(t.testdir(), [], 0), { repeated: [], end: '12 passed, 0 failed' });
});

t.test('what draws anew in every run has one chance', async (t) => {
  const drawn = [
    'test/model/promise.soak.js',
    'test/together/test-model-1.test.js',
    'test/e2e/drill.soak.js',
    'test/e2e/kill.soak.js',
  ];
  for (const file of drawn)
    t.match(played(t.testdir(), [file], 0), { repeated: [], end: '11 passed, 1 failed' });
  const steady = 'test/api/jobs.test.js';
  t.match(
    played(t.testdir(), [drawn[0], steady], 0),
    { repeated: [steady], end: '10 passed, 2 failed' },
    'and fails the run although another file passed alone',
  );
});

/** The files of tests and benchmarks that a file names, by import or as the code of a function. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/'([./\w-]+\.ts)(?:#\w+)?'/g)) {
    const path = name.startsWith('.') ? resolve(dirname(file), name) : join(ROOT, name);
    if (/^(test|bench)\//.test(path.slice(ROOT.length + 1)) && existsSync(path)) reached(path, seen);
  }
  return seen;
}

t.test('whatever draws does so by the seed, or has one chance', async (t) => {
  const oneChance = new RegExp(/^ONE_CHANCE='(.+)'$/m.exec(readFileSync(TESTS, 'utf8'))![1]);
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(test|soak)\.ts$/.test(name))
    .map((name) => `test/${name.replaceAll('\\', '/')}`);
  const without: string[] = [];
  for (const file of files) {
    const texts = [...reached(join(ROOT, file))].map((path) => readFileSync(path, 'utf8'));
    if (texts.some((text) => /\bMath\s*\.\s*random\b/.test(text)) && !oneChance.test(file))
      without.push(file);
  }
  t.same(without, [], 'draw, and no seed brings it back');
  const direct = files.filter((file) => /from [']fast-check/.test(readFileSync(join(ROOT, file), 'utf8')));
  t.same(direct, [], 'take fast-check without its seed: see test/helpers/fast-check.ts');
  const known = ['promise', 'drill', 'kill', 'rolling-restart'];
  for (const name of known)
    t.ok(
      files.some((file) => oneChance.test(file) && file.includes(name)),
      name,
    );
});
