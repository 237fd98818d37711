/** What a run costs in a fresh process, compiled as it is in the images: threads start without a compiler. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { compileTree } from '../../infra/scripts/compile-tree.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILD = join(ROOT, '.build');
let compiled: Promise<void> | undefined;

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
  compiled ??= compileTree(ROOT, BUILD);
  await compiled;
  const script = join(BUILD, 'bench/snr/run-once.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(once)]);
  return JSON.parse(stdout);
}
