/**
 * The SNR task (version v0) as the GUI and older tools write it, translated into what a run needs.
 *
 * Known habits of those writers are accepted: names in any case; numeric ids that contradict the names
 * (names decide); `NR` and `boxSize` left over on methods that have none; a sensitivity map posted with
 * every reconstruction. Fields are therefore checked only where the chosen method or reconstruction reads
 * them. Everything else that is wrong is refused with the path of the field.
 */
import { z } from 'zod';
import { WorkerError } from './errors.ts';
import { fileReference } from './task-mask.ts';
import type { TaskReplicas } from './task-replicas.ts';
import { replicaOptions } from './task-replicas.ts';
import type { TaskSensitivity } from './task-sensitivity.ts';
import { taskSensitivity } from './task-sensitivity.ts';

export const METHOD_NAMES = ['ac', 'mr', 'pmr', 'cr'] as const;
export const RECONSTRUCTION_NAMES = ['rss', 'b1', 'sense', 'grappa', 'espirit'] as const;
export type MethodName = (typeof METHOD_NAMES)[number];
export type ReconstructionName = (typeof RECONSTRUCTION_NAMES)[number];
export type FileReference = z.infer<typeof fileReference>;

/** A task as a run needs it. */
export interface SnrTask {
  readonly method: MethodName;
  readonly reconstruction: ReconstructionName;
  readonly signal: FileReference;
  readonly noise: FileReference | undefined;
  /** The signal file holds its own noise measurement, which then counts even if a noise file is given. */
  readonly multiraid: boolean;
  /** SNR corrected for the bias of magnitudes; off: as measured. */
  readonly biasCorrection: boolean;
  /** RSS of the coils as they are instead of the whitened ones. */
  readonly rssUnweighted: boolean;
  readonly seed: number | undefined;
  readonly platform: 'lambda' | 'fargate' | undefined;
  /** Methods with replicas (mr, pmr, cr). */
  readonly replicas: TaskReplicas | undefined;
  /** Undersampling by software or by the scanner (sense, grappa, espirit). */
  readonly undersampling: z.infer<typeof undersampling> | undefined;
  /** Coil sensitivities (b1, sense, espirit). */
  readonly sensitivity: TaskSensitivity | undefined;
  /** Flip-angle map to correct with. */
  readonly flipAngleMap: FileReference | undefined;
}

/** Lower case, without surrounding blanks. */
function nameOf<const T extends readonly string[]>(names: T): z.ZodType<T[number]> {
  return z
    .string()
    .transform((name) => name.trim().toLowerCase())
    .pipe(z.enum(names)) as unknown as z.ZodType<T[number]>;
}

const flag = z.boolean().nullish();
const seed = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).nullish();

const document = z.looseObject({
  version: z.literal('v0'),
  acquisition: z.literal(2),
  name: nameOf(METHOD_NAMES),
  options: z.looseObject({
    biasCorrection: flag,
    rssUnweighted: flag,
    seed,
    platform: nameOf(['lambda', 'fargate', 'auto'] as const).nullish(),
    reconstructor: z.looseObject({
      name: nameOf(RECONSTRUCTION_NAMES),
      options: z.looseObject({
        signal: fileReference,
        noise: fileReference.nullish(),
        biasCorrection: flag,
        rssUnweighted: flag,
        correction: z.looseObject({ useCorrection: flag, faCorrection: fileReference.nullish() }).nullish(),
      }),
    }),
  }),
});

const factor = z.number().int().min(1).max(64);
const lines = z.number().int().min(1).max(16_384).nullable();
const undersampling = z.object({
  /** True: full data are undersampled in software. False: the data are accelerated. */
  decimate: flag.transform((value) => value === true),
  /** Acceleration along readout and phase encoding; undefined: from the file. */
  accelerations: z.tuple([factor, factor]).nullish(),
  /** Calibration lines in both directions; null: all. */
  acl: z.tuple([lines, lines]).nullish(),
  /** GRAPPA: window in k-space samples along readout and phase encoding. */
  kernelSize: z.tuple([factor, factor]).nullish(),
  /** GRAPPA: Tikhonov regularisation relative to the mean size of the normal equations. */
  lambda: z.number().min(0).max(1e6).nullish(),
  /** GRAPPA: calibration windows that reach out of the calibration lines count too, as in older tools. */
  grappaZeroPaddedCalibration: flag,
});

/** Parses one part of the document; `at` is its path. Throws `bad_options` naming the field. */
function parsePart<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    at,
  );
  throw new WorkerError('bad_options', `${path}: ${issue.message}`);
}

/** Reads a task document. Throws `bad_options` with the path of the offending field. */
export function parseTask(value: unknown): SnrTask {
  const task = parsePart(document, value, 'task');
  const { options } = task;
  const recon = options.reconstructor;
  const at = 'task.options.reconstructor.options';
  const either = (name: 'biasCorrection' | 'rssUnweighted'): boolean =>
    options[name] === true || recon.options[name] === true;
  const usesReplicas = task.name !== 'ac';
  const isAccelerated = ['sense', 'grappa', 'espirit'].includes(recon.name);
  const usesMaps = ['b1', 'sense', 'espirit'].includes(recon.name);
  const replicas = usesReplicas ? parsePart(replicaOptions(task.name), options, 'task.options') : undefined;
  const correction = recon.options.correction;
  return {
    method: task.name,
    reconstruction: recon.name,
    signal: recon.options.signal,
    noise: recon.options.noise ?? undefined,
    multiraid: recon.options.signal.options.multiraid === true,
    biasCorrection: either('biasCorrection'),
    rssUnweighted: either('rssUnweighted'),
    seed: options.seed ?? undefined,
    platform: options.platform === 'auto' ? undefined : (options.platform ?? undefined),
    replicas,
    undersampling: isAccelerated ? parsePart(undersampling, recon.options, at) : undefined,
    sensitivity: usesMaps
      ? parsePart(
          taskSensitivity(recon.name === 'espirit'),
          recon.options.sensitivityMap ?? {},
          `${at}.sensitivityMap`,
        )
      : undefined,
    flipAngleMap: correction?.useCorrection
      ? parsePart(fileReference, correction.faCorrection, `${at}.correction.faCorrection`)
      : undefined,
  };
}
