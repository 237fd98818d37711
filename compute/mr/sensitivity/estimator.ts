/** What every estimator of coil sensitivities is: a function of whitened reference k-space. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import type { Calibration } from '../recon/reconstruction.ts';

export interface EstimatedMaps {
  /** `[coil, y, x]` of the whitened coils. SNR and g do not depend on a complex factor per pixel. */
  readonly maps: ComplexArray;
  /** Where the estimator knows sensitivities, 1 or 0, `[y, x]`; undefined: everywhere. */
  readonly support?: RealArray;
}

export interface SensitivityEstimator {
  /** For people and for info.json. */
  readonly label: string;
  /** The reference is not changed. Throws `bad_options` if it is too small for the estimator. */
  readonly estimate: (reference: Calibration) => EstimatedMaps;
}
