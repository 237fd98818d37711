/** Runs of tasks on scans in memory or in files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as nifti from 'nifti-reader-js';
import type { RawScan } from '../../../compute/formats/scan.ts';
import type { RunProgress, RunRequest } from '../../../compute/run.ts';
import { type JobOutcome, runJob } from '../../../compute/run-job.ts';
import { createRunLog } from '../../../compute/run-log.ts';
import { readZip } from './zip.ts';

/** A task document as the GUI writes it. */
export function taskDocument(
  more: { name?: string; recon?: string; options?: object; reconOptions?: object } = {},
) {
  const file = (filename: string) => ({
    type: 'file',
    id: 1,
    options: {
      type: 's3',
      filename,
      bucket: 'data',
      key: `u/${filename}`,
      multiraid: false,
      vendor: 'Siemens',
      options: {},
    },
  });
  return {
    version: 'v0',
    acquisition: 2,
    type: 'snr',
    id: 0,
    name: more.name ?? 'ac',
    files: ['signal', 'noise'],
    options: {
      ...more.options,
      reconstructor: {
        type: 'recon',
        id: 0,
        name: more.recon ?? 'rss',
        options: { signal: file('signal.dat'), noise: file('noise.dat'), ...more.reconOptions },
      },
    },
  };
}

export interface FinishedRun {
  readonly outcome: JobOutcome;
  readonly files: Map<string, Buffer>;
  readonly info: Record<string, never> & {
    data: Record<string, unknown>[];
    warnings: string[];
    headers: Record<string, unknown>;
  };
  readonly progress: RunProgress[];
  /** A map of the zip as numbers, read by an independent library. */
  map(name: string): Float32Array;
  header(name: string): nifti.NIFTI1;
}

/** Runs a task and opens its zip. `scans` are found by the paths in `inputs`. */
export async function run(
  scans: Record<string, RawScan> | ((path: string) => Promise<RawScan>),
  request: Partial<RunRequest> = {},
): Promise<FinishedRun> {
  const workDir = mkdtempSync(join(tmpdir(), 'run-'));
  const progress: RunProgress[] = [];
  let now = Date.UTC(2026, 0, 2, 3, 4, 5);
  const clock = (): number => (now += 10);
  try {
    const outcome = await runJob({
      task: taskDocument(),
      inputs: { signal: 'signal' },
      output: { coilsensitivity: false, gfactor: false, matlab: false },
      seed: 7,
      openScan: typeof scans === 'function' ? scans : async (path) => scans[path],
      digest:
        typeof scans === 'function' ? undefined : async () => ({ sizeBytes: 1, sha256: 'a'.repeat(64) }),
      clock,
      log: createRunLog(clock),
      onProgress: (step) => progress.push(step),
      workDir,
      ...request,
    });
    const files = await readZip(outcome.zipPath);
    const raw = (name: string): ArrayBuffer => {
      const bytes = gunzipSync(files.get(`data/${name}.nii.gz`) as Buffer);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    };
    const header = (name: string): nifti.NIFTI1 => nifti.readHeader(raw(name)) as nifti.NIFTI1;
    return {
      outcome,
      files,
      info: JSON.parse(String(files.get('info.json'))),
      progress,
      header,
      map: (name) => new Float32Array(nifti.readImage(header(name), raw(name))),
    };
  } finally {
    rmSync(workDir, { recursive: true });
  }
}
