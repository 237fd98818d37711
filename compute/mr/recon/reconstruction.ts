/**
 * What every reconstruction is: a function from the whitened k-space of a slice to one combined image and
 * the noise of each of its pixels. All reconstructions here are linear once their weights are fixed, and the
 * weights are part of what they return; the methods (../snr) live on that: the analytic one reads the noise,
 * the replica ones send other k-space, or other noise, through the same weights.
 */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import type { NormalStream } from '../../math/random.ts';
import type { MaskRule } from '../mask/mask-rule.ts';
import type { NoiseModel } from '../noise.ts';
import type { SensitivityName } from '../sensitivity/estimator.ts';

/** Which points of the grid were sampled: a lattice, the same for every slice of a scan. */
export interface Sampling {
  /** Acceleration along x (readout) and y (phase encoding); 1: every sample. */
  readonly factors: readonly [x: number, y: number];
  /** First sampled column and line on the grid. */
  readonly offsets: readonly [x: number, y: number];
}

export interface WhitenedSlice {
  /**
   * `[coil, y, x]`, zero where nothing was sampled. The pixels of its unitary image have the noise
   * covariance I / (factors x * y) (complex variance 1 for full sampling). The slice belongs to the
   * reconstruction, which may transform it in place.
   */
  readonly kspace: ComplexArray;
  readonly noise: NoiseModel;
  /** Undefined: fully sampled. */
  readonly sampling?: Sampling;
  /** Whitened reference k-space on the same grid, zero outside its lines; for kernels and sensitivities. */
  readonly calibration?: Calibration;
  /** Whitened coil sensitivities; without any, reconstructions that need them estimate them (`options`). */
  readonly sensitivities?: Sensitivities;
  /** What files hold for this slice beside its raw data. */
  readonly supplied?: SuppliedImages;
}

/** Images of the size of the slice that were measured or made elsewhere. */
export interface SuppliedImages {
  /** Above zero inside the mask, `[y, x]`. */
  readonly mask?: RealArray;
  /** Whitened coil sensitivities, `[coil, y, x]`. */
  readonly maps?: ComplexArray;
  /** Image of a body coil, `[y, x]`, and the deviation of its complex noise. */
  readonly body?: { readonly image: ComplexArray; readonly noise: number };
}

export interface Calibration {
  readonly kspace: ComplexArray;
  /** The block that holds data: first and one past the last column and line. */
  readonly block: { readonly x: readonly [number, number]; readonly y: readonly [number, number] };
}

export interface Sensitivities {
  /** `[coil, y, x]`, zero outside the mask. SNR and g do not depend on a complex factor per pixel. */
  readonly maps: ComplexArray;
  /** `[y, x]`, 1 inside, 0 outside. */
  readonly mask: RealArray;
}

/** Normal numbers of mean 0, of standard deviation 1 unless said otherwise; one stream per slice and replica. */
export interface NormalSource {
  fill(into: Float32Array, deviation?: number): void;
}

/** The combination with its weights fixed. */
export interface LinearCombination {
  /** The combined image of the slice, complex, `[y, x]`. */
  readonly image: ComplexArray;
  /** The same weights on other whitened k-space of the same sampling, which may be changed. `[y, x]` */
  combine(kspace: ComplexArray): ComplexArray;
  /** The same as `combine(white noise at the sampled points)` of the same numbers, where that can be had faster. */
  combineNoise?(normals: NormalStream): ComplexArray;
  /**
   * A noise image with the joint distribution of `combine(white noise at the sampled points)`, drawn in image
   * space: white noise stays white under the unitary transform, so only the combined pixels need numbers.
   */
  drawNoise(normals: NormalSource): ComplexArray;
  /** The distribution that `drawNoise` draws from, where it is known. */
  noiseCovariance?(): NoiseCovariance;
}

/**
 * How the noise of the combined pixels is distributed: complex normal, jointly for the pixels of a set (those that
 * fall together by the undersampling), independently from set to set.
 */
export interface NoiseCovariance {
  /** Part k = b rx + a of the image, of sy x sx pixels from row b sy and column a sx on, has pixel k of every set. */
  readonly factors: readonly [x: number, y: number];
  /** E[y_k conj(y_l)] for l <= k, complex: `[k (k + 1) / 2 + l, sy, sx]`. */
  readonly planes: ComplexArray;
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
  /** Undefined only where the weights are not known (plain RSS as a scanner makes it). */
  readonly linear?: LinearCombination;
  /** Noise amplification by the undersampling, `[y, x]`; 0 where there is no signal. */
  readonly gFactor?: RealArray;
  /** The sensitivities that were used. */
  readonly sensitivities?: Sensitivities;
  /** What a user should know about how the weights were made, as sentences. */
  readonly warnings?: readonly string[];
}

export interface ReconstructionOptions {
  /** RSS of the coils as they are, without whitening. */
  readonly rssUnweighted: boolean;
  /** How sensitivities are estimated where they are needed and the slice has none. */
  readonly sensitivity?: SensitivityOptions;
  /** What the task says about the GRAPPA kernel; the rest is default. */
  readonly grappa?: Partial<GrappaOptions>;
}

export interface SensitivityOptions {
  /** A name of ../sensitivity/registry.ts. */
  readonly method: SensitivityName;
  readonly mask: MaskRule;
}

export interface GrappaOptions {
  /** Window in k-space samples [readout, phase encoding] around a target: offsets from -floor(k / 2) on. */
  readonly kernelSize: readonly [x: number, y: number];
  /** Tikhonov: lambda ||A^H A||_F / unknowns is added to the diagonal. */
  readonly lambda: number;
  /** Windows that reach out of the calibration block count too, with zeros there (as older tools do: a bias). */
  readonly zeroPaddedCalibration: boolean;
}

export interface Reconstruction {
  /** For people and for info.json. */
  readonly label: string;
  readonly needs: {
    /** Every line between the first and the last measured one. */
    readonly fullSampling: boolean;
    /** Coil sensitivities. */
    readonly sensitivities?: boolean;
    /** Calibration lines (auto-calibration signal). */
    readonly calibration?: boolean;
  };
  readonly reconstruct: (slice: WhitenedSlice, options: ReconstructionOptions) => CombinedImage;
}
