/** What a run costs in a fresh process. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface RunOnce {
  readonly signal: string;
  readonly task: unknown;
  readonly threads: number;
  readonly workDir: string;
  readonly gfactor: boolean;
}

export interface RunCost {
  /** From the opened process to the zip. */
  readonly wallSeconds: number;
  /** Of that, from the first slice to the last. */
  readonly solveSeconds: number;
  /** Of the whole process, its start included. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** A task document for a file that holds its own noise. */
export function taskFor(name: string, recon: string, options: object = {}, reconOptions: object = {}) {
  const signal = { type: 'file', options: { type: 'local', filename: 'scan.dat', multiraid: true } };
  return {
    version: 'v0',
    acquisition: 2,
    name,
    options: { ...options, reconstructor: { name: recon, options: { signal, ...reconOptions } } },
  };
}

export async function freshRun(
  signal: string,
  task: unknown,
  threads: number,
  gfactor = false,
): Promise<RunCost> {
  const workDir = mkdtempSync(join(tmpdir(), 'bench-run-'));
  const once: RunOnce = { signal, task, threads, workDir, gfactor };
  const script = fileURLToPath(new URL('./run-once.ts', import.meta.url));
  const args = ['--import', 'tsx', script, JSON.stringify(once)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}
