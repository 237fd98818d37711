/** What the documents name exists: npm scripts, files, environment variables, options of our commands. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { USAGE } from '../infra/local/demo/arguments.ts';
import { SECRETS } from '../infra/scripts/platform/github-secrets.ts';
import { script } from './helpers/script.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** Not asked of git: neither it nor a checkout need to be there. */
const FOREIGN = new Set(['node_modules', 'dist', 'out', 'coverage', 'cloudmr-demo']);
const documents = readdirSync(ROOT, { withFileTypes: true })
  .filter(({ name }) => !FOREIGN.has(name) && !name.startsWith('.'))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(ROOT, entry.name), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(entry.name, name),
        )
      : [entry.name],
  )
  .filter((name) => name.endsWith('.md'));
const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts as Record<
  string,
  string
>;

for (const document of documents) {
  const text = readFileSync(join(ROOT, document), 'utf8');

  t.test(`${document}: every link and every path in backticks exists`, async (t) => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]*[./][^)#\s]*)\)/g)].map((m) => m[1]);
    const paths = [
      ...text.matchAll(/`((?:src|routes|services|compute|infra|test|console|bench|\.ci)\/[\w./-]+)`/g),
    ];
    const missing = [
      ...links.filter((link) => !existsSync(resolve(ROOT, dirname(document), link))),
      ...paths
        .map((m) => m[1])
        .filter(
          (path) => !existsSync(join(ROOT, path)) && !existsSync(resolve(ROOT, dirname(document), path)),
        ),
    ];
    t.same(missing, []);
  });

  t.test(`${document}: every npm script exists`, async (t) => {
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((m) => m[1]);
    t.same(
      named.filter((name) => !Object.hasOwn(scripts, name)),
      [],
    );
  });

  t.test(`${document}: no path of one machine`, async (t) => {
    t.notMatch(text, /(^|[\s`'"(])\/(home|root|work|Users)\//m);
  });
}

t.test('README names only options of the demo that exist', async (t) => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const lines = text.split('\n').filter((line) => line.includes('npm run demo --'));
  t.ok(lines.length > 0);
  for (const option of lines.join(' ').match(/--[a-z]+/g) ?? []) t.match(USAGE, option);
});

t.test('README names only variables that .env.example or the command line explain', async (t) => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const commandLine = readFileSync(script('src/cli/environment.ts'), 'utf8');
  const example =
    readFileSync(join(ROOT, '.env.example'), 'utf8') + commandLine + Object.keys(SECRETS).join(' ');
  for (const [, name] of text.matchAll(/`([A-Z][A-Z_]{3,})(?:=\w+)?`/g)) t.match(example, name);
});

t.test('the lock file holds no download address', async (t) => {
  t.notMatch(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), /"resolved":/);
});

t.test('ARCHITECTURE gives a reason for every dependency', async (t) => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => {
    if (name.startsWith('@aws-sdk/') || name.startsWith('@types/')) return false;
    const short = name.replace(/^@fastify\//, '-');
    return !text.includes(name) && !text.includes(short);
  });
  t.same(missing, []);
});
