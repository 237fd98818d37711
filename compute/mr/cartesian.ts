/** Which acquisitions can be turned into an image by a plain Fourier transform of their lines. */
import { WorkerError } from '../errors.ts';
import type { ScanHeader } from '../formats/scan.ts';

const USE_GRADIENT_ECHO =
  'Measure the signal and the noise with a Cartesian sequence without ramp sampling, for example a gradient ' +
  'or spin echo, and submit those files.';

const NAMES: Record<ScanHeader['trajectory'], string> = {
  cartesian: 'Cartesian',
  epi: 'echo-planar (EPI)',
  radial: 'radial',
  spiral: 'spiral',
  other: 'non-Cartesian',
};

/**
 * Throws WorkerError('unsupported_sequence') that names what is not supported, unless every readout of the
 * scan is one Cartesian line: no EPI, no ramp sampling, no other trajectory, no simultaneous slices, no acceleration
 * along the partitions.
 */
export function mustBeCartesian(header: ScanHeader): void {
  const protocol = header.protocol ? ` '${header.protocol}'` : '';
  const refuse = (what: string, why: string, remedy = USE_GRADIENT_ECHO): never => {
    throw new WorkerError('unsupported_sequence', `The scan${protocol} is ${what}: ${why}.`, remedy);
  };
  const name = NAMES[header.trajectory];
  if (header.trajectory === 'epi') {
    const ramps = header.rampSampling ? 'the sampled gradient ramps would need regridding, and ' : '';
    refuse(name, `${ramps}the echo train would need phase correction`);
  }
  if (header.trajectory !== 'cartesian') refuse(name, 'its samples do not lie on a Cartesian grid');
  if (header.rampSampling) refuse('ramp-sampled', 'the sampled gradient ramps would need regridding');
  if ((header.simultaneousSlices ?? 1) > 1) {
    refuse('a simultaneous multi-slice (multiband) scan', 'its slices are measured on top of each other');
  }
  const { partition } = header.acceleration;
  if (partition > 1) {
    refuse(
      `accelerated along its partitions (factor ${partition})`,
      'only acceleration along the lines can be reconstructed',
      'Measure without acceleration in the partition direction.',
    );
  }
}
