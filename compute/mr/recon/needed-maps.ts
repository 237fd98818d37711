/** The sensitivities of a slice, for reconstructions that cannot do without. */
import { estimateSensitivities } from '../sensitivity/sensitivities.ts';
import type { ReconstructionOptions, Sensitivities, WhitenedSlice } from './reconstruction.ts';

/**
 * Those of the slice, or else estimated as the options say. Throws what the estimator throws, and RangeError
 * without either or if they are of another size than the slice.
 */
export function sensitivitiesOf(slice: WhitenedSlice, { sensitivity }: ReconstructionOptions): Sensitivities {
  const found = slice.sensitivities ?? (sensitivity && estimateSensitivities(slice, sensitivity));
  if (!found) throw new RangeError('the slice has no coil sensitivities');
  const { shape } = slice.kspace;
  if (found.maps.shape.length !== 3 || found.maps.shape.some((n, axis) => n !== shape[axis])) {
    throw new RangeError(
      `sensitivities of shape [${found.maps.shape}] do not fit a k-space of shape [${shape}]`,
    );
  }
  return found;
}
