/**
 * The run of a job, from raw data to a result:
 *
 *   1  check       the task becomes a plan; what cannot be done is refused before anything is read
 *   2  read        open the signal, refuse what is no Cartesian 2-D scan, lay out the k-space grid
 *   3  noise       noise readouts -> covariance -> whitening matrix
 *   4  slices      readouts -> k-space -> whitened -> reconstructed -> SNR, on all threads
 *   5  write       maps, previews, info.json, matlab.mat
 *   6  pack        all of it in one zip
 *
 * Each thread has one slice in memory, whatever the size of the files.
 */
import { join } from 'node:path';
import { UPLOAD_PART_BYTES } from '../src/schemas/execution.ts';
import { readFlipAngles } from './flip-angle.ts';
import { writeZip } from './formats/zip.ts';
import { planRun, withRepetitions } from './plan.ts';
import type { RunOutcome, RunRequest } from './run.ts';
import { startRun } from './run.ts';
import { writeResult } from './run-result.ts';
import { measureNoise, readSignal } from './run-steps.ts';
import { snrOfSlices } from './solve-slices.ts';
import { parseTask } from './task.ts';
import { VERSION } from './version.ts';

export interface JobOutcome extends RunOutcome {
  readonly zipPath: string;
  readonly sha256: string;
  readonly checksumSHA256: string;
  readonly sizeBytes: number;
}

/** Runs the task and packs the result as `result.zip` in `workDir`. Throws WorkerError. */
export async function runJob(request: RunRequest & { readonly workDir: string }): Promise<JobOutcome> {
  const outcome = await runToFolder(request, join(request.workDir, 'result'));
  const zipPath = join(request.workDir, 'result.zip');
  return { ...outcome, zipPath, ...(await writeZip(zipPath, outcome.files, UPLOAD_PART_BYTES)) }; // 6
}

/** Runs the task and leaves the files of the result in `folder`. Throws WorkerError. */
export async function runToFolder(request: RunRequest, folder: string): Promise<RunOutcome> {
  request.log.add('start', 'CloudMR SNR worker', { version: VERSION, node: process.version });
  const run = startRun(request);
  try {
    const task = parseTask(request.task); // 1
    const planned = planRun(task, request.output, request.seed);
    const signal = await readSignal(run); // 2
    const plan = withRepetitions(planned, signal.images.repetitions);
    const flipAngles = await readFlipAngles(run, task, signal);
    const noise = await measureNoise(run, task, plan, signal); // 3
    const slices = await snrOfSlices(run, task, plan, signal, noise); // 4
    return await writeResult(run, { task, plan, signal, noise, slices, flipAngles }, folder); // 5
  } finally {
    await run.close();
  }
}
