/** The maps that parallel imaging leaves beside the SNR: g-factors, coil sensitivities, their mask. */
import { readable } from './maps.ts';
import type { OutputMap, WritableMap } from './outputs.ts';
import { largest, picture, volumeMap } from './replica-maps.ts';
import type { SnrSlices } from './solve-slices.ts';
import { statisticsOf } from './statistics.ts';
import type { Volume } from './volume.ts';

const G_NAMES = {
  sense: { ids: [3, 4], suffix: '', name: '' },
  grappa: { ids: [5, 6], suffix: '_GRAPPA', name: ' GRAPPA' },
} as const;
const FIRST_COIL_ID = 10;
const MASK_ID = 100;
/** A picture of g saturates here. */
const TOP_G = 10;

/** g and 1 / g (0 where there is none); nothing unless they were kept. */
export function gFactorMaps(slices: SnrSlices, volume: Volume, reconstruction: string): OutputMap[] {
  const { gFactor, matrix } = slices;
  if (gFactor.length === 0) return [];
  const { ids, suffix, name } = G_NAMES[reconstruction === 'grappa' ? 'grappa' : 'sense'];
  const inverse = gFactor.map((plane) => plane.map((g) => (g > 0 ? 1 / g : 0)));
  const footer = `median ${readable(medianOf(gFactor))} \u00b7 largest ${readable(largest(gFactor))}`;
  const data = volumeMap(gFactor, matrix, volume);
  return [
    {
      ...data,
      id: ids[0],
      stem: `G${suffix}`,
      name: `g Factor${name}`,
      preview: {
        ...picture(gFactor, matrix, volume),
        title: `g-factor${name}`,
        subtitle: 'noise amplification by the undersampling, 0 where there are no sensitivities',
        footer,
        range: [0, Math.min(TOP_G, Math.max(1.5, statisticsOf(data.data).top))],
        unit: 'g',
      },
    },
    {
      ...volumeMap(inverse, matrix, volume),
      id: ids[1],
      stem: `IG${suffix}`,
      name: `Inverse g Factor${name}`,
      preview: {
        ...picture(inverse, matrix, volume),
        title: `Inverse g-factor${name}`,
        subtitle: 'part of the SNR that the separation of aliased pixels leaves',
        footer,
        range: [0, Math.max(1, largest(inverse))],
        unit: '1/g',
      },
    },
  ];
}

/**
 * The sensitivities of every coil, and their mask; nothing unless they were kept. The picture of the first coil
 * shows all of them in the middle slice.
 */
export function sensitivityMaps({ sensitivities, masks, matrix }: SnrSlices, volume: Volume): WritableMap[] {
  const pixels = matrix[0] * matrix[1];
  const coils = sensitivities.length > 0 ? sensitivities[0].length / (2 * pixels) : 0;
  const maps = Array.from({ length: coils }, (_, coil): WritableMap => {
    const data = new Float32Array(2 * pixels * sensitivities.length);
    sensitivities.forEach((all, k) => {
      data.set(all.subarray(2 * coil * pixels, 2 * (coil + 1) * pixels), 2 * pixels * k);
    });
    const id = FIRST_COIL_ID + coil;
    const number = String(coil).padStart(2, '0');
    return {
      id: id < MASK_ID ? id : id + 1,
      stem: `sensitivity_${number}`,
      name: `Coils Sensitivity ${number}`,
      type: 'accessory',
      complex: true,
      data,
      dims: [matrix[0], matrix[1], sensitivities.length],
      volume,
      preview: coil === 0 ? allCoils(sensitivities, coils, matrix, volume) : undefined,
    };
  });
  return [...maps, ...maskMap(masks, matrix, volume)];
}

/** The moduli of all coils in the middle slice. */
function allCoils(
  sensitivities: readonly Float32Array[],
  coils: number,
  matrix: readonly [number, number],
  volume: Volume,
): OutputMap['preview'] {
  const pixels = matrix[0] * matrix[1];
  const middle = sensitivities.length >> 1;
  const slice = sensitivities[middle];
  const moduli = Array.from({ length: coils }, (_, coil) =>
    Float32Array.from({ length: pixels }, (_, i) => {
      const k = 2 * (coil * pixels + i);
      return Math.hypot(slice[k], slice[k + 1]);
    }),
  );
  const planes = moduli.map((data, coil) => ({ data, label: String(coil).padStart(2, '0') }));
  return {
    ...picture(moduli, matrix, volume),
    planes,
    title: 'Coil sensitivities',
    subtitle: 'modulus, the root of sums of squares over the coils is 1',
    footer: `slice ${middle + 1} of ${sensitivities.length} \u00b7 largest ${readable(largest(moduli))}`,
    range: [0, largest(moduli) || 1],
    unit: '|s|',
  };
}

function maskMap(
  masks: readonly Float32Array[],
  matrix: readonly [number, number],
  volume: Volume,
): OutputMap[] {
  if (masks.length === 0) return [];
  const inside = masks.reduce((sum, plane) => sum + plane.reduce((a, b) => a + b, 0), 0);
  const part = inside / (masks.length * matrix[0] * matrix[1]);
  return [
    {
      ...volumeMap(masks, matrix, volume),
      id: MASK_ID,
      stem: 'mask_00',
      name: 'Coil Sensitivity Mask 00',
      type: 'mask',
      preview: {
        ...picture(masks, matrix, volume),
        title: 'Mask of the coil sensitivities',
        subtitle: '1 inside, 0 outside',
        footer: `${readable(100 * part)} % of the pixels`,
        range: [0, 1],
        unit: 'inside',
      },
    },
  ];
}

/** Over the pixels that have one. */
function medianOf(planes: readonly Float32Array[]): number | null {
  const values = Float32Array.from(planes.flatMap((plane) => [...plane.filter((value) => value > 0)])).sort();
  return values.length > 0 ? values[values.length >> 1] : null;
}
