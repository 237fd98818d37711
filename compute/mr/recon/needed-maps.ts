/** The sensitivities of a slice, for reconstructions that cannot do without. */
import type { Sensitivities, WhitenedSlice } from './reconstruction.ts';

/** Throws RangeError if the slice has none, or if they are of another size than its k-space. */
export function mustHaveMaps({ kspace, sensitivities }: WhitenedSlice): Sensitivities {
  if (!sensitivities) throw new RangeError('the slice has no coil sensitivities');
  const { shape } = sensitivities.maps;
  if (shape.length !== 3 || shape.some((n, axis) => n !== kspace.shape[axis])) {
    throw new RangeError(`sensitivities of shape [${shape}] do not fit a k-space of shape [${kspace.shape}]`);
  }
  return sensitivities;
}
