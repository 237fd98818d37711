/**
 * Builds kernels.wasm from assembly/*.ts. `npm run kernels` writes the file; a test compiles again and
 * compares, so that the committed file can never differ from its sources.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const SOURCES = new URL('./assembly/', import.meta.url);
export const WASM_FILE = new URL('./kernels.wasm', import.meta.url);

const FLAGS = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];

/** Compiles the kernels. Throws an Error with the compiler's messages if that fails. */
export async function compileKernels(): Promise<Uint8Array> {
  const { main } = await import('assemblyscript/asc');
  const names = new Set(readdirSync(SOURCES));
  let messages = '';
  let wasm: Uint8Array | undefined;
  const { error } = await main(['index.ts', '--outFile', 'kernels.wasm', ...FLAGS], {
    stderr: { write: (text: string | Uint8Array) => void (messages += text) },
    readFile: (name: string) => (names.has(name) ? readFileSync(new URL(name, SOURCES), 'utf8') : null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      if (name === 'kernels.wasm' && typeof contents !== 'string') wasm = contents;
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw new Error(`the kernels do not compile:\n${messages}`);
  return wasm;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wasm = await compileKernels();
  writeFileSync(WASM_FILE, wasm);
  console.log(`${WASM_FILE.pathname}: ${wasm.length} bytes`);
}
