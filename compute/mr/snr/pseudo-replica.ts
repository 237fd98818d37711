/**
 * The pseudo multiple replica method:
 *
 *   SNR = |y_0| / sigma,  sigma^2 = mean over j of d_j^2
 *
 * with d_j of ./replicas.ts. The mean of d is known to be 0, so that N replicas are N degrees of freedom (2 N with
 * both quadratures). Literal magnitudes have a mean of their own: N - 1.
 */
import type { RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { ratio, removeMagnitudeBias } from './bias.ts';
import type { CombinedMaps, Method, MethodOptions, ReplicaOptions, SnrMaps } from './method.ts';
import { meanInverse, relativeDeviation } from './precision.ts';
import { mustHaveReplicas, withSnr } from './prepare.ts';
import { replicaPieces, replicaSums } from './replicas.ts';

/** A noise variance `[y, x]` that is known with `freedom(pixel)` degrees of freedom. */
interface Variance {
  readonly value: Float64Array;
  readonly freedom: (pixel: number) => number;
}

/** A method of pseudo replicas: how it gets from the sums over all of them to the variance of a pixel. */
export function pseudoReplicaMethod(
  label: string,
  varianceOf: (sums: Float64Array, maps: CombinedMaps, replicas: ReplicaOptions) => Variance,
): Method {
  return withSnr({
    label,
    needs: { noise: true },
    pieces: replicaPieces,
    piece: replicaSums,
    collect(maps, options) {
      const sums = createSums();
      return {
        add: sums.add,
        finish: () =>
          snrFromVariance(maps, options, varianceOf(sums.total(), maps, mustHaveReplicas(options))),
      };
    },
  });
}

export const pseudoReplica = pseudoReplicaMethod('Pseudo multiple replica', varianceOverReplicas);

/** Adds up pieces in float64. */
function createSums(): { add(result: Float32Array): void; total(): Float64Array } {
  let sums: Float64Array | undefined;
  return {
    add(result) {
      sums ??= new Float64Array(result.length);
      for (let i = 0; i < result.length; i++) sums[i] += result[i];
    },
    total: () => sums ?? new Float64Array(0),
  };
}

/** Degrees of freedom of the variance of one pixel. */
export function freedomOf({ count, rssMagnitude, pooledQuadratures }: ReplicaOptions): number {
  if (rssMagnitude) return count - 1;
  return pooledQuadratures ? 2 * count : count;
}

function varianceOverReplicas(
  sums: Float64Array,
  { magnitude }: CombinedMaps,
  replicas: ReplicaOptions,
): Variance {
  const pixels = magnitude.data.length;
  const { count, rssMagnitude } = replicas;
  const value = new Float64Array(pixels);
  for (let i = 0; i < pixels; i++) {
    value[i] = rssMagnitude
      ? Math.max(0, sums[i] - sums[pixels + i] ** 2 / count) / (count - 1)
      : sums[i] / count;
  }
  return { value, freedom: () => freedomOf(replicas) };
}

/** The maps of a noise variance. */
function snrFromVariance(
  { magnitude, channels }: CombinedMaps,
  options: MethodOptions,
  variance: Variance,
): SnrMaps {
  const { finiteCorrection } = mustHaveReplicas(options);
  const noise: RealArray = realZeros(magnitude.shape);
  const precision = realZeros(magnitude.shape);
  for (let i = 0; i < noise.data.length; i++) {
    if (!(variance.value[i] > 0)) continue;
    noise.data[i] = Math.sqrt(variance.value[i]);
    precision.data[i] = relativeDeviation(variance.freedom(i));
  }
  const snr = ratio(magnitude, noise, (i) => (finiteCorrection ? meanInverse(variance.freedom(i)) : 1));
  if (options.biasCorrection) removeMagnitudeBias(snr, channels);
  return { snr, precision, noise };
}
