/** The last step of a run: maps, previews, info.json and matlab.mat in a folder. */
import { CONVENTIONS, infoJson } from './formats/info-json.ts';
import { noiseMaps, snrMap } from './maps.ts';
import type { NoiseModel } from './mr/noise.ts';
import { createResultFolder } from './outputs.ts';
import type { RunPlan } from './plan.ts';
import { withoutSecrets } from './redact.ts';
import { replicaMaps, replicaSection } from './replica-maps.ts';
import type { Run, RunOutcome } from './run.ts';
import type { Signal } from './run-steps.ts';
import type { SnrSlices } from './solve-slices.ts';
import type { SnrTask } from './task.ts';
import { VERSION } from './version.ts';

export interface Computed {
  readonly task: SnrTask;
  readonly plan: RunPlan;
  readonly signal: Signal;
  readonly noise: NoiseModel;
  readonly slices: SnrSlices;
}

/** Writes everything and sums it up. */
export async function writeResult(run: Run, computed: Computed, folder: string): Promise<RunOutcome> {
  const { plan, signal, noise, slices } = computed;
  const { request } = run;
  await run.step({ step: 'write', fraction: 0.9, message: 'Writing the maps' });
  const warnings = warningsOf(run, computed);
  const { coils } = signal.grid;
  const matrix: [number, number] = [...slices.matrix];
  const result = createResultFolder(folder);
  const how = `${plan.method.label}, ${plan.reconstruction.label.toLowerCase()}`;
  const snr = snrMap(slices.planes, matrix, signal.volume, { how, coils });
  const maps = [
    snr.map,
    ...(noise.samples > 0 ? noiseMaps(noise) : []),
    ...replicaMaps(slices, signal.volume),
  ];
  for (const map of maps) await result.writeMap(map);
  if (request.output.matlab) await result.writeMatlab();
  for (const warning of warnings) request.log.add('warning', warning);
  request.log.add('END', 'Done');
  const info = infoJson({
    seconds: (request.clock() - run.startedMs) / 1000,
    options: withoutSecrets(request.task),
    log: request.log.entries,
    outputs: result.entries,
    slices: slices.planes.length,
    sections: { ...sections(run, computed, snr.statistics), previews: result.previews, warnings },
  });
  await result.write('info.json', `${JSON.stringify(info, undefined, 2)}\n`);
  const { median: medianSnr, maximum: maxSnr } = snr.statistics;
  const summary = {
    medianSnr,
    maxSnr,
    slices: slices.planes.length,
    matrix,
    coils,
    warnings: warnings.length,
  };
  return { summary, warnings, files: result.files };
}

function warningsOf({ request }: Run, { task, plan, signal, noise, slices }: Computed): string[] {
  const unused = request.inputs.noise !== undefined && task.multiraid;
  return [
    ...signal.scan.warnings,
    ...signal.images.warnings,
    ...signal.volume.warnings,
    ...noise.warnings,
    ...plan.warnings,
    ...slices.warnings,
    ...(unused
      ? ['The noise file was not used: the signal is marked as holding its own noise (multiraid).']
      : []),
  ];
}

/** What info.json says beyond what viewers need. */
function sections({ request }: Run, computed: Computed, statistics: unknown): Record<string, unknown> {
  const { task, plan, signal, noise, slices } = computed;
  const { header } = signal.scan;
  return {
    schema: 'cloudmr/result/1',
    worker: { name: 'cloudmr-broker', version: VERSION, node: process.version },
    user_id: request.userId,
    seed: task.seed ?? request.seed,
    conventions: CONVENTIONS,
    method: {
      name: task.method,
      label: plan.method.label,
      reconstruction: task.reconstruction,
      reconstructionLabel: plan.reconstruction.label,
      ...plan.options,
    },
    replicas: replicaSection(task, plan),
    statistics,
    acquisition: {
      format: header.format,
      protocol: header.protocol,
      system: header.system,
      fieldTesla: header.fieldTesla,
      coils: signal.grid.coils,
      matrix: [signal.grid.columns, signal.grid.lines],
      voxelMm: signal.volume.spacingMm,
      sliceOrder: signal.volume.order,
      repetitions: signal.images.repetitions,
      averages: slices.sampling.map((slice) => slice.averages),
      sampledFraction: slices.sampling.map((slice) => slice.sampledFraction),
      noiseGain: slices.sampling.map((slice) => slice.noiseGain),
    },
    noise: {
      samples: noise.samples,
      oversampling: noise.oversampling,
      bandwidthRatio: noise.bandwidthRatio,
      bandwidthSource: noise.bandwidthSource,
      noiseDwellMicroseconds: noise.noiseDwellMicroseconds,
      imageDwellMicroseconds: noise.imageDwellMicroseconds,
      dwellRatio: noise.dwellRatio,
      conditionNumber: noise.conditionNumber,
      regularised: noise.regularised,
    },
  };
}
