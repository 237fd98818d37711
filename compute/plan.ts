/** From a task to the functions that do it: the only place where names become code. */
import { WorkerError } from './errors.ts';
import type { Undersampling } from './mr/lattice.ts';
import type { GrappaOptions, Reconstruction, SensitivityOptions } from './mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from './mr/recon/registry.ts';
import type { Method, MethodOptions } from './mr/snr/method.ts';
import { mustHaveRepetitions } from './mr/snr/multiple-replica.ts';
import { METHODS } from './mr/snr/registry.ts';
import type { SnrTask } from './task.ts';
import type { TaskSensitivity } from './task-sensitivity.ts';

export interface RunPlan {
  readonly method: Method;
  readonly reconstruction: Reconstruction;
  readonly options: MethodOptions;
  /** How undersampled data are handled; undefined for reconstructions that take full data only. */
  readonly undersampling: Undersampling | undefined;
  /** What is kept of a slice beside its SNR. */
  readonly keep: { readonly gFactor: boolean; readonly sensitivities: boolean; readonly mask: boolean };
  readonly warnings: readonly string[];
}

export interface OutputFlags {
  readonly coilsensitivity: boolean;
  readonly gfactor: boolean;
  readonly matlab: boolean;
}

/**
 * Throws `bad_options` for everything that this version cannot do, naming what it can. `seed` is that of the job;
 * a seed in the task goes before it.
 */
export function planRun(task: SnrTask, output: OutputFlags, seed: number): RunPlan {
  const method = entryOf<Method>(METHODS, task.method, 'method', 'task.name');
  const reconstruction = entryOf<Reconstruction>(
    RECONSTRUCTIONS,
    task.reconstruction,
    'reconstruction',
    'task.options.reconstructor.name',
  );
  if (task.biasCorrection && task.rssUnweighted) {
    throw new WorkerError(
      'bad_options',
      'task.options.biasCorrection: not defined together with rssUnweighted; choose one of the two.',
    );
  }
  mustMakeSense(task);
  const warnings: string[] = [];
  const hasGFactor = !reconstruction.needs.fullSampling;
  const hasMaps = reconstruction.needs.sensitivities === true;
  if (output.gfactor && !hasGFactor) {
    warnings.push(`A g-factor map was asked for; reconstruction "${task.reconstruction}" has none.`);
  }
  if (output.coilsensitivity && !hasMaps) {
    warnings.push(`Coil sensitivities were asked for; reconstruction "${task.reconstruction}" uses none.`);
  }
  const { biasCorrection, rssUnweighted, undersampling } = task;
  return {
    method,
    reconstruction,
    options: {
      biasCorrection,
      rssUnweighted,
      grappa: grappaOptions(task),
      sensitivity: task.sensitivity && sensitivityOptions(task.sensitivity),
      replicas: task.replicas && { ...task.replicas, seed: task.seed ?? seed },
    },
    undersampling,
    keep: {
      gFactor: output.gfactor && hasGFactor,
      sensitivities: output.coilsensitivity && hasMaps,
      mask: hasMaps && (output.coilsensitivity || task.sensitivity?.mask.method !== 'no'),
    },
    warnings,
  };
}

/** The same without the files, which come with the slices. */
function sensitivityOptions({ method, mask }: TaskSensitivity): SensitivityOptions {
  return { method, mask: mask.method === 'upload' ? { method: 'upload' } : mask };
}

/** The plan for a scan with so many measured repetitions. Throws `bad_options` if the method needs more. */
export function withRepetitions(plan: RunPlan, repetitions: number): RunPlan {
  const { method, options } = plan;
  if (!method.needs.repetitions || !options.replicas) return plan;
  mustHaveRepetitions(repetitions);
  return { ...plan, options: { ...options, replicas: { ...options.replicas, count: repetitions } } };
}

/** Combinations of options that contradict each other. */
function mustMakeSense({ method, reconstruction, replicas, biasCorrection, rssUnweighted }: SnrTask): void {
  const refuse = (name: string, why: string): never => {
    throw new WorkerError('bad_options', `task.options.${name}: ${why}`);
  };
  if (biasCorrection && method === 'mr') {
    refuse(
      'biasCorrection',
      'not defined for the mean of measured repetitions; available with: ac, pmr, cr.',
    );
  }
  if (!replicas?.rssMagnitude) return;
  if (reconstruction !== 'rss' || method === 'cr' || rssUnweighted) {
    refuse(
      'rssMagnitude',
      'literal magnitudes are those of reconstruction "rss", without rssUnweighted, by method "mr" or "pmr".',
    );
  }
  if (method === 'pmr' && replicas.count < 2) refuse('NR', 'literal magnitudes need two replicas at least.');
}

/** What the task says about the GRAPPA kernel. */
function grappaOptions({ undersampling }: SnrTask): Partial<GrappaOptions> {
  return {
    ...(undersampling?.kernelSize && { kernelSize: undersampling.kernelSize }),
    ...(typeof undersampling?.lambda === 'number' && { lambda: undersampling.lambda }),
    zeroPaddedCalibration: undersampling?.grappaZeroPaddedCalibration === true,
  };
}

function entryOf<T>(registry: Record<string, T>, name: string, what: string, path: string): T {
  if (Object.hasOwn(registry, name)) return registry[name];
  throw new WorkerError(
    'bad_options',
    `${path}: the ${what} "${name}" is not available in this version of the worker; available: ` +
      `${Object.keys(registry).join(', ')}.`,
  );
}
