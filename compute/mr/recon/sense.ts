/**
 * SENSE (Pruessmann, Magn Reson Med 42:952, 1999) of whitened coils on a lattice in one or two directions:
 * the aliased images f of ./fold.ts, E the sensitivities of the pixels that fall together,
 *
 *   rho = sqrt(R) U f,  U = (E^H E)^-1 E^H,  noise variance of pixel k  R v_k,  v = diag((E^H E)^-1)
 *   g_k = sqrt(v_k (E^H E)_kk),  SNR = SNR of full sampling / (g sqrt(R))
 */
import type { ComplexArray } from '../../array/complex.ts';
import { complexZeros } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import { unfoldImage } from '../../math/unfold-image.ts';
import { unfold, unfoldedCovariance, unfoldedNoise, unfoldingOf } from '../../math/unfolding.ts';
import { combineWithMaps } from './b1.ts';
import { foldedImages, restorePhases } from './fold.ts';
import { latticeGrid } from './lattice-grid.ts';
import { magnitudeOf } from './magnitude.ts';
import { sensitivitiesOf } from './needed-maps.ts';
import type {
  CombinedImage,
  LinearCombination,
  Reconstruction,
  ReconstructionOptions,
  Sampling,
  WhitenedSlice,
} from './reconstruction.ts';
import { whiteNoise } from './white-noise.ts';

export const sense: Reconstruction = {
  label: 'SENSE',
  needs: { fullSampling: false, sensitivities: true },
  reconstruct: unfoldWithMaps,
};

/**
 * Unfolds an undersampled slice; a full one is combined. If the acceleration does not divide the size of the
 * grid, the maps are on the next larger one (./lattice-grid.ts), and so must sensitivities be that the slice has.
 * Throws `bad_options` with fewer coils than aliases.
 */
export function unfoldWithMaps(whitened: WhitenedSlice, options: ReconstructionOptions): CombinedImage {
  const { slice, place } = latticeGrid(whitened);
  const { kspace, sampling } = slice;
  const sensitivities = sensitivitiesOf(slice, options);
  const aliases = sampling ? sampling.factors[0] * sampling.factors[1] : 1;
  if (!sampling || aliases === 1) return combineWithMaps(slice, sensitivities);
  mustSeparate(kspace.shape[0], sampling);
  const { image, deviation, gFactor } = unfoldImage(
    kspace,
    sensitivities.maps,
    sampling.factors,
    sampling.offsets,
  );
  const scale = Math.sqrt(aliases);
  const magnitude = magnitudeOf(image);
  for (let i = 0; i < magnitude.data.length; i++) {
    magnitude.data[i] *= scale;
    deviation.data[i] *= scale;
  }
  let linear: LinearCombination | undefined;
  return {
    magnitude,
    noiseDeviation: deviation,
    channels: 1,
    get linear() {
      linear ??= linearUnfolding(restorePhases(image, sampling), sensitivities.maps, sampling, place);
      return linear;
    },
    gFactor,
    sensitivities,
  };
}

/** The unfolding with its weights kept. */
function linearUnfolding(
  image: ComplexArray,
  maps: ComplexArray,
  sampling: Sampling,
  place: (kspace: ComplexArray) => ComplexArray,
): LinearCombination {
  const unfolding = unfoldingOf(maps, sampling.factors);
  const [ny, nx] = image.shape;
  const [rx, ry] = sampling.factors;
  const folded = [rx * ry, ny / ry, nx / rx];
  return {
    image,
    combine: (data) => restorePhases(unfold(unfolding, foldedImages(place(data), sampling)), sampling),
    drawNoise: (normals) => restorePhases(unfoldedNoise(unfolding, whiteNoise(normals, folded)), sampling),
    noiseCovariance: () => ({
      factors: sampling.factors,
      planes: withPhases(unfoldedCovariance(unfolding), sampling),
    }),
  };
}

function mustSeparate(coils: number, { factors }: Sampling): void {
  if (factors[0] * factors[1] <= coils) return;
  throw new WorkerError(
    'bad_options',
    `task.options.reconstructor.options.accelerations: ${coils} coils cannot separate the ${factors[0] * factors[1]} ` +
      `pixels that fall together at an acceleration of [${factors}]; the product may be ${coils} at most.`,
  );
}

/** Covariances `[pair, y, x]` of pixels without their phases become those of the image, in place. */
function withPhases(planes: ComplexArray, sampling: Sampling): ComplexArray {
  const [, sy, sx] = planes.shape;
  const [rx, ry] = sampling.factors;
  const phases = complexZeros([sy * ry, sx * rx]);
  for (let i = 0; i < phases.data.length; i += 2) phases.data[i] = 1;
  restorePhases(phases, sampling);
  const { data } = planes;
  let at = 0;
  for (let k = 0; k < rx * ry; k++) {
    for (let l = 0; l <= k; l++) {
      for (let y = 0; y < sy; y++) {
        let p = 2 * ((Math.floor(k / rx) * sy + y) * sx * rx + (k % rx) * sx);
        let q = 2 * ((Math.floor(l / rx) * sy + y) * sx * rx + (l % rx) * sx);
        for (let x = 0; x < sx; x++, p += 2, q += 2, at += 2) {
          const re = phases.data[p] * phases.data[q] + phases.data[p + 1] * phases.data[q + 1];
          const im = phases.data[p + 1] * phases.data[q] - phases.data[p] * phases.data[q + 1];
          const value = data[at];
          data[at] = re * value - im * data[at + 1];
          data[at + 1] = re * data[at + 1] + im * value;
        }
      }
    }
  }
  return planes;
}
