/** The other side of the benchmark: a numpy process that is told which case to calculate, one at a time. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Peer {
  /** Calculates a case once; CPU seconds of its process. */
  run(name: string): Promise<number>;
  /** An array of the last result of a case. */
  result(name: string, array: string): Float32Array;
  close(): void;
}

/** The environment of all programs that are compared: one thread each. */
export const ONE_THREAD = {
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
};

/** The Python that has numpy and scipy; undefined if there is none. */
export function findPython(): string | undefined {
  const python = process.env.CLOUDMR_BENCH_PYTHON || 'python3';
  const { status } = spawnSync(python, ['-c', 'import numpy, scipy'], { encoding: 'utf8' });
  return status === 0 ? python : undefined;
}

/** Starts the process with its inputs: raw arrays by file name, and the sizes. */
export async function startPeer(
  python: string,
  sizes: object,
  inputs: Record<string, Float32Array | Float64Array>,
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-snr-'));
  writeFileSync(join(folder, 'shape.json'), JSON.stringify(sizes));
  for (const [name, { buffer, byteOffset, byteLength }] of Object.entries(inputs)) {
    writeFileSync(join(folder, name), new Uint8Array(buffer, byteOffset, byteLength));
  }
  const script = fileURLToPath(new URL('./reference.py', import.meta.url));
  const child = spawn(python, [script, folder], { env: { ...process.env, ...ONE_THREAD } });
  child.stderr.pipe(process.stderr);
  const answers = answersOf(child);
  await answers.next();
  return {
    async run(name) {
      child.stdin.write(`${JSON.stringify({ case: name })}\n`);
      const { value } = await answers.next();
      if (value === undefined) throw new Error(`the numpy side ended at "${name}"`);
      return JSON.parse(value).seconds;
    },
    result(name, array) {
      const bytes = readFileSync(join(folder, `${name}.${array}.f32`));
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice();
    },
    close() {
      child.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function* answersOf(child: ChildProcessWithoutNullStreams): AsyncGenerator<string, undefined> {
  for await (const line of createInterface({ input: child.stdout })) yield line;
  return undefined;
}
