/**
 * `npm test [-- TAP OPTIONS AND FILES]`: compiles the project once into `.build/` and runs tap there. Files are named as in
 * the sources (`test/api/jobs.test.ts`). A single file also runs without it: `npx tap test/api/jobs.test.ts`. Without
 * names all run, those of browsers apart, and those of a folder share processes (`test-groups.ts`).
 * `npm run test:soak` runs what takes long and is seldom broken, the files `*.soak.ts`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { compileTree } from './compile-tree.ts';
import { testFilesOf, writeGroups } from './test-groups.ts';

const root = resolve(import.meta.dirname, '../..');
const build = join(root, '.build');
await compileTree(root, build);
// The settings of the sources, without the loader that compiles and without those of tap.
const settings = readFileSync(join(root, '.taprc'), 'utf8')
  .replace('--import=tsx', `--require=${join(import.meta.dirname, 'light-tap.cjs')}`)
  .replaceAll('.test.ts', '.test.js');
writeFileSync(join(build, '.taprc'), settings);

const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs');
const given = process.argv.slice(2).map((arg) => arg.replace(/\.(test|soak)\.ts$/, '.$1.js'));
const { alone, groups } = testFilesOf(build);
let args = given.flatMap((arg) => groups.get(arg) ?? [arg]);
if (given.every((arg) => arg.startsWith('-'))) {
  writeGroups(build, groups);
  // What plays in a browser takes minutes and is asked for by name.
  args = [...given, ...groups.keys(), ...alone].filter((file) => !file.startsWith('test/browser/'));
}
const { status } = spawnSync(process.execPath, [tap, ...args], { cwd: build, stdio: 'inherit' });
process.exit(status ?? 1);
