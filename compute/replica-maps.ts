/** What methods with replicas leave beside the SNR: how precise it is, and g-factors with the noise of the replicas. */
import type { Preview } from './formats/preview.ts';
import { readable } from './maps.ts';
import { windowReach } from './mr/snr/generalised-replica.ts';
import type { ReplicaOptions } from './mr/snr/method.ts';
import {
  freedomOfDifferences,
  meanDeviationPercent,
  relativeDeviation,
  suggestedReplicas,
} from './mr/snr/precision.ts';
import { freedomOf } from './mr/snr/pseudo-replica.ts';
import type { OutputMap } from './outputs.ts';
import type { RunPlan } from './plan.ts';
import type { SnrSlices } from './solve-slices.ts';
import type { SnrTask } from './task.ts';
import type { Volume } from './volume.ts';

/** Deviations for which info.json says how many replicas they take, percent. */
const SUGGESTED_FOR = [10, 5, 2, 1];

/** Precision and g-factor maps; none without replicas. */
export function replicaMaps(slices: SnrSlices, volume: Volume): OutputMap[] {
  const { precision, replicaGFactor, matrix } = slices;
  const maps: OutputMap[] = [];
  if (precision.length > 0) {
    const percent = precision.map((plane) => plane.map((value) => 100 * value));
    const top = largest(percent);
    maps.push({
      ...volumeMap(precision, matrix, volume),
      id: 7,
      stem: 'PRECISION',
      name: 'Replica Precision',
      preview: {
        ...picture(percent, matrix, volume),
        title: 'Precision of the replicas',
        subtitle: 'relative standard deviation of the SNR by their finite number',
        footer: `largest ${readable(top)} %`,
        range: [0, top || 1],
        unit: '%',
      },
    });
  }
  if (replicaGFactor.length > 0) {
    const top = largest(replicaGFactor);
    maps.push({
      ...volumeMap(replicaGFactor, matrix, volume),
      id: 8,
      stem: 'G_REPLICAS',
      name: 'g Factor from Replicas',
      preview: {
        ...picture(replicaGFactor, matrix, volume),
        title: 'g-factor from replicas',
        subtitle: 'noise amplification by the undersampling, with the noise of the replicas',
        footer: `largest ${readable(top)}`,
        range: [0, Math.min(top || 1, 5)],
        unit: 'g',
      },
    });
  }
  return maps;
}

/** What info.json says about the replicas; undefined for methods without. */
export function replicaSection(task: SnrTask, plan: RunPlan): Record<string, unknown> | undefined {
  const replicas = plan.options.replicas;
  if (!replicas) return undefined;
  const freedom = freedomOfTask(task, replicas);
  const wanted = task.replicas?.wantedPercent;
  const percents = wanted === undefined ? SUGGESTED_FOR : [wanted];
  return {
    NR: replicas.count,
    ...(task.method === 'mr' ? {} : { mode: replicas.mode, seed: replicas.seed }),
    ...(task.method === 'cr' && {
      boxSize: replicas.boxSize,
      windowSide: 2 * windowReach(replicas) + 1,
    }),
    precision: {
      degreesOfFreedom: freedom,
      relativeStandardDeviation: relativeDeviation(freedom),
      meanDeviationPercent: meanDeviationPercent(freedom),
    },
    suggestedNR: percents.map((percent) => ({
      meanDeviationPercent: percent,
      NR: suggestedReplicas(percent),
    })),
  };
}

/** Of a pixel far from the edges. */
function freedomOfTask({ method }: SnrTask, replicas: ReplicaOptions): number {
  if (method === 'cr') return freedomOf(replicas) * (2 * windowReach(replicas) + 1) ** 2;
  if (method === 'pmr') return freedomOf(replicas);
  return replicas.neighbouringDifference ? freedomOfDifferences(replicas.count) : replicas.count - 1;
}

/** A volume of real planes, as the result holds it. */
export function volumeMap(
  planes: readonly Float32Array[],
  [width, height]: readonly [number, number],
  volume: Volume,
) {
  const data = new Float32Array(width * height * planes.length);
  planes.forEach((plane, k) => {
    data.set(plane, k * width * height);
  });
  const dims = [width, height, planes.length] as const;
  return { type: 'accessory', complex: false, data, dims, volume } as const;
}

/** What a preview says of the planes it shows. */
export function picture(
  planes: readonly Float32Array[],
  [width, height]: readonly [number, number],
  volume: Volume,
): Pick<Preview, 'width' | 'height' | 'pixelAspect' | 'planes'> {
  return {
    width,
    height,
    pixelAspect: volume.spacingMm[1] / volume.spacingMm[0],
    planes: planes.map((data, k) => ({ data, label: planes.length > 1 ? `${k + 1}` : '' })),
  };
}

/** The largest value of all planes, at least 0. */
export function largest(planes: readonly Float32Array[]): number {
  let top = 0;
  for (const plane of planes) for (const value of plane) top = Math.max(top, value);
  return top;
}
