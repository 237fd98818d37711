/** The task of `cloudmr run` from its flags, as the web client writes it (version v0). */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { toWorkerError } from '../../../compute/errors.ts';
import { METHOD_NAMES, parseTask, RECONSTRUCTION_NAMES } from '../../../compute/task.ts';
import { UsageError } from '../command.ts';

export interface TaskFlags {
  readonly method: string;
  readonly recon: string;
  readonly replicas?: number;
  readonly boxSize?: number;
  readonly acceleration?: [number, number];
  readonly acl?: [number, number];
  /** Full data are undersampled in software. */
  readonly decimate?: boolean;
  readonly sensitivity?: string;
  readonly seed?: number;
  readonly platform?: string;
  /** A task document whose files are replaced by those of the command line. */
  readonly task?: string;
}

export const METHODS = METHOD_NAMES;
export const RECONSTRUCTIONS = RECONSTRUCTION_NAMES;

/** Where an uploaded file lies. */
export interface FileLocation {
  readonly filename: string;
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * The document. Throws UsageError with what the worker would refuse, so that nothing wrong is uploaded: ask with
 * made-up locations first.
 */
export async function taskDocument(
  flags: TaskFlags,
  signal: FileLocation,
  noise: FileLocation | undefined,
): Promise<Record<string, unknown>> {
  const document = flags.task ? await fromFile(flags.task) : fromFlags(flags);
  const recon = (document.options as { reconstructor: { options: Record<string, unknown> } }).reconstructor;
  recon.options = {
    ...recon.options,
    signal: reference(signal, noise === undefined),
    ...(noise ? { noise: reference(noise, false) } : {}),
  };
  if (!noise) delete recon.options.noise;
  try {
    parseTask(document);
  } catch (error) {
    throw new UsageError(toWorkerError(error).message);
  }
  return { ...document, files: noise ? ['signal', 'noise'] : ['signal'] };
}

function fromFlags(flags: TaskFlags): Record<string, unknown> {
  const accelerated = ['sense', 'grappa', 'espirit'].includes(flags.recon);
  return {
    version: 'v0',
    acquisition: 2,
    type: 'SNR',
    id: METHODS.indexOf(flags.method as (typeof METHODS)[number]),
    name: flags.method,
    options: {
      ...(flags.replicas === undefined ? {} : { NR: flags.replicas }),
      ...(flags.boxSize === undefined ? {} : { boxSize: flags.boxSize }),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.platform === undefined ? {} : { platform: flags.platform }),
      reconstructor: {
        type: 'recon',
        id: RECONSTRUCTIONS.indexOf(flags.recon as (typeof RECONSTRUCTIONS)[number]),
        name: flags.recon,
        options: {
          ...(accelerated ? { decimate: flags.decimate === true } : {}),
          ...(flags.acceleration ? { accelerations: flags.acceleration } : {}),
          ...(flags.acl ? { acl: flags.acl } : {}),
          ...(flags.sensitivity
            ? { sensitivityMap: { options: { sensitivityMapMethod: flags.sensitivity } } }
            : {}),
        },
      },
    },
  };
}

async function fromFile(path: string): Promise<Record<string, unknown>> {
  let parsed: { task?: unknown } & Record<string, unknown>;
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--task ${path}: ${(error as Error).message}`);
  }
  const document = (parsed?.task ?? parsed) as { options?: { reconstructor?: { options?: unknown } } };
  if (typeof document?.options?.reconstructor?.options !== 'object') {
    throw new UsageError(`--task ${path} is not a task document (version v0)`);
  }
  return document as Record<string, unknown>;
}

/** Without a noise file the signal file must hold its own noise measurement. */
function reference({ filename, Bucket, Key }: FileLocation, multiraid: boolean): object {
  const options = { type: 's3', filename, bucket: Bucket, key: Key, options: {}, multiraid };
  const vendor = basename(filename).toLowerCase().endsWith('.dat') ? 'Siemens' : 'ISMRMRD';
  return { type: 'file', options: { ...options, vendor } };
}
