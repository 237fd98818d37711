/** Modules that tests start as processes, in the form the tests run in: TypeScript, or compiled by `npm test`. */
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `.ts` or `.js`. */
export const FORM = extname(fileURLToPath(import.meta.url));

/** The project, or its compiled tree. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** What Node needs to run TypeScript (version 20 needs tsx), from any folder. */
export const LOADER: readonly string[] = FORM === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** Absolute path of a module given as `folder/name.ts`. */
export function script(path: string): string {
  return resolve(ROOT, path.replace(/\.ts$/, FORM));
}
