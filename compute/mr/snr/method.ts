/** What every SNR method is: from a slice and a reconstruction to the SNR of each pixel. */
import type { RealArray } from '../../array/complex.ts';
import type { Reconstruction, ReconstructionOptions, WhitenedSlice } from '../recon/reconstruction.ts';

export interface MethodOptions extends ReconstructionOptions {
  /** Undo the mean bias that taking a magnitude causes at low SNR. */
  readonly biasCorrection: boolean;
}

export interface Method {
  /** For people and for info.json. */
  readonly label: string;
  readonly needs: { readonly noise: boolean };
  /** SNR `[y, x]`: |y| over the standard deviation of the noise in phase with y. */
  readonly snr: (slice: WhitenedSlice, reconstruction: Reconstruction, options: MethodOptions) => RealArray;
}
