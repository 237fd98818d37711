/**
 * What every reconstruction is: a function from the whitened k-space of a slice to one combined image
 * and the noise of each of its pixels. Methods (../snr) turn that into SNR.
 */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import type { NoiseModel } from '../noise.ts';

export interface WhitenedSlice {
  /**
   * `[coil, y, x]`. The pixels of its unitary image have the noise covariance I (complex variance 1).
   * The slice belongs to the reconstruction, which may transform it in place.
   */
  readonly kspace: ComplexArray;
  readonly noise: NoiseModel;
}

export interface CombinedImage {
  /** Magnitude of the combined image, `[y, x]`. */
  readonly magnitude: RealArray;
  /** Standard deviation of its complex noise, `[y, x]`; undefined: 1 everywhere. */
  readonly noiseDeviation: RealArray | undefined;
  /**
   * Coils whose noise adds up in the magnitude: the magnitude over its in-phase noise is non-central chi
   * with twice as many degrees of freedom. Undefined if it has no such distribution.
   */
  readonly channels: number | undefined;
}

export interface ReconstructionOptions {
  /** RSS of the coils as they are, without whitening. */
  readonly rssUnweighted: boolean;
}

export interface Reconstruction {
  /** For people and for info.json. */
  readonly label: string;
  readonly needs: {
    /** Every line between the first and the last measured one. */
    readonly fullSampling: boolean;
  };
  readonly reconstruct: (slice: WhitenedSlice, options: ReconstructionOptions) => CombinedImage;
}
