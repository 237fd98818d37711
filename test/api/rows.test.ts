/** Every requirement and every threat that concerns the broker is named in the title of a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

const TESTS = resolve(import.meta.dirname, '..');
const range = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_unused, i) => `${letter}${from + i}`);

/** Not the broker's, and why. */
const ELSEWHERE: Record<string, string> = {
  R142: 'a failed push of an image is seen by CI, which pushes it; the broker is not asked',
  R143: 'a failed deployment of the Mode 1 stack is seen by infra, which deploys it before there is a unit',
  T28: 'images are pinned and signed where they are built and deployed',
  T29: 'packages are pinned by the lock file',
  T30: 'the role of GitHub is in the stacks of the platform',
  T32: 'buckets are configured by the stacks',
};

/** What tests are called: a comment proves nothing. */
const TITLES = /\.test\(\s*(['"`])((?:(?!\1)[^\\]|\\.)*)\1/g;

t.test('R39-R60, R134-R147 and T1-T36 are named by tests, or said to be elsewhere', async (t) => {
  const own = join('api', 'rows.test.ts');
  const files = (readdirSync(TESTS, { recursive: true }) as string[]).filter(
    (name) => /\.(test|soak)\.ts$/.test(name) && name !== own,
  );
  const text = files
    .flatMap((name) => [...readFileSync(join(TESTS, name), 'utf8').matchAll(TITLES)])
    .map(([, , title]) => title)
    .join('\n');
  const wanted = [...range('R', 39, 60), ...range('R', 134, 147), ...range('T', 1, 36)];
  const unnamed = wanted.filter((name) => !ELSEWHERE[name] && !new RegExp(`\\b${name}\\b`).test(text));
  t.same(unnamed, []);
});
