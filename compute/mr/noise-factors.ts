/** The three numbers that carry the noise scan over to the signal: oversampling, bandwidth, dwell time. */
import type { ScanHeader } from '../formats/scan.ts';

/** Bandwidth ratio of a Siemens receiver with twofold oversampling, for noise lines too short to measure it. */
const DEFAULT_BANDWIDTH_RATIO = 0.793;

export interface NoiseFactors {
  /** o: oversampling removed from the signal, not from the noise. */
  readonly oversampling: number;
  /** beta. */
  readonly bandwidthRatio: number;
  /** Where beta is from: the file's header, the spectra, the default, or 1 because the noise was cropped. */
  readonly bandwidthSource: 'header' | 'computed' | 'default' | 'cropped';
  readonly noiseDwellMicroseconds: number | undefined;
  readonly imageDwellMicroseconds: number | undefined;
  /** tau_noise / tau_image; 1 if one of them is unknown. */
  readonly dwellRatio: number;
  readonly warnings: readonly string[];
}

/** What is known of the noise readouts. */
export interface NoiseSource {
  /** Header of the file that holds them. */
  readonly header: ScanHeader;
  /** A scan of its own with the signal's protocol and the RF off, or noise lines within the signal's file. */
  readonly separate: boolean;
  readonly dwellMicroseconds: number | undefined;
  readonly bandwidthRatio: number | undefined;
}

/**
 * The factors for a signal scan with `oversampling` removed. A separate noise scan whose own readout is
 * not oversampled has lost the edges of the band already: its beta is 1.
 */
export function noiseFactors(
  signal: ScanHeader,
  oversampling: number,
  imageDwellMicroseconds: number | undefined,
  noise: NoiseSource,
): NoiseFactors {
  const warnings: string[] = [];
  const imageDwell = imageDwellMicroseconds ?? signal.imageDwellMicroseconds;
  const noiseDwell = noise.dwellMicroseconds;
  let dwellRatio = 1;
  if (noiseDwell !== undefined && imageDwell !== undefined) dwellRatio = noiseDwell / imageDwell;
  else warnings.push('A dwell time is missing in the files: noise and image are taken to have the same.');
  return {
    oversampling,
    ...bandwidth(noise),
    noiseDwellMicroseconds: noiseDwell,
    imageDwellMicroseconds: imageDwell,
    dwellRatio,
    warnings,
  };
}

function bandwidth(noise: NoiseSource): Pick<NoiseFactors, 'bandwidthRatio' | 'bandwidthSource'> {
  if (noise.separate && noise.header.readoutOversampling <= 1) {
    return { bandwidthRatio: 1, bandwidthSource: 'cropped' };
  }
  const stated = noise.header.noiseBandwidthRatio;
  if (stated !== undefined && stated > 0) return { bandwidthRatio: stated, bandwidthSource: 'header' };
  const measured = noise.bandwidthRatio;
  if (measured !== undefined && measured > 0)
    return { bandwidthRatio: measured, bandwidthSource: 'computed' };
  return { bandwidthRatio: DEFAULT_BANDWIDTH_RATIO, bandwidthSource: 'default' };
}
