/** Rules for where coil sensitivities are used; m is the root of sums of squares of the whitened reference image. */
export type MaskRule =
  /** All pixels. */
  | { readonly method: 'no' }
  /** m > mean - standard deviation of the whole image. */
  | { readonly method: 'reference' }
  /** m > value % of the maximum. */
  | { readonly method: 'percentage'; readonly value: number }
  /** m > value times the mean. */
  | { readonly method: 'percentagemean'; readonly value: number }
  /** m > value. */
  | { readonly method: 'threshold'; readonly value: number }
  /** The first ESPIRiT eigenvalue exceeds c: kernel k, calibration region r, singular values above t. */
  | {
      readonly method: 'espirit';
      readonly k: number;
      readonly r: number;
      readonly t: number;
      readonly c: number;
    }
  /** Pixels above zero of the mask that was supplied with the slice. */
  | { readonly method: 'upload' };
