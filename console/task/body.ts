/** From what a person has chosen to the body of a submit; what is missing is said in words. */
import { optionsOf, REPLICAS, type Recon, type Sensitivity } from './choices.ts';
import type { FileChoice, JobForm } from './form.ts';

const METHOD_IDS = { ac: 0, mr: 1, pmr: 2, cr: 3 };
const RECON_IDS: Record<Recon, number> = { rss: 0, b1: 1, sense: 2, grappa: 3, espirit: 4 };

/** What keeps a form from being sent; empty: nothing. */
export function problemsOf(form: JobForm): string[] {
  const uses = optionsOf(form);
  const problems: string[] = [];
  if (!form.unitId) problems.push('Choose a computing unit.');
  if (!form.signal) problems.push('Choose the signal file.');
  if (!form.ownNoise && !form.noise && form.method !== 'mr') problems.push('Choose the noise file.');
  if (uses.accelerated && form.decimate && form.accelerations.some((factor) => !isWhole(factor, 1, 64))) {
    problems.push('Accelerations are whole numbers from 1 to 64.');
  }
  if (
    uses.accelerated &&
    form.decimate &&
    form.calibration !== undefined &&
    !isWhole(form.calibration, 2, 16_384)
  ) {
    problems.push('Calibration lines are a whole number of at least 2, or empty for all.');
  }
  if (uses.kernel && form.kernel.some((size) => !isWhole(size, 1, 64))) {
    problems.push('The GRAPPA kernel is of whole numbers from 1 to 64.');
  }
  if (uses.replicas && form.replicas !== undefined && !isWhole(form.replicas, 2, 100_000)) {
    problems.push('Replicas are a whole number of at least 2.');
  }
  if (uses.box && !isWhole(form.boxSize, 2, 255))
    problems.push('The window is a whole number from 2 to 255.');
  if (uses.sensitivities && form.sensitivity === 'bodycoil' && !form.bodyCoil) {
    problems.push('Choose the scan of the body coil.');
  }
  return problems;
}

function isWhole(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= least && value <= most;
}

/** The number of replicas that will be drawn; undefined for methods without. */
export function replicasOf({ method, replicas }: JobForm): number | undefined {
  return method === 'pmr' || method === 'cr' ? (replicas ?? REPLICAS[method].normal) : undefined;
}

/** The body of POST /api/task/queue and of /api/task/estimate. */
export function bodyOf(form: JobForm) {
  const uses = optionsOf(form);
  const recon = {
    signal: reference(form.signal, form.ownNoise),
    ...(form.ownNoise || !form.noise ? {} : { noise: reference(form.noise, false) }),
    correction: form.flipAngles
      ? { useCorrection: true, faCorrection: reference(form.flipAngles, false) }
      : { useCorrection: false },
    ...(uses.coilMaps ? { sensitivityMap: sensitivityMap(form) } : {}),
    ...(uses.accelerated ? undersampling(form) : {}),
    ...(uses.kernel ? { kernelSize: form.kernel } : {}),
    gfactor: uses.gFactor && form.output.gfactor,
  };
  const files = [
    'signal',
    ...('noise' in recon ? ['noise'] : []),
    ...(form.flipAngles ? ['faCorrection'] : []),
  ];
  return {
    cloudapp_name: 'MR Optimum',
    alias: form.alias.trim() || aliasOf(form),
    computing_unit_id: form.unitId,
    ...(form.maxUsd === undefined ? {} : { max_usd: form.maxUsd }),
    output: {
      coilsensitivity: uses.coilMaps && form.output.coilsensitivity,
      gfactor: uses.gFactor && form.output.gfactor,
      matlab: form.output.matlab,
    },
    task: {
      version: 'v0',
      acquisition: 2,
      type: 'snr',
      id: METHOD_IDS[form.method],
      name: form.method,
      files,
      options: {
        ...(uses.replicas ? { NR: replicasOf(form) } : {}),
        ...(uses.box ? { boxSize: form.boxSize } : {}),
        ...(uses.biasCorrection && form.biasCorrection ? { biasCorrection: true } : {}),
        ...(form.platform === 'auto' ? {} : { platform: form.platform }),
        reconstructor: { type: 'recon', id: RECON_IDS[form.recon], name: form.recon, options: recon },
      },
    },
  };
}

/** `signal-ac-rss`, if the person gives no name. */
export function aliasOf({ signal, method, recon }: JobForm): string {
  const stem = (signal?.filename ?? 'job').replace(/\.[^.]*$/, '');
  return `${stem}-${method}-${recon}`.slice(0, 200);
}

function undersampling({ decimate, accelerations, calibration }: JobForm): object {
  if (!decimate) return { decimate: false };
  const lines = calibration ?? null;
  return { decimate: true, accelerations, acl: [lines, lines] };
}

function sensitivityMap({ recon, sensitivity, bodyCoil, mask, maskPercent }: JobForm): object {
  const method: Sensitivity = recon === 'espirit' ? 'espirit' : sensitivity;
  return {
    type: 'sensitivity',
    name: method,
    options: {
      loadSensitivity: false,
      sensitivityMapMethod: method,
      ...(method === 'bodycoil' && bodyCoil ? { sensitivityMapSource: reference(bodyCoil, false) } : {}),
      mask: mask === 'percentage' ? { method: mask, value: maskPercent ?? 10 } : { method: mask },
    },
  };
}

function reference(file: FileChoice | undefined, multiraid: boolean): object {
  if (!file) throw new Error('a file is missing');
  const { filename, bucket, key } = file;
  return {
    type: 'file',
    options: { type: 's3', filename, bucket, key, options: {}, multiraid, vendor: 'Siemens' },
  };
}
