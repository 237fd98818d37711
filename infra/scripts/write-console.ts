/** Writes the files of the web console into `dist/console/`, a step of `npm run build`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bundleConsole } from './console-bundle.ts';

const root = resolve(import.meta.dirname, '../..');
for (const [name, contents] of await bundleConsole(join(root, 'console'))) {
  const path = join(root, 'dist/console', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
