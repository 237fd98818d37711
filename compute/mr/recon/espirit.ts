/**
 * Reconstruction with ESPIRiT sensitivities: full data are combined, undersampled data unfolded. It is B1
 * or SENSE with one choice of maps (../sensitivity/espirit.ts), which the plan of a run makes.
 */
import type { Reconstruction } from './reconstruction.ts';
import { unfoldWithMaps } from './sense.ts';

export const espirit: Reconstruction = {
  label: 'ESPIRiT',
  needs: { fullSampling: false, sensitivities: true },
  reconstruct: unfoldWithMaps,
};
