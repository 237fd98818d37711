/** The road from a whitened slice to its SNR, and the same road on one thread. */
import { complexFrom } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import type { LinearCombination, Reconstruction, WhitenedSlice } from '../recon/reconstruction.ts';
import type { CombinedMaps, Method, MethodOptions, Prepared, ReplicaOptions } from './method.ts';

/** Reconstructs a slice, which is used up. */
export function prepare(
  slice: WhitenedSlice,
  reconstruction: Reconstruction,
  options: MethodOptions,
  number = 0,
): Prepared {
  const { kspace } = slice;
  const original = options.replicas?.rssMagnitude
    ? { ...slice, kspace: complexFrom(kspace.data.slice(), kspace.shape) }
    : slice;
  return {
    slice: number,
    combined: reconstruction.reconstruct(slice, options),
    original,
    reconstruction,
    options,
  };
}

/** The maps without the functions. */
export function mapsOf({ combined }: Prepared): CombinedMaps {
  const { magnitude, noiseDeviation, channels, gFactor, warnings } = combined;
  return { magnitude, noiseDeviation, channels, gFactor, warnings };
}

/** A method with its pieces done one after the other. */
export function withSnr(method: Omit<Method, 'snr'>): Method {
  return {
    ...method,
    snr(slice, reconstruction, options) {
      const prepared = prepare(slice, reconstruction, options);
      const collector = method.collect(mapsOf(prepared), options);
      for (let i = 0; i < method.pieces(options); i++) collector.add(method.piece(prepared, i));
      return collector.finish().snr;
    },
  };
}

/** The combination of a slice with its weights. Throws `bad_options` if they are not known. */
export function mustBeLinear({ combined, reconstruction }: Prepared): LinearCombination {
  if (combined.linear) return combined.linear;
  throw new WorkerError(
    'bad_options',
    `task.name: methods with replicas need to know the weights of "${reconstruction.label}", and it has none.`,
  );
}

/** Throws RangeError without the options of replica methods. */
export function mustHaveReplicas({ replicas }: MethodOptions): ReplicaOptions {
  if (replicas) return replicas;
  throw new RangeError('a replica method was called without its options');
}
