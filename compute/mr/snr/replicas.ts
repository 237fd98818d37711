/**
 * Pseudo replicas (Robson, Magn Reson Med 60:895, 2008): noise of the scan is sent through the reconstruction again
 * and again. The combination is linear with fixed weights, so that the replica minus the image is the
 * combination of the noise alone:
 *
 *   d_j = Re(conj(u) (y_j - y_0)) = Re(conj(u) combine(n_j)),  u = y_0 / |y_0|
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexFrom, complexZeros, plane } from '../../array/complex.ts';
import { type NormalStream, normalStream } from '../../math/random.ts';
import type { Sampling } from '../recon/reconstruction.ts';
import { addInPhaseSquares, type InPhaseNoise, inPhaseNoise, phasorsOf } from './in-phase.ts';
import type { MethodOptions, Prepared, ReplicaOptions } from './method.ts';
import { mustBeLinear, mustHaveReplicas } from './prepare.ts';

/** Small enough to share among threads, large enough to cost more than its message; fast replicas cost little. */
const REPLICAS_PER_PIECE: Readonly<Record<ReplicaOptions['mode'], number>> = { exact: 16, fast: 128 };

/** Pieces of all replicas. */
export function replicaPieces(options: MethodOptions): number {
  const { count, mode } = mustHaveReplicas(options);
  return Math.ceil(count / REPLICAS_PER_PIECE[mode]);
}

/**
 * Sums over the replicas of piece `index`: of d^2 `[y, x]` (of |y|^2 / 2 with pooled quadratures); of literal magnitudes
 * d = |y_j| - |y_0| of d^2 and, behind it, of d.
 */
export function replicaSums(prepared: Prepared, index: number): Float32Array {
  const replicas = mustHaveReplicas(prepared.options);
  const size = REPLICAS_PER_PIECE[replicas.mode];
  const from = index * size;
  const to = Math.min(from + size, replicas.count);
  const pixels = prepared.combined.magnitude.data.length;
  const sums = new Float32Array((replicas.rssMagnitude ? 2 : 1) * pixels);
  const streams = Array.from({ length: to - from }, (_, i) =>
    normalStream(replicas.seed, prepared.slice, from + i),
  );
  const inPhase = fastNoise(prepared, replicas);
  if (inPhase) {
    addInPhaseSquares(sums, inPhase, streams);
    return sums;
  }
  for (const normals of streams) {
    if (replicas.rssMagnitude) addMagnitudes(sums, prepared, normals);
    else addSquares(sums, prepared, noiseImage(prepared, normals, replicas).data, replicas);
  }
  return sums;
}

/** What the fast mode draws from; undefined if it needs the complex noise, or that is all that can be drawn. */
function fastNoise(prepared: Prepared, replicas: ReplicaOptions): InPhaseNoise | undefined {
  if (replicas.mode !== 'fast' || replicas.rssMagnitude || replicas.pooledQuadratures) return undefined;
  const linear = mustBeLinear(prepared);
  prepared.phasors ??= phasorsOf(linear.image);
  prepared.inPhase ??= linear.noiseCovariance && inPhaseNoise(linear.noiseCovariance(), prepared.phasors);
  return prepared.inPhase;
}

/** A noise image of the combination. */
export function noiseImage(
  prepared: Prepared,
  normals: NormalStream,
  { mode }: Pick<ReplicaOptions, 'mode'>,
): ComplexArray {
  const linear = mustBeLinear(prepared);
  if (mode === 'fast') return linear.drawNoise(normals);
  if (linear.combineNoise) return linear.combineNoise(normals);
  const { kspace, sampling } = prepared.original;
  prepared.scratch ??= complexZeros(kspace.shape);
  fillSampled(prepared.scratch, sampling, normals);
  return linear.combine(prepared.scratch);
}

/** White noise of complex variance 1 at the sampled points, 0 elsewhere; plane by plane, line by line. */
export function fillSampled(
  kspace: ComplexArray,
  sampling: Sampling | undefined,
  normals: NormalStream,
): void {
  const [coils, lines, columns] = kspace.shape;
  const { factors, offsets } = sampling ?? { factors: [1, 1], offsets: [0, 0] };
  const full = factors[0] === 1 && factors[1] === 1;
  if (!full) kspace.data.fill(0);
  const dense = new Float32Array(2 * (Math.floor((columns - 1 - offsets[0]) / factors[0]) + 1));
  for (let coil = 0; coil < coils; coil++) {
    const { data } = plane(kspace, coil);
    if (full) {
      normals.fill(data, Math.SQRT1_2);
      continue;
    }
    for (let y = offsets[1]; y < lines; y += factors[1]) {
      normals.fill(dense, Math.SQRT1_2);
      for (let k = 0, x = offsets[0]; x < columns; k += 2, x += factors[0]) {
        data[2 * (y * columns + x)] = dense[k];
        data[2 * (y * columns + x) + 1] = dense[k + 1];
      }
    }
  }
}

function addSquares(
  sums: Float32Array,
  prepared: Prepared,
  noise: Float32Array,
  { pooledQuadratures }: ReplicaOptions,
): void {
  if (pooledQuadratures) {
    for (let i = 0, k = 0; i < sums.length; i++, k += 2) {
      sums[i] += 0.5 * (noise[k] * noise[k] + noise[k + 1] * noise[k + 1]);
    }
    return;
  }
  prepared.phasors ??= phasorsOf(mustBeLinear(prepared).image);
  const { phasors } = prepared;
  for (let i = 0, k = 0; i < sums.length; i++, k += 2) {
    const d = phasors[k] * noise[k] - phasors[k + 1] * noise[k + 1];
    sums[i] += d * d;
  }
}

function addMagnitudes(sums: Float32Array, prepared: Prepared, normals: NormalStream): void {
  const { original, reconstruction, options, combined } = prepared;
  const { data, shape } = original.kspace;
  prepared.scratch ??= complexZeros(shape);
  fillSampled(prepared.scratch, original.sampling, normals);
  const noisy = prepared.scratch.data;
  for (let i = 0; i < data.length; i++) noisy[i] += data[i];
  const kspace = complexFrom(noisy, shape);
  const replica = reconstruction.reconstruct({ ...original, kspace }, options).magnitude.data;
  const image = combined.magnitude.data;
  for (let i = 0; i < image.length; i++) {
    const d = replica[i] - image[i];
    sums[i] += d * d;
    sums[image.length + i] += d;
  }
}
