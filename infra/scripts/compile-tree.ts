/**
 * The project as plain JavaScript in a folder of its own: every file is copied, every TypeScript file also compiled
 * beside its copy, with the types taken away and nothing else. The compiled tree runs like the sources, but no process
 * started in it has to compile anything: half of what a short process costs.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stop, transform } from 'esbuild';

/** Neither sources nor anything that running sources needs. */
const NOT_COPIED = /^(\.git|\.tap|\.build|\.cloudmr.*|node_modules|dist|coverage|out|cloudmr-demo)$/;

/** Makes `out` the compiled tree of `root`; what was there before is removed. */
export async function compileTree(root: string, out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const top = readdirSync(root).filter((name) => !NOT_COPIED.test(name));
  for (const name of top) cpSync(join(root, name), join(out, name), { recursive: true });
  const sources = (readdirSync(out, { recursive: true }) as string[]).filter(isSource);
  await Promise.all(sources.map((file) => compile(join(out, file))));
  await stop();
}

function isSource(file: string): boolean {
  // The assembly sources are another language with the same ending.
  return /\.ts$/.test(file) && !/\.d\.ts$/.test(file) && !/kernels[\\/]assembly[\\/]/.test(file);
}

async function compile(path: string): Promise<void> {
  const { code } = await transform(readFileSync(path, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'inline',
    // The copy beside it is the source; a process would parse it once more for every module it loads.
    sourcesContent: false,
    sourcefile: path,
  });
  writeFileSync(path.replace(/\.ts$/, '.js'), withCompiledImports(code));
}

/** Relative imports, and the addresses of modules that processes and threads start with, name the compiled files. */
function withCompiledImports(code: string): string {
  return code
    .replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]+)\.ts\2/g, '$1$2$3.js$2')
    .replace(/(new URL\(\s*)(["'])(\.{1,2}\/[^"'\n]+)\.ts\2(,\s*import\.meta\.url)/g, '$1$2$3.js$2$4');
}
