/** What can be chosen for a job, in words, and which options belong to which choice. As compute/task.ts reads them. */

export type Method = 'ac' | 'mr' | 'pmr' | 'cr';
export type Recon = 'rss' | 'b1' | 'sense' | 'grappa' | 'espirit';
export type Sensitivity = 'inner' | 'innerACL' | 'walsh' | 'espirit' | 'bodycoil';
export type Mask = 'no' | 'percentage' | 'reference' | 'espirit';

export const METHODS: readonly { value: Method; label: string; hint: string }[] = [
  {
    value: 'ac',
    label: 'Analytic',
    hint: 'Exact for linear reconstructions, seconds. The one to begin with.',
  },
  { value: 'pmr', label: 'Pseudo replicas', hint: 'Noise is added many times: for every reconstruction.' },
  { value: 'cr', label: 'Generalised replicas', hint: 'Few replicas and a window around each pixel.' },
  { value: 'mr', label: 'Repeated scans', hint: 'The reference: the scan was measured many times.' },
];

export const RECONS: readonly { value: Recon; label: string; hint: string }[] = [
  { value: 'rss', label: 'Root sum of squares', hint: 'Coils as they are; needs nothing else.' },
  { value: 'b1', label: 'B1 weighted', hint: 'The best SNR that sensitivities allow.' },
  { value: 'sense', label: 'SENSE', hint: 'Undersampled, unfolded in the image; g-factor.' },
  { value: 'grappa', label: 'GRAPPA', hint: 'Undersampled, filled in k-space; g-factor.' },
  { value: 'espirit', label: 'ESPIRiT', hint: 'As SENSE, with maps by eigenvalues.' },
];

export const SENSITIVITIES: readonly (readonly [Sensitivity, string])[] = [
  ['inner', 'From the image itself'],
  ['innerACL', 'From the calibration lines'],
  ['walsh', 'Adaptive (Walsh)'],
  ['espirit', 'Eigenvalues (ESPIRiT)'],
  ['bodycoil', 'From a body-coil scan'],
];

export const MASKS: readonly (readonly [Mask, string])[] = [
  ['no', 'None: all pixels'],
  ['percentage', 'Above a part of the maximum'],
  ['reference', 'Above the noise of the reference'],
  ['espirit', 'Where ESPIRiT finds maps'],
];

/** Which options a choice reads; all others are not shown and not sent. */
export function optionsOf({ method, recon }: { method: Method; recon: Recon }) {
  const accelerated = recon === 'sense' || recon === 'grappa' || recon === 'espirit';
  return {
    replicas: method === 'pmr' || method === 'cr',
    box: method === 'cr',
    accelerated,
    kernel: recon === 'grappa',
    sensitivities: recon === 'b1' || recon === 'sense',
    coilMaps: recon === 'b1' || recon === 'sense' || recon === 'espirit',
    gFactor: accelerated,
    biasCorrection: method !== 'mr',
  };
}

/** Sensible numbers of replicas, and the most that a form offers. */
export const REPLICAS: Record<'pmr' | 'cr', { normal: number; most: number }> = {
  pmr: { normal: 100, most: 1_000 },
  cr: { normal: 6, most: 100 },
};
