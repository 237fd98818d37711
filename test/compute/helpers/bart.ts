/** BART's files and commands. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const hasBart = spawnSync('bart', ['version'], { stdio: 'ignore' }).status === 0;

/** Runs a command line in `folder`. */
export function bart(folder: string, command: string): void {
  execFileSync('bart', command.split(' '), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Writes NAME.cfl and NAME.hdr; `sizes` fastest first: x, y, z, coil. */
export function writeCfl(folder: string, name: string, data: Float32Array, sizes: readonly number[]): void {
  const all = [...sizes, ...Array(16 - sizes.length).fill(1)];
  writeFileSync(join(folder, `${name}.hdr`), `# Dimensions\n${all.join(' ')}\n`);
  writeFileSync(join(folder, `${name}.cfl`), data);
}

/** Interleaved complex numbers of NAME.cfl. */
export function readCfl(folder: string, name: string): Float32Array {
  const bytes = readFileSync(join(folder, `${name}.cfl`));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
