/**
 * What every SNR method is: from a reconstructed slice to the SNR of each pixel. The work is cut into pieces that
 * depend on nothing but their number, so that any thread may do any of them; what they give is collected in
 * their order, so that the sums are the same on one thread and on many.
 */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import type {
  CombinedImage,
  Reconstruction,
  ReconstructionOptions,
  WhitenedSlice,
} from '../recon/reconstruction.ts';
import type { InPhaseNoise } from './in-phase.ts';

export interface MethodOptions extends ReconstructionOptions {
  /** Undo the mean bias that taking a magnitude causes at low SNR. */
  readonly biasCorrection: boolean;
  /** What methods with replicas need. */
  readonly replicas?: ReplicaOptions;
}

export interface ReplicaOptions {
  /** Replicas, or measured repetitions. */
  readonly count: number;
  readonly seed: number;
  /** Exact: noise in k-space, reconstructed. Fast: noise of the same distribution, drawn in the image. */
  readonly mode: 'fast' | 'exact';
  /** Both components of the noise are counted, not the one in phase with the signal alone: twice the numbers. */
  readonly pooledQuadratures: boolean;
  /** Plain magnitudes of the replicas instead of the combination with fixed weights (RSS). */
  readonly rssMagnitude: boolean;
  /** SNR divided by 1 + 3/(4 nu), the mean of 1/s of nu degrees of freedom. */
  readonly finiteCorrection: boolean;
  /** Side of the window of local statistics, in pixels; made odd. */
  readonly boxSize: number;
  /** The side is 2 boxSize + 1, as in older tools. */
  readonly boxSizeCompatibility: boolean;
  /** Noise of repetitions from the differences of neighbours, which a slow drift does not spoil. */
  readonly neighbouringDifference: boolean;
}

/** A slice as the pieces of its work need it. */
export interface Prepared {
  /** Number of the slice, which names its streams of random numbers. */
  readonly slice: number;
  readonly combined: CombinedImage;
  /** The slice before the reconstruction, if replicas are literal magnitudes. */
  readonly original: WhitenedSlice;
  readonly reconstruction: Reconstruction;
  readonly options: MethodOptions;
  /** Scratch k-space, kept from replica to replica. */
  scratch?: ComplexArray;
  /** conj(y) / |y| of the combined image, once it is asked for. */
  phasors?: Float32Array;
  /** The distribution of the noise in phase with the image, once it is asked for. */
  inPhase?: InPhaseNoise;
}

/** What a reconstruction found, without its functions: what crosses from thread to thread. */
export type CombinedMaps = Omit<CombinedImage, 'linear'>;

export interface SnrMaps {
  /** |y| over the standard deviation of the noise in phase with y, `[y, x]`. */
  readonly snr: RealArray;
  /** Relative standard deviation of the SNR that finitely many replicas cause, `[y, x]`; 0 where there is none. */
  readonly precision?: RealArray;
  /** Standard deviation of the noise in phase with y, `[y, x]`. */
  readonly noise?: RealArray;
}

export interface Collector {
  /** Takes what the next piece gave; pieces come in their order. */
  add(result: Float32Array): void;
  finish(): SnrMaps;
}

export interface Method {
  /** For people and for info.json. */
  readonly label: string;
  readonly needs: {
    readonly noise: boolean;
    /** Measured repetitions: piece k gets the k-space of repetition k. */
    readonly repetitions?: boolean;
  };
  /** How many pieces a slice has; 0 if the reconstruction says all. */
  readonly pieces: (options: MethodOptions) => number;
  readonly piece: (prepared: Prepared, index: number, repetition?: WhitenedSlice) => Float32Array;
  readonly collect: (maps: CombinedMaps, options: MethodOptions) => Collector;
  /** SNR `[y, x]` of one slice, all pieces one after the other. */
  readonly snr: (slice: WhitenedSlice, reconstruction: Reconstruction, options: MethodOptions) => RealArray;
}
