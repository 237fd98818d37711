/** The run of a task on this machine: a task file in, a folder of results out. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { toWorkerError, WorkerError } from './errors.ts';
import { openRawScan } from './formats/open.ts';
import type { OutputFlags } from './plan.ts';
import type { RunOutcome, RunProgress } from './run.ts';
import { runToFolder } from './run-job.ts';
import { createRunLog } from './run-log.ts';
import type { FileReference, SnrTask } from './task.ts';
import { parseTask } from './task.ts';

export interface LocalRun {
  /** A task document, or a job envelope with the document as its `task`. */
  readonly taskFile: string;
  /** Filled with what the result zip of the cloud would hold. */
  readonly outFolder: string;
  /** Gets the log of the run as JSON, also if it fails. */
  readonly logFile?: string;
  /** What is not said here is taken from the envelope's `output`. */
  readonly output: Partial<OutputFlags>;
  /** Threads to work on; undefined: what the machine and the work suggest. */
  readonly threads?: number;
  readonly clock: () => number;
  readonly onProgress: (progress: RunProgress) => void;
}

/** Runs the task. Throws WorkerError. */
export async function runLocally(request: LocalRun): Promise<RunOutcome> {
  const { taskFile, logFile, clock, onProgress } = request;
  const log = createRunLog(clock);
  try {
    const document = await readJson(taskFile);
    const task = 'task' in document ? document.task : document;
    const parsed = parseTask(task);
    const signal = await localFile(parsed.signal, 'signal', taskFile);
    const noise =
      parsed.noise && !parsed.multiraid ? await localFile(parsed.noise, 'noise', taskFile) : undefined;
    return await runToFolder(
      {
        task,
        inputs: { signal, noise, ...(await otherFiles(parsed, taskFile)) },
        output: { ...outputOf(document), ...request.output },
        seed: parsed.seed ?? 0,
        threads: request.threads,
        openScan: openRawScan,
        clock,
        log,
        onProgress,
      },
      request.outFolder,
    );
  } catch (error) {
    const failure = toWorkerError(error);
    log.add('ERROR', 'ERROR', { code: failure.code, message: failure.message });
    throw failure;
  } finally {
    if (logFile) await writeFile(logFile, `${JSON.stringify(log.entries, undefined, 2)}\n`);
  }
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new WorkerError('bad_options', `The task file ${path} cannot be read.`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new WorkerError('bad_options', `The task file ${path} is not JSON: ${(error as Error).message}`);
  }
  throw new WorkerError('bad_options', `The task file ${path} is not a JSON object.`);
}

function outputOf({ output }: Record<string, unknown>): OutputFlags {
  const flags = (output ?? {}) as Record<string, unknown>;
  return {
    coilsensitivity: flags.coilsensitivity === true,
    gfactor: flags.gfactor === true,
    matlab: flags.matlab === true,
  };
}

/** Coil sensitivities and the flip-angle map, as far as the task uses them. */
async function otherFiles(
  { sensitivity, flipAngleMap }: SnrTask,
  taskFile: string,
): Promise<{ mask?: string; sensitivityMapSource?: string; faCorrection?: string }> {
  const { mask, source } = sensitivity ?? {};
  const at = 'sensitivityMap.options';
  return {
    mask: mask?.method === 'upload' ? await localFile(mask.file, `${at}.mask.file`, taskFile) : undefined,
    sensitivityMapSource: source && (await localFile(source, `${at}.sensitivityMapSource`, taskFile)),
    faCorrection: flipAngleMap && (await localFile(flipAngleMap, 'correction.faCorrection', taskFile)),
  };
}

/** Path of a file of the task: as it is written, or relative to the task file. */
async function localFile(reference: FileReference, role: string, taskFile: string): Promise<string> {
  const { filename, type } = reference.options;
  const at = `task.options.reconstructor.options.${role}.options`;
  if (type && type.toLowerCase() !== 'local') {
    throw new WorkerError(
      'bad_options',
      `${at}.type: the command line reads files of type "local", not "${type}".`,
    );
  }
  if (!filename) throw new WorkerError('bad_options', `${at}.filename: is missing.`);
  const candidates = isAbsolute(filename)
    ? [filename]
    : [resolve(dirname(taskFile), filename), resolve(filename)];
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile()) return candidate;
  }
  throw new WorkerError('input_not_found', `${at}.filename: there is no file ${candidates[0]}.`);
}
