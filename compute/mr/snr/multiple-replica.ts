/**
 * The multiple replica method: the scan was measured several times.
 *
 *   SNR = mean of |y_j| / s,  s^2 = sum over j of (|y_j| - mean)^2 / (N - 1)
 *
 * of magnitude images, all with the weights of one reconstruction. Where the object or the scanner drifts between
 * the repetitions, s^2 = sum of (|y_(j+1)| - |y_j|)^2 / (2 (N - 1)) sees only what changes from one to the next.
 */
import { realZeros } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import { ratio } from './bias.ts';
import type { Collector, MethodOptions, SnrMaps } from './method.ts';
import { freedomOfDifferences, meanInverse, relativeDeviation } from './precision.ts';
import { mustBeLinear, mustHaveReplicas, withSnr } from './prepare.ts';

export const multipleReplica = withSnr({
  label: 'Multiple replica',
  needs: { noise: false, repetitions: true },
  pieces: (options) => mustHaveReplicas(options).count,
  piece(prepared, _, repetition) {
    if (!repetition) throw new RangeError('a repetition without its k-space');
    const { options, reconstruction } = prepared;
    if (options.replicas?.rssMagnitude) return reconstruction.reconstruct(repetition, options).magnitude.data;
    const { data } = mustBeLinear(prepared).combine(repetition.kspace);
    const magnitude = new Float32Array(data.length / 2);
    for (let i = 0; i < magnitude.length; i++) {
      magnitude[i] = Math.sqrt(data[2 * i] * data[2 * i] + data[2 * i + 1] * data[2 * i + 1]);
    }
    return magnitude;
  },
  collect: ({ magnitude }, options) => collectRepetitions(magnitude.shape, options),
});

/** Throws `bad_options` with fewer than two repetitions. */
export function mustHaveRepetitions(repetitions: number): void {
  if (repetitions >= 2) return;
  throw new WorkerError(
    'bad_options',
    `task.name: the method "mr" needs a scan with repetitions, and this one has ${repetitions}; for a single ` +
      'measurement use ac, pmr or cr.',
  );
}

function collectRepetitions(shape: readonly number[], options: MethodOptions): Collector {
  const { neighbouringDifference, finiteCorrection } = mustHaveReplicas(options);
  const pixels = realZeros(shape).data.length;
  const mean = new Float64Array(pixels);
  const squares = new Float64Array(pixels);
  let last: Float32Array | undefined;
  let n = 0;
  return {
    add(image) {
      n += 1;
      for (let i = 0; i < pixels; i++) {
        const step = image[i] - mean[i];
        mean[i] += step / n;
        // Welford's sum of squared deviations, or the squared differences of neighbours.
        if (!neighbouringDifference) squares[i] += step * (image[i] - mean[i]);
        else if (last) squares[i] += (image[i] - last[i]) ** 2 / 2;
      }
      last = image;
    },
    finish(): SnrMaps {
      mustHaveRepetitions(n);
      const freedom = neighbouringDifference ? freedomOfDifferences(n) : n - 1;
      const factor = finiteCorrection ? meanInverse(freedom) : 1;
      const noise = realZeros(shape);
      const precision = realZeros(shape);
      for (let i = 0; i < pixels; i++) {
        noise.data[i] = Math.sqrt(Math.max(0, squares[i]) / (n - 1));
        precision.data[i] = noise.data[i] > 0 ? relativeDeviation(freedom) : 0;
      }
      const snr = ratio({ data: Float32Array.from(mean), shape }, noise, () => factor);
      return { snr, precision, noise };
    },
  };
}
