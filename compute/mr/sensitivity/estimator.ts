/** What every estimator of coil sensitivities is: a function of whitened reference k-space. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import type { Calibration, SuppliedImages } from '../recon/reconstruction.ts';

/** Names of the task document: `sensitivityMapMethod`, and `upload` if `loadSensitivity` is set. */
export const SENSITIVITY_NAMES = ['inner', 'inneracl', 'walsh', 'espirit', 'bodycoil', 'upload'] as const;
export type SensitivityName = (typeof SENSITIVITY_NAMES)[number];

export interface EstimatedMaps {
  /** `[coil, y, x]` of the whitened coils. SNR and g do not depend on a complex factor per pixel. */
  readonly maps: ComplexArray;
  /** Where the estimator knows sensitivities, 1 or 0, `[y, x]`; undefined: everywhere. */
  readonly support?: RealArray;
}

export interface SensitivityEstimator {
  /** For people and for info.json. */
  readonly label: string;
  /**
   * Neither the reference nor what was supplied is changed. Throws `bad_options` if the reference is too small
   * for the estimator, RangeError without the images it needs.
   */
  readonly estimate: (reference: Calibration, supplied?: SuppliedImages) => EstimatedMaps;
}
