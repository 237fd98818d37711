/**
 * The generalised pseudo replica method (Wiens, Magn Reson Med 66:1192, 2011): few replicas, and the noise of a
 * pixel from those around it,
 *
 *   sigma^2(r) = mean over j and over the window around r of d_j^2
 *
 * with d_j of ./replicas.ts. Pixels without noise (outside the mask of the sensitivities) do not count, and
 * at the edges the window is cut off.
 */
import { boxSums } from '../../math/box-sum.ts';
import type { CombinedMaps, ReplicaOptions } from './method.ts';
import { freedomOf, pseudoReplicaMethod } from './pseudo-replica.ts';

export const generalisedReplica = pseudoReplicaMethod('Generalised pseudo replica', localVariance);

/** Pixels on either side of the centre of the window: boxSize is its side, rounded up to an odd number. */
export function windowReach({ boxSize, boxSizeCompatibility }: ReplicaOptions): number {
  return boxSizeCompatibility ? boxSize : Math.floor(boxSize / 2);
}

function localVariance(sums: Float64Array, { magnitude }: CombinedMaps, replicas: ReplicaOptions) {
  const size = [magnitude.shape[0], magnitude.shape[1]] as const;
  const reach = windowReach(replicas);
  const noisy = new Float64Array(sums.length);
  for (let i = 0; i < sums.length; i++) noisy[i] = sums[i] > 0 ? 1 : 0;
  const value = boxSums(sums, size, reach);
  const pixels = boxSums(noisy, size, reach);
  for (let i = 0; i < sums.length; i++) {
    value[i] = noisy[i] > 0 ? value[i] / (replicas.count * pixels[i]) : 0;
  }
  return { value, freedom: (i: number) => freedomOf(replicas) * pixels[i] };
}
