/** The last step of a run: maps, previews, info.json and matlab.mat in a folder. */
import { gFactorMaps, sensitivityMaps } from './coil-maps.ts';
import { type FlipAngles, flipAngleMaps } from './flip-angle.ts';
import { CONVENTIONS, infoJson } from './formats/info-json.ts';
import { noiseMaps, snrMap } from './maps.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { OutputMap, ResultFolder } from './outputs.ts';
import { createResultFolder } from './outputs.ts';
import { overviewPicture } from './overview.ts';
import type { RunPlan } from './plan.ts';
import { provenanceJson } from './provenance.ts';
import { withoutSecrets } from './redact.ts';
import { replicaMaps, replicaSection } from './replica-maps.ts';
import type { Run, RunOutcome } from './run.ts';
import type { Signal } from './run-steps.ts';
import type { SnrSlices } from './solve-slices.ts';
import type { SnrTask } from './task.ts';
import { VERSION } from './version.ts';
import { volumeOnMatrix } from './volume.ts';

export interface Computed {
  readonly task: SnrTask;
  readonly plan: RunPlan;
  readonly signal: Signal;
  readonly noise: NoiseModel;
  readonly slices: SnrSlices;
  readonly flipAngles: FlipAngles | undefined;
}

/** Writes everything and sums it up. */
export async function writeResult(run: Run, computed: Computed, folder: string): Promise<RunOutcome> {
  const { task, plan, signal, noise, slices, flipAngles } = computed;
  const { request } = run;
  await run.step({ step: 'write', fraction: 0.9, message: 'Writing the maps' });
  const warnings = warningsOf(run, computed);
  const { coils } = signal.grid;
  const matrix: [number, number] = [...slices.matrix];
  const volume = volumeOnMatrix(signal.volume, [signal.grid.columns, signal.grid.lines], matrix);
  const result = createResultFolder(folder);
  const how = `${plan.method.label}, ${inSentence(plan.reconstruction.label)}`;
  const snr = snrMap(slices.planes, matrix, volume, { how, coils });
  const maps = [
    snr.map,
    ...(noise.samples > 0 ? noiseMaps(noise) : []),
    ...gFactorMaps(slices, volume, task.reconstruction),
    ...replicaMaps(slices, volume),
    ...flipAngleMaps(slices, volume, flipAngles),
  ];
  for (const map of [...maps, ...sensitivityMaps(slices, volume)]) await result.writeMap(map);
  await result.write('overview.png', overviewOf(maps, computed, warnings.length));
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
  const seed = task.seed ?? request.seed;
  const crate = await provenanceJson(run, { task, how, seed, files: result.files, titles: titlesOf(result) });
  await result.write('ro-crate-metadata.json', crate);
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

/** A label within a sentence: names in capitals stay, words become small. */
function inSentence(label: string): string {
  return /^[A-Z][a-z]/.test(label) ? label[0].toLowerCase() + label.slice(1) : label;
}

function overviewOf(
  maps: readonly OutputMap[],
  { plan, signal, noise, slices }: Computed,
  warnings: number,
): Uint8Array {
  const { protocol, system, fieldTesla } = signal.scan.header;
  return overviewPicture(maps, {
    noise,
    scan: [protocol, system, fieldTesla ? `${Number(fieldTesla.toFixed(2))} T` : undefined],
    replicas: plan.options.replicas?.count,
    acceleration: slices.sampling[0]?.sampling?.factors,
    warnings,
    version: VERSION,
  });
}

/** What each file of the result is, for people. */
function titlesOf(result: ResultFolder): Map<string, string> {
  return new Map([
    ...result.entries.map(({ filename, name }) => [filename, name] as const),
    ...result.previews.map(({ filename, name }) => [filename, `${name}, picture`] as const),
    ['overview.png', 'Overview picture'],
    ['matlab.mat', 'All maps as MATLAB variables'],
    ['info.json', 'Table of contents, settings and log'],
  ]);
}

function warningsOf({ request }: Run, { task, plan, signal, noise, slices, flipAngles }: Computed): string[] {
  const unused = request.inputs.noise !== undefined && task.multiraid;
  return [
    ...signal.scan.warnings,
    ...signal.images.warnings,
    ...signal.volume.warnings,
    ...noise.warnings,
    ...plan.warnings,
    ...slices.warnings,
    ...(flipAngles?.warnings ?? []),
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
    worker: { name: 'cloudmr-broker', ...request.worker, version: VERSION, node: process.version },
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
