/** Sensitivities of a slice: estimated on its reference, cut out by a mask. */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { maskOf } from '../mask/masks.ts';
import type {
  Calibration,
  Sensitivities,
  SensitivityOptions,
  WhitenedSlice,
} from '../recon/reconstruction.ts';
import { SENSITIVITIES } from './registry.ts';

/** The reference of a slice: its calibration lines, or all of it if it has none (fully sampled). */
export function referenceOf({ kspace, calibration }: WhitenedSlice): Calibration {
  const [, ny, nx] = kspace.shape;
  return calibration ?? { kspace, block: { x: [0, nx], y: [0, ny] } };
}

/** Maps within the mask and within what the estimator knows. Throws what the estimator throws. */
export function estimateSensitivities(slice: WhitenedSlice, options: SensitivityOptions): Sensitivities {
  const reference = referenceOf(slice);
  const { maps, support } = SENSITIVITIES[options.method].estimate(reference, slice.supplied);
  const mask = maskOf(options.mask, reference, slice.supplied?.mask);
  if (support) for (let i = 0; i < mask.data.length; i++) mask.data[i] *= support.data[i];
  zeroOutside(maps, mask);
  return { maps, mask };
}

function zeroOutside({ data }: ComplexArray, mask: RealArray): void {
  const pixels = mask.data.length;
  for (let i = 0; i < pixels; i++) {
    if (mask.data[i] !== 0) continue;
    for (let k = 2 * i; k < data.length; k += 2 * pixels) {
      data[k] = 0;
      data[k + 1] = 0;
    }
  }
}
