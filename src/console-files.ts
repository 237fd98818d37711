/** The files of the web console: those that `npm run build` has written, or bundled from the sources at first use. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { ConsoleFile, ConsoleFiles } from '../routes/console.ts';

const FOLDER = fileURLToPath(new URL('../console/', import.meta.url));
/** As good as the best within a hundredth, in a tenth of the time. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  yaml: 'text/plain; charset=utf-8',
};

/** Finds files by their name below /console; each is compressed once, when it is first asked for. */
export function createConsoleFiles(): ConsoleFiles {
  let loading: Promise<Map<string, Uint8Array>> | undefined;
  const made = new Map<string, Promise<ConsoleFile>>();

  return {
    async find(name) {
      loading ??= load();
      const files = await loading.catch((error: unknown) => {
        // A source that could not be bundled may be bundled the next time.
        loading = undefined;
        throw error;
      });
      const plain = files.get(name);
      if (!plain) return undefined;
      const file = made.get(name) ?? compressed(name, plain);
      made.set(name, file);
      return file;
    },
  };
}

async function load(): Promise<Map<string, Uint8Array>> {
  if (existsSync(join(FOLDER, 'console.tsx'))) {
    const { bundleConsole } = await import('../infra/scripts/console-bundle.ts');
    return bundleConsole(FOLDER);
  }
  const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.\w+$/.test(name),
  );
  return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(FOLDER, name))]));
}

async function compressed(name: string, plain: Uint8Array): Promise<ConsoleFile> {
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(plain, BROTLI),
    promisify(gzip)(plain, { level: 9 }),
  ]);
  const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  return { type, plain: Buffer.from(plain), br, gzip: gz };
}
