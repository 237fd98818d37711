/**
 * What is done with a slice once it is read, on whatever thread: whitened, with sensitivities, reconstructed, and then
 * the pieces of its method. Slices and what comes of them are plain data.
 */
import type { ComplexArray, RealArray } from './array/complex.ts';
import type { AcquiredSlice } from './mr/acquire.ts';
import { whitenSlice } from './mr/acquire.ts';
import type { NoiseModel } from './mr/noise.ts';
import type { Sampling, SuppliedImages, WhitenedSlice } from './mr/recon/reconstruction.ts';
import { physicalMaps } from './mr/sensitivity/physical-maps.ts';
import type { CombinedMaps, Prepared } from './mr/snr/method.ts';
import { mapsOf, prepare } from './mr/snr/prepare.ts';
import type { RunPlan } from './plan.ts';

export interface SliceInput {
  /** Number of the slice in the file. */
  readonly number: number;
  /** Used up. */
  readonly acquired: AcquiredSlice;
  /** Masks and maps from files. */
  readonly supplied?: SuppliedImages;
}

/** What of a slice goes into the result, apart from its SNR. */
export interface SliceOutcome {
  readonly maps: CombinedMaps;
  /** Sensitivities of the physical coils, `[coil, y, x]`, of unit length within the mask; if they are kept. */
  readonly sensitivities?: ComplexArray;
  /** Where they were used; if it is kept. */
  readonly mask?: RealArray;
}

export interface SliceWork {
  /** Reconstructs a slice; the pieces that follow are of this one. */
  begin(input: SliceInput): SliceOutcome;
  /** A piece of the method, for measured repetitions with the slice of the repetition, which is used up. */
  piece(index: number, repetition?: AcquiredSlice): Float32Array;
}

export function createSliceWork(plan: RunPlan, noise: NoiseModel): SliceWork {
  const { method, reconstruction, options, keep } = plan;
  let supplied: SuppliedImages | undefined;
  let current: Prepared | undefined;
  /** The weights of the slice, and of other lattices that its repetitions have. */
  let weights = new Map<string, Prepared>();

  const whitened = (acquired: AcquiredSlice): WhitenedSlice => ({
    ...whitenSlice(acquired, noise),
    supplied,
  });

  function weightsFor(repetition: AcquiredSlice, slice: number): Prepared {
    const place = placeOf(repetition.sampling);
    const known = weights.get(place);
    if (known) return known;
    const made = prepare(whitened(structuredClone(repetition)), reconstruction, options, slice);
    weights.set(place, made);
    return made;
  }

  return {
    begin({ number, acquired, supplied: images }) {
      supplied = images;
      const place = placeOf(acquired.sampling);
      // What belongs to the slice before is let go first, and nothing is kept that no piece needs: it is large.
      current = undefined;
      weights = new Map();
      const prepared = prepare(whitened(acquired), reconstruction, options, number);
      if (method.pieces(options) > 0) {
        current = prepared;
        weights.set(place, prepared);
      }
      const { sensitivities } = prepared.combined;
      return {
        maps: mapsOf(prepared),
        sensitivities:
          keep.sensitivities && sensitivities ? physicalMaps(sensitivities.maps, noise) : undefined,
        mask: keep.mask ? sensitivities?.mask : undefined,
      };
    },
    piece(index, repetition) {
      if (!current) throw new Error('a piece of no slice');
      if (!repetition) return method.piece(current, index);
      // Accelerated repetitions may begin at alternating lines: each lattice has its own weights.
      const prepared = weightsFor(repetition, current.slice);
      return method.piece(prepared, index, whitened(repetition));
    },
  };
}

function placeOf(sampling: Sampling | undefined): string {
  return sampling ? `${sampling.factors} from ${sampling.offsets}` : 'full';
}
