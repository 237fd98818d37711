/** Scans of several slices and repetitions, and what results of them are compared by. */
import { createHash } from 'node:crypto';
import type { RawScan } from '../../../compute/formats/scan.ts';
import { centredFft } from '../../../compute/math/fft.ts';
import { coilImages } from './coils.ts';
import type { FinishedRun } from './run.ts';
import { complexNoise, imageLines, type Line, memoryScan, noiseLines, normals } from './scan.ts';

export const SHAPE = [4, 32, 40] as const;

/** A scan of an object with noise of variance 1: slices of different strength, and repetitions with new noise. */
export function scanOf({ slices = 1, repetitions = 1, noise = true } = {}): RawScan {
  const [coils, ny, nx] = SHAPE;
  const random = normals(17);
  const lines: Line[] = noise ? noiseLines(normals(1), coils, 512, 32) : [];
  const clean = centredFft(coilImages(SHAPE, { noise: 0 }), [1, 2], 'forward').data;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (let slice = 0; slice < slices; slice++) {
      const added = complexNoise(random, coils * ny * nx);
      const kspace = clean.map((x, i) => x / (1 + slice) + added[i]);
      lines.push(
        ...imageLines(kspace, SHAPE, {
          slice,
          repetition,
          position: {
            centerMm: [0, 0, 5 * slice],
            readDirection: [1, 0, 0],
            phaseDirection: [0, 1, 0],
            sliceDirection: [0, 0, 1],
          },
        }),
      );
    }
  }
  return memoryScan(
    { columns: nx, lines: ny, coils, header: { noiseBandwidthRatio: 1, slices, repetitions } },
    lines,
  );
}

/** Hash of every map in a result. */
export function hashes({ files }: FinishedRun): Record<string, string> {
  const maps = [...files].filter(([name]) => name.endsWith('.nii.gz'));
  return Object.fromEntries(
    maps.map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );
}

export function median(values: Float32Array): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
