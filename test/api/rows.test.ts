/**
 * Every requirement R39-R60 and R134-R147 and every threat T1-T36 has a test of its own number. What is proven outside
 * of the broker is listed with the file that does: its test must be there too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { type FoundTest, testsOf } from '../infra/helpers/test-titles.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const range = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_unused, i) => `${letter}${from + i}`);
const ROWS = [...range('R', 39, 60), ...range('R', 134, 147), ...range('T', 1, 36)];

/** Not the broker's: why, and what shows it. */
const ELSEWHERE: Readonly<Record<string, { why: string; file: string }>> = {
  R142: {
    why: 'a failed push of an image is seen by CI, which pushes it; the broker is not asked',
    file: 'test/infra/iam-workflow.test.ts',
  },
  R143: {
    why: 'a failed deployment of the Mode 1 stack is seen by who deploys it, before there is a unit',
    file: 'test/infra/iam-workflow.test.ts',
  },
  T28: {
    why: 'images are pinned and signed where they are built and deployed',
    file: 'test/infra/worker-image.test.ts',
  },
  T29: { why: 'packages are pinned by the lock file', file: 'test/infra/packages.test.ts' },
  T30: { why: 'the role of GitHub is in the stacks', file: 'test/infra/iam-workflow.test.ts' },
  T32: { why: 'buckets are configured by the stacks', file: 'test/infra/template.test.ts' },
};

interface Named extends FoundTest {
  readonly file: string;
}

/** Tests with a number in their title; a comment, a test that asserts nothing or is left out proves nothing. */
function named(): Named[] {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('test', name))
    .filter((file) => /\.(test|soak)\.ts$/.test(file) && file !== join('test', 'api', 'rows.test.ts'))
    .filter((file) => /['"`][^'"`]*\b[RT]\d/.test(readFileSync(join(ROOT, file), 'utf8')));
  return files.flatMap((file) =>
    testsOf(pathToFileURL(join(ROOT, file)))
      .filter(({ assertions, skipped }) => assertions > 0 && !skipped)
      .map((test) => ({ ...test, file })),
  );
}

t.test('each has a test that is named by its number, is run, and asserts', async (t) => {
  const tests = named();
  for (const row of ROWS) {
    const titled = new RegExp(`\\b${row}\\b`);
    const places = [...new Set(tests.filter(({ title }) => titled.test(title)).map(({ file }) => file))];
    const elsewhere = ELSEWHERE[row];
    if (!elsewhere) {
      const broker = places.filter((file) => !file.startsWith(join('test', 'infra')));
      t.ok(broker.length > 0, `${row}: ${broker.join(', ')}`);
    } else {
      t.ok(existsSync(join(ROOT, elsewhere.file)), elsewhere.file);
      t.ok(places.includes(elsewhere.file), `${row}: ${elsewhere.why}: ${elsewhere.file}`);
    }
  }
  t.equal(ROWS.length, 22 + 14 + 36);
});

t.test('R44 and R47 are proven over the routes, not only beneath them', async (t) => {
  const tests = named();
  for (const row of ['R44', 'R47']) {
    t.ok(
      tests.some(({ file, title }) => file.startsWith(join('test', 'api')) && title.startsWith(row)),
      row,
    );
  }
});
