/**
 * SNR per unit of transverse magnetisation. A flip-angle map holds the angle alpha that the pulse reached, in
 * degrees; the signal goes with its sine, so that
 *
 *   SNR_FA = SNR / sin(alpha)
 *
 * is what a pulse of 90 degrees would have given (as MR Optimum defines its "SNR FA"). It is written beside the SNR,
 * which stays as measured. Pixels without an angle between 0 and 180 degrees are 0.
 */
import { WorkerError } from './errors.ts';
import { readNiftiFile } from './formats/nifti-read.ts';
import { readable } from './maps.ts';
import type { OutputMap } from './outputs.ts';
import { picture, volumeMap } from './replica-maps.ts';
import type { Run } from './run.ts';
import type { Signal } from './run-steps.ts';
import type { SnrSlices } from './solve-slices.ts';
import { statisticsOf } from './statistics.ts';
import type { SnrTask } from './task.ts';
import type { Volume } from './volume.ts';

/** Flip angles in degrees on the grid of the signal. */
export interface FlipAngles {
  /** Columns and lines. */
  readonly matrix: readonly [columns: number, lines: number];
  /** `[y, x]` for plane k of the volume. */
  readonly plane: (k: number) => Float32Array;
  readonly warnings: readonly string[];
}

/** Below this sine (0.6 degrees) the angle is noise of the map. */
const LEAST_SINE = 0.01;

/** Reads the map that the task names; undefined if it names none. Throws `bad_options`, `input_not_found`. */
export async function readFlipAngles(
  run: Run,
  task: SnrTask,
  { grid, volume }: Signal,
): Promise<FlipAngles | undefined> {
  if (!task.flipAngleMap) return undefined;
  const path = run.request.inputs.faCorrection;
  if (path === undefined) {
    throw new WorkerError(
      'bad_options',
      'inputs.faCorrection: the task asks for a flip-angle map, and the job has none.',
    );
  }
  const { dims, data, complex } = await readNiftiFile(path, 'flip-angle map');
  const [nx, ny, slices] = [grid.columns, grid.lines, volume.order.length];
  const depth = dims[2] ?? 1;
  const fits = !complex && dims[0] === nx && (dims[1] ?? 1) === ny && dims.length <= 3;
  if (!fits || (depth !== 1 && depth !== slices)) {
    throw new WorkerError(
      'bad_options',
      `The flip-angle map is ${complex ? 'complex' : 'real'} of size ${dims.join(' x ')}; the signal needs a real one of ` +
        `${nx} x ${ny} x ${slices} (or one slice).`,
      'Upload a map on the grid of the signal scan: readout x phase encoding x slices, in degrees.',
    );
  }
  const largest = data.reduce((top, angle) => Math.max(top, angle), 0);
  const warnings =
    largest <= Math.PI
      ? [`The largest flip angle of the map is ${readable(largest)} degrees; the map must not be in radians.`]
      : [];
  const plane = (k: number): Float32Array => {
    const start = (depth === 1 ? 0 : k) * nx * ny;
    return data.subarray(start, start + nx * ny);
  };
  return { matrix: [nx, ny], plane, warnings };
}

/** The corrected SNR as a map of the result; none without flip angles. */
export function flipAngleMaps(
  { planes, matrix }: Pick<SnrSlices, 'planes' | 'matrix'>,
  volume: Volume,
  angles: FlipAngles | undefined,
): OutputMap[] {
  if (!angles) return [];
  const corrected = planes.map((snr, k) => dividedBySine(snr, matrix, angles.plane(k), angles.matrix));
  const { median, maximum, top } = statisticsOf(joined(corrected));
  return [
    {
      ...volumeMap(corrected, matrix, volume),
      id: 9,
      stem: 'SNR_FA',
      name: 'SNR FA',
      preview: {
        ...picture(corrected, matrix, volume),
        title: 'SNR corrected for the flip angle',
        subtitle: 'SNR over the sine of the flip angle; 0 where the map has none',
        footer: `median in the object ${readable(median)} \u00b7 maximum ${readable(maximum)}`,
        range: [0, top],
        unit: 'SNR',
      },
    },
  ];
}

/** Pixel by pixel; on another matrix over the same field of view the nearest angle counts. */
export function dividedBySine(
  snr: Float32Array,
  matrix: readonly [number, number],
  degrees: Float32Array,
  from: readonly [number, number],
): Float32Array {
  const column = nearest(matrix[0], from[0]);
  const row = nearest(matrix[1], from[1]);
  return snr.map((value, i) => {
    const angle = degrees[row[Math.floor(i / matrix[0])] * from[0] + column[i % matrix[0]]];
    const sine = angle < 180 ? Math.sin((angle * Math.PI) / 180) : 0;
    return sine > LEAST_SINE ? value / sine : 0;
  });
}

/** For each of n pixels the nearest of m over the same field of view, centres at floor(n / 2) and floor(m / 2). */
function nearest(n: number, m: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const at = Math.round(((i - Math.floor(n / 2)) * m) / n) + Math.floor(m / 2);
    return Math.min(m - 1, Math.max(0, at));
  });
}

function joined(planes: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(planes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const plane of planes) {
    all.set(plane, at);
    at += plane.length;
  }
  return all;
}
