/**
 * The web console as the files a browser loads, made from `console/` by esbuild: at `npm run build` for images, and
 * at the first request when the broker runs from its sources.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Under which the broker serves them. */
const BASE = '/console/assets/';

const SHARED = {
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  outdir: '/console/assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  logLevel: 'silent',
  legalComments: 'none',
} as const;

/**
 * Bundles the console: names below /console to contents. `index.html` is the page; everything else has the hash of
 * its content in its name. The viewer is in chunks of its own, which a page loads when it shows a picture.
 */
export async function bundleConsole(sources: string): Promise<Map<string, Uint8Array>> {
  const worker = await build({
    ...SHARED,
    entryPoints: [join(sources, 'upload/md5-worker.ts')],
  });
  const workerFile = worker.outputFiles[0];
  const main = await build({
    ...SHARED,
    entryPoints: [join(sources, 'console.tsx')],
    splitting: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { MD5_WORKER: JSON.stringify(BASE + basename(workerFile.path)) },
  });
  const files = new Map<string, Uint8Array>();
  for (const { path, contents } of [...main.outputFiles, workerFile]) {
    files.set(`assets/${basename(path)}`, contents);
  }
  const named = (pattern: RegExp): string => {
    const name = [...files.keys()].find((file) => pattern.test(file));
    if (!name) throw new Error(`the console has no file like ${pattern}`);
    return `/console/${name}`;
  };
  const page = readFileSync(join(sources, 'index.html'), 'utf8')
    .replace('%SCRIPT%', named(/assets\/console-\w+\.js$/))
    .replace('%STYLE%', named(/assets\/console-\w+\.css$/));
  files.set('index.html', Buffer.from(page));
  files.set('template-mode2.yaml', readFileSync(join(sources, '../infra/templates/template-mode2.yaml')));
  files.set('icon.svg', readFileSync(join(sources, 'icon.svg')));
  return files;
}
