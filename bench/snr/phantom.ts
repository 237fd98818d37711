/**
 * The slice that both sides of the benchmark work on: an elliptic phantom seen by a ring of coils whose noise
 * is correlated. Everything follows from the sizes, so every run of the benchmark has the same numbers.
 */
import type { ComplexArray } from '../../compute/array/complex.ts';
import { complexFrom, complexZeros } from '../../compute/array/complex.ts';
import type { ComplexMatrix } from '../../compute/array/matrix.ts';
import { zeroMatrix } from '../../compute/array/matrix.ts';
import { centredFftInto } from '../../compute/math/fft.ts';
import { multiplyLowerInto } from '../../compute/math/lower-product.ts';
import type { NoiseModel } from '../../compute/mr/noise.ts';
import { noiseModel } from '../../compute/mr/noise.ts';

export interface Phantom {
  /** As measured: `[coil, y, x]`, fully sampled, noise not white. */
  readonly kspace: ComplexArray;
  /** Coil sensitivities in whitened space, `[coil, y, x]`. */
  readonly maps: ComplexArray;
  readonly noise: NoiseModel;
  /** True magnitude, `[y, x]`. */
  readonly object: Float32Array;
}

export interface PhantomSize {
  readonly coils: number;
  readonly lines: number;
  readonly columns: number;
}

const STRENGTH = 25;

/**
 * The phantom; with `oversampling` it fills that part of the field of view along x. `strength` is the signal of the
 * object over the noise of a coil; 0 gives noise alone.
 */
export function phantom(
  { coils, lines, columns }: PhantomSize,
  oversampling = 1,
  strength = STRENGTH,
): Phantom {
  const noise = correlatedNoise(coils);
  const object = Float32Array.from({ length: lines * columns }, (_, i) =>
    shape(oversampling * ((i % columns) / columns - 0.5), Math.floor(i / columns) / lines - 0.5),
  );
  const maps = coilRing(coils, lines, columns);
  const kspace = complexFrom(maps.data.slice(), maps.shape);
  const pixels = lines * columns;
  for (let i = 0; i < coils * pixels; i++) {
    kspace.data[2 * i] *= strength * object[i % pixels];
    kspace.data[2 * i + 1] *= strength * object[i % pixels];
  }
  centredFftInto(kspace, kspace, [1, 2], 'forward');
  const white = complexZeros(kspace.shape);
  const draw = normals(1);
  for (let i = 0; i < white.data.length; i++) white.data[i] = Math.SQRT1_2 * draw();
  multiplyLowerInto(white, noise.factor, white);
  for (let i = 0; i < white.data.length; i++) kspace.data[i] += white.data[i];
  multiplyLowerInto(maps, noise.whitening, maps);
  return { kspace, maps, noise, object };
}

/** An ellipse with two holes and an insert; x and y from -0.5 to 0.5. */
function shape(x: number, y: number): number {
  const inside = (cx: number, cy: number, rx: number, ry: number): boolean =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
  if (!inside(0, 0, 0.42, 0.46)) return 0;
  if (inside(-0.15, 0.05, 0.08, 0.16) || inside(0.15, 0.05, 0.08, 0.16)) return 0.35;
  return inside(0, -0.25, 0.14, 0.09) ? 1.4 : 1;
}

/** Smooth sensitivities of coils on a ring, each with a phase that turns across the field of view. */
function coilRing(coils: number, lines: number, columns: number): ComplexArray {
  const maps = complexZeros([coils, lines, columns]);
  for (let coil = 0; coil < coils; coil++) {
    const angle = (2 * Math.PI * coil) / coils;
    const cx = 0.55 * Math.cos(angle);
    const cy = 0.55 * Math.sin(angle);
    for (let i = 0; i < lines * columns; i++) {
      const x = (i % columns) / columns - 0.5 - cx;
      const y = Math.floor(i / columns) / lines - 0.5 - cy;
      const strength = Math.exp(-(x * x + y * y) / 0.18);
      const phase = angle + 2 * (x * Math.cos(angle) + y * Math.sin(angle));
      const at = 2 * (coil * lines * columns + i);
      maps.data[at] = strength * Math.cos(phase);
      maps.data[at + 1] = strength * Math.sin(phase);
    }
  }
  return maps;
}

/** Neighbouring coils share a third of their noise. */
function correlatedNoise(coils: number): NoiseModel {
  const products: ComplexMatrix = zeroMatrix(coils);
  const samples = 100_000;
  for (let i = 0; i < coils; i++) {
    for (let j = 0; j < coils; j++) {
      const apart = i - j;
      const size = samples * (1 + 0.05 * Math.min(i, j)) * 0.33 ** Math.abs(apart);
      products.re[i * coils + j] = size * Math.cos(0.4 * apart);
      products.im[i * coils + j] = size * Math.sin(0.4 * apart);
    }
  }
  return noiseModel(
    { coils, samples, readouts: 1, products, bandwidthRatio: 1 },
    {
      oversampling: 1,
      bandwidthRatio: 1,
      bandwidthSource: 'header',
      noiseDwellMicroseconds: 1,
      imageDwellMicroseconds: 1,
      dwellRatio: 1,
      warnings: [],
    },
  );
}

/** Normal deviates that are the same in every run (Park and Miller, Box and Muller). */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
