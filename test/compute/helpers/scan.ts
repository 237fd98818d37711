/** Raw scans in memory, and arrays from files, for tests of the arithmetic. */
import { readFileSync } from 'node:fs';
import type {
  RawScan,
  Readout,
  ReadoutIndex,
  ScanHeader,
  SlicePosition,
} from '../../../compute/formats/scan.ts';

export const AXIAL: SlicePosition = {
  centerMm: [0, 0, 0],
  readDirection: [1, 0, 0],
  phaseDirection: [0, 1, 0],
  sliceDirection: [0, 0, 1],
};

/** A readout with everything at its first value. */
export interface Line extends Partial<ReadoutIndex> {
  readonly data: Float32Array;
  readonly coils: number;
  readonly position?: SlicePosition;
}

export interface ScanOptions {
  readonly columns: number;
  readonly lines: number;
  readonly coils: number;
  readonly header?: Partial<ScanHeader>;
  readonly warnings?: readonly string[];
}

/** A scan of the given readouts. Without oversampling, with 2 mm voxels, k = 0 at line floor(lines / 2). */
export function memoryScan(
  { columns, lines, coils, header, warnings = [] }: ScanOptions,
  readouts: Line[],
): RawScan {
  const oversampling = header?.readoutOversampling ?? 1;
  const full: ScanHeader = {
    format: 'ismrmrd',
    coils,
    encodedMatrix: { x: columns, y: lines, z: 1 },
    reconMatrix: { x: columns / oversampling, y: lines, z: 1 },
    reconFovMm: { x: (2 * columns) / oversampling, y: 2 * lines, z: 5 },
    encodedFovMm: { x: 2 * columns, y: 2 * lines, z: 5 },
    readoutOversampling: oversampling,
    centerLine: Math.floor(lines / 2),
    centerPartition: 0,
    slices: 1,
    averages: 1,
    repetitions: 1,
    contrasts: 1,
    acceleration: { phase: 1, partition: 1 },
    referenceLines: undefined,
    calibrationMode: 'none',
    trajectory: 'cartesian',
    rampSampling: false,
    noiseBandwidthRatio: undefined,
    noiseDwellMicroseconds: undefined,
    imageDwellMicroseconds: undefined,
    protocol: 'test',
    system: undefined,
    fieldTesla: undefined,
    sliceThicknessMm: undefined,
    ...header,
  };
  const index: ReadoutIndex[] = readouts.map(({ data, position: _, ...line }) => {
    const samples = data.length / 2 / line.coils;
    return {
      kind: 'image',
      line: 0,
      partition: 0,
      slice: 0,
      average: 0,
      repetition: 0,
      contrast: 0,
      phase: 0,
      set: 0,
      segment: 0,
      samples,
      centerSample: Math.floor(samples / 2),
      dwellMicroseconds: 5,
      ...line,
    };
  });
  const slicePositions: (SlicePosition | undefined)[] = [];
  readouts.forEach(({ position }, i) => {
    if (index[i].kind !== 'noise') slicePositions[index[i].slice] ??= position ?? AXIAL;
  });
  return {
    header: full,
    warnings,
    slicePositions,
    index,
    async *readouts(wanted): AsyncGenerator<Readout> {
      for (const [i, entry] of index.entries()) {
        const { data, position = AXIAL } = readouts[i];
        if (wanted(entry, i)) yield { ...entry, position, data };
      }
    },
    close: async () => undefined,
  };
}

/** A stream of normal deviates that is the same in every run (Park and Miller's generator, Box and Muller). */
export function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** `count` interleaved complex numbers whose complex variance is `variance`. */
export function complexNoise(random: () => number, count: number, variance = 1): Float32Array {
  return Float32Array.from({ length: 2 * count }, () => random() * Math.sqrt(variance / 2));
}

/** Lines `[coil][sample]` of a k-space `[coil, y, x]` as image readouts. */
export function imageLines(
  kspace: Float32Array,
  [coils, lines, columns]: readonly number[],
  more: Partial<Line> = {},
): Line[] {
  return Array.from({ length: lines }, (_, line) => {
    const data = new Float32Array(2 * coils * columns);
    for (let coil = 0; coil < coils; coil++) {
      const from = 2 * (coil * lines + line) * columns;
      data.set(kspace.subarray(from, from + 2 * columns), 2 * coil * columns);
    }
    return { coils, line, data, ...more };
  });
}

/** `lines` noise readouts of white noise. */
export function noiseLines(
  random: () => number,
  coils: number,
  samples: number,
  lines: number,
  variance = 1,
): Line[] {
  return Array.from({ length: lines }, () => ({
    kind: 'noise' as const,
    coils,
    data: complexNoise(random, coils * samples, variance),
  }));
}

/** Little-endian float32 numbers of a file in test/fixtures. */
export function fixture(name: string): Float32Array {
  const bytes = readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** A plane stored (x, y) as one stored (y, x); `parts` numbers per element. */
export function transposed(data: Float32Array, nx: number, ny: number, parts = 1): Float32Array {
  const out = new Float32Array(data.length);
  for (let x = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      for (let p = 0; p < parts; p++) out[(y * nx + x) * parts + p] = data[(x * ny + y) * parts + p];
    }
  }
  return out;
}

/** k-space stored (x, y, coil) as `[coil, y, x]`. */
export function coilFirst(data: Float32Array, nx: number, ny: number, coils: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let x = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      for (let c = 0; c < coils; c++) {
        const from = 2 * ((x * ny + y) * coils + c);
        const to = 2 * ((c * ny + y) * nx + x);
        out[to] = data[from];
        out[to + 1] = data[from + 1];
      }
    }
  }
  return out;
}

/** Largest relative difference where the expected value exceeds `floor` of its maximum. */
export function worstRelative(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 0.01): number {
  let top = 0;
  for (let i = 0; i < expected.length; i++) top = Math.max(top, Math.abs(expected[i]));
  let worst = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(expected[i]) <= floor * top) continue;
    worst = Math.max(worst, Math.abs(actual[i] / expected[i] - 1));
  }
  return worst;
}

/** Largest difference in units of the largest expected magnitude. */
export function worstOfMaximum(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let top = 0;
  let worst = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) {
    top = Math.max(top, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  }
  return worst / top;
}
