/**
 * ESPIRiT sensitivities (Uecker et al., Magn Reson Med 71:990, 2014), the first set of maps.
 *
 * Every k x k block of the calibration region, over all coils, lies in a subspace that a few singular vectors
 * span. Being in it at every place is a linear condition on k-space, which in image space is an operator
 * M(r) on the coil vector of each pixel with M s = s. s is therefore the eigenvector of M of eigenvalue 1;
 * where there is no signal no eigenvalue is close to 1.
 */
import type { ComplexArray, RealArray } from '../../array/complex.ts';
import { realZeros } from '../../array/complex.ts';
import { WorkerError } from '../../errors.ts';
import { leadingEigenvectors } from '../../math/hermitian-eigen.ts';
import type { Calibration } from '../recon/reconstruction.ts';
import type { CalibrationRegion } from './blocks.ts';
import { blockProducts, centralRegion } from './blocks.ts';
import { operatorEigenvectors, subspaceOperator, subspaceVectors } from './subspace.ts';

export interface EspiritOptions {
  /** Side k of the blocks. */
  readonly kernel: number;
  /** Side of the calibration region, as far as there is one. */
  readonly region: number;
  /** Singular vectors are kept whose singular value is at least this part of the largest. */
  readonly threshold: number;
  /** Eigenvalue from which on a pixel belongs to the object. */
  readonly crop: number;
}

/** Those of BART's ecalib (-k6 -r24 -t0.001 -c0.8), whose t is the ratio of the squares of singular values. */
export const ESPIRIT_DEFAULTS: EspiritOptions = {
  kernel: 6,
  region: 24,
  threshold: Math.sqrt(0.001),
  crop: 0.8,
};

export interface EspiritMaps {
  /** `[coil, y, x]`, unit vectors within the support, 0 outside. */
  readonly maps: ComplexArray;
  readonly support: RealArray;
}

/** The estimator with the given options. */
export function espirit(options: EspiritOptions) {
  return {
    label: `ESPIRiT, kernel ${options.kernel}, region ${options.region}`,
    estimate: (reference: Calibration): EspiritMaps => espiritMaps(reference, options),
  };
}

/** Throws `bad_options` if the calibration lines do not hold a region larger than the kernel. */
function espiritMaps(reference: Calibration, options: EspiritOptions): EspiritMaps {
  const { kernel, threshold, crop } = options;
  const region = centralRegion(reference, options.region);
  mustHold(region, kernel);
  const [coils, ny, nx] = reference.kspace.shape;
  const products = blockProducts(region, kernel);
  // The products are squares of singular values.
  const leading = leadingEigenvectors(products, threshold * threshold);
  const operator = subspaceOperator(subspaceVectors(region, kernel, leading), coils, kernel);
  const { vectors, values } = operatorEigenvectors(operator, [coils, ny, nx]);
  const support = realZeros([ny, nx]);
  for (let i = 0; i < support.data.length; i++) support.data[i] = values.data[i] > crop ? 1 : 0;
  for (let i = 0; i < vectors.data.length; i++) vectors.data[i] *= support.data[(i >> 1) % (ny * nx)];
  return { maps: vectors, support };
}

function mustHold({ columns, lines }: CalibrationRegion, kernel: number): void {
  if (columns > kernel && lines > kernel) return;
  throw new WorkerError(
    'bad_options',
    `ESPIRiT needs calibration lines beyond its kernel of ${kernel} x ${kernel}; there are ${columns} x ${lines} ` +
      'neighbouring samples in the centre of k-space.',
    'Use a smaller kernel (k), or measure more calibration lines.',
  );
}
