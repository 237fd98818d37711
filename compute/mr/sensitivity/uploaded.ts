/** Sensitivities from a file. */
import { nearest } from '../mask/nearest.ts';
import type { SensitivityEstimator } from './estimator.ts';

export const uploaded: SensitivityEstimator = {
  label: 'Uploaded maps',
  estimate({ kspace }, supplied) {
    if (!supplied?.maps) throw new RangeError('the slice came without its sensitivities');
    const { data, shape } = nearest(supplied.maps, kspace.shape.slice(1), 2);
    return { maps: { data: data.slice(), shape } };
  },
};
