/** The maps of a result with their previews. Ids and names are those that the viewers know. */
import type { ComplexMatrix } from './array/matrix.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { OutputMap } from './outputs.ts';
import { matrixData } from './outputs.ts';
import type { MapStatistics } from './statistics.ts';
import { statisticsOf } from './statistics.ts';
import type { Volume } from './volume.ts';

/** What is said about a run under the titles of its pictures. */
export interface Caption {
  /** For example "Analytic (array combining), root sum of squares". */
  readonly how: string;
  readonly coils: number;
}

/** A number for people: four digits, no exponent for ordinary sizes. */
export function readable(value: number | null): string {
  if (value === null) return 'none';
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(2);
  return Number(value.toPrecision(4)).toString();
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** The SNR volume: planes in the order of space, each `[y, x]`. */
export function snrMap(
  planes: readonly Float32Array[],
  matrix: readonly [number, number],
  volume: Volume,
  caption: Caption,
): { map: OutputMap; statistics: MapStatistics } {
  const [width, height] = matrix;
  const data = new Float32Array(width * height * planes.length);
  planes.forEach((plane, k) => {
    data.set(plane, k * width * height);
  });
  const statistics = statisticsOf(data);
  const several = planes.length > 1;
  const map: OutputMap = {
    id: 0,
    stem: 'SNR',
    name: 'SNR',
    type: 'output',
    complex: false,
    data,
    dims: [width, height, planes.length],
    volume,
    preview: {
      title: 'Signal-to-noise ratio',
      subtitle: `${caption.how} \u00b7 ${counted(caption.coils, 'coil')} \u00b7 ${width} \u00d7 ${height} \u00b7 ${counted(planes.length, 'slice')}`,
      footer: `median in the object ${readable(statistics.median)} \u00b7 maximum ${readable(statistics.maximum)}`,
      width,
      height,
      pixelAspect: volume.spacingMm[1] / volume.spacingMm[0],
      planes: planes.map((plane, k) => ({ data: plane, label: several ? `${k + 1}` : '' })),
      range: [0, statistics.top],
      unit: 'SNR',
    },
  };
  return { map, statistics };
}

function modulus(interleaved: Float32Array): Float32Array {
  return Float32Array.from({ length: interleaved.length / 2 }, (_, i) =>
    Math.hypot(interleaved[2 * i], interleaved[2 * i + 1]),
  );
}

function matrixMap(
  matrix: ComplexMatrix,
  what: Pick<OutputMap, 'id' | 'stem' | 'name'>,
  picture: { title: string; unit: string; footer: string; top: (values: Float32Array) => number },
): OutputMap {
  const { size } = matrix;
  const data = matrixData(matrix);
  const values = modulus(data);
  return {
    ...what,
    type: 'output',
    complex: true,
    data,
    dims: [size, size, 1],
    volume: undefined,
    preview: {
      title: picture.title,
      subtitle: `modulus \u00b7 ${counted(size, 'coil')}`,
      footer: picture.footer,
      width: size,
      height: size,
      pixelAspect: 1,
      planes: [{ data: values, label: '' }],
      range: [0, picture.top(values)],
      unit: picture.unit,
    },
  };
}

/** Noise covariance and correlation coefficients. */
export function noiseMaps(noise: NoiseModel): OutputMap[] {
  const { size, re, im } = noise.correlation;
  let strongest = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++)
      strongest = Math.max(strongest, Math.hypot(re[i * size + j], im[i * size + j]));
  }
  return [
    matrixMap(
      noise.covariance,
      { id: 1, stem: 'NC', name: 'Noise Covariance' },
      {
        title: 'Noise covariance',
        unit: 'a.u.',
        footer: `condition number ${readable(noise.conditionNumber)} \u00b7 ${noise.samples} samples`,
        top: (values) => values.reduce((a, b) => Math.max(a, b), 0),
      },
    ),
    matrixMap(
      noise.correlation,
      { id: 2, stem: 'NCC', name: 'Noise Coefficients' },
      {
        title: 'Noise correlation',
        unit: '|r|',
        footer: `strongest between two coils ${readable(strongest)} \u00b7 ${noise.samples} samples`,
        top: () => 1,
      },
    ),
  ];
}
