/** Our side of the speed cases: what the run of a job does with one slice, from k-space to SNR. */
import { realZeros } from '../../compute/array/complex.ts';
import { centralBlock, copyBlock } from '../../compute/mr/calibration.ts';
import { decimateInPlace } from '../../compute/mr/lattice.ts';
import { prewhitenInPlace } from '../../compute/mr/prewhiten.ts';
import type { Reconstruction, WhitenedSlice } from '../../compute/mr/recon/reconstruction.ts';
import { RECONSTRUCTIONS } from '../../compute/mr/recon/registry.ts';
import { espirit } from '../../compute/mr/sensitivity/espirit.ts';
import type { MethodOptions, ReplicaOptions } from '../../compute/mr/snr/method.ts';
import { METHODS } from '../../compute/mr/snr/registry.ts';
import type { Phantom } from './phantom.ts';
import { SIZES } from './sizes.ts';

export interface Case {
  /** As reference.py calls it. */
  readonly key: string;
  readonly name: string;
  /** How many times faster than numpy it must be. */
  readonly floor: number;
  /** Times each side is measured. */
  readonly rounds: number;
  /** `same`: equal to within `tolerance`; `replicas`: the same SNR with the scatter of `replicas` draws. */
  readonly agreement: { readonly tolerance: number } | { readonly analytic: string; readonly draws: number };
  /** Named arrays, as the other side writes them; the slice is used up, as in a run. */
  readonly ours: (slice: Measured) => Record<string, Float32Array>;
}

/** A slice as a run has it after reading; its k-space may be changed. */
export type Measured = Pick<Phantom, 'kspace' | 'noise' | 'maps'>;

const OPTIONS = { biasCorrection: false, rssUnweighted: false };

/** The slice as a run would have it before the reconstruction. */
function whitened(
  { kspace, noise, maps }: Measured,
  recon: Reconstruction,
  acceleration: number,
): WhitenedSlice {
  const mask = realZeros(kspace.shape.slice(1));
  mask.data.fill(1);
  const sensitivities = recon.needs.sensitivities ? { maps, mask } : undefined;
  const slice = { kspace, noise, sensitivities };
  if (acceleration === 1) {
    prewhitenInPlace(kspace, noise, 1);
    return slice;
  }
  const sampling = { factors: [1, acceleration], offsets: [0, 0] } as const;
  // Sensitivities that are given need no calibration lines.
  const block = centralBlock([SIZES.columns, SIZES.lines], [SIZES.acs, SIZES.acs]);
  const calibration = sensitivities ? undefined : { kspace: copyBlock(kspace, block), block };
  decimateInPlace(kspace, sampling);
  prewhitenInPlace(kspace, noise, 1, { from: 0, to: SIZES.lines, step: acceleration });
  if (calibration)
    prewhitenInPlace(calibration.kspace, noise, 1, { from: block.y[0], to: block.y[1], step: 1 });
  return { ...slice, sampling, calibration };
}

/** SNR and, where there is one, the g-factor by the analytic method. */
function analytic(recon: string, measured: Measured, acceleration: number): Record<string, Float32Array> {
  const { reconstruct } = reconstructionOf(recon);
  let gFactor: Float32Array | undefined;
  const remembering: Reconstruction = {
    ...reconstructionOf(recon),
    reconstruct(slice, options) {
      const combined = reconstruct(slice, options);
      gFactor = combined.gFactor?.data;
      return combined;
    },
  };
  const snr = METHODS.ac.snr(whitened(measured, remembering, acceleration), remembering, OPTIONS).data;
  return gFactor && acceleration > 1 ? { snr, g: gFactor } : { snr };
}

function reconstructionOf(name: string): Reconstruction {
  return (RECONSTRUCTIONS as Record<string, Reconstruction>)[name];
}

/** SNR by a method with replicas. */
function replicas(
  method: 'pmr' | 'cr',
  recon: string,
  measured: Measured,
  acceleration: number,
  mode: ReplicaOptions['mode'] = 'fast',
): Record<string, Float32Array> {
  const reconstruction = reconstructionOf(recon);
  const options: MethodOptions = {
    ...OPTIONS,
    replicas: {
      count: method === 'pmr' ? SIZES.replicas : SIZES.generalised,
      seed: 1,
      mode,
      pooledQuadratures: false,
      rssMagnitude: false,
      finiteCorrection: false,
      boxSize: SIZES.boxSize,
      boxSizeCompatibility: false,
      neighbouringDifference: false,
    },
  };
  return {
    snr: METHODS[method].snr(whitened(measured, reconstruction, acceleration), reconstruction, options).data,
  };
}

/** ESPIRiT sensitivities of the whitened slice. */
function espiritMaps({ kspace, noise }: Measured): Record<string, Float32Array> {
  prewhitenInPlace(kspace, noise, 1);
  const block = centralBlock([SIZES.columns, SIZES.lines], [SIZES.espirit.acs, SIZES.espirit.acs]);
  const { kernel, acs: region, threshold, crop } = SIZES.espirit;
  return { maps: espirit({ kernel, region, threshold, crop }).estimate({ kspace, block }).maps.data };
}

/** All cases. */
export function speedCases(): Case[] {
  const { acceleration } = SIZES;
  const pmr = { rounds: 3, tolerance: undefined, draws: SIZES.replicas };
  const cases: (Omit<Case, 'agreement'> & { recon: string; tolerance?: number; draws?: number })[] = [
    {
      key: 'ac-rss',
      recon: 'rss',
      name: 'AC RSS',
      floor: 2,
      rounds: 15,
      tolerance: 1e-4,
      ours: (slice) => analytic('rss', slice, 1),
    },
    {
      key: 'ac-b1',
      recon: 'b1',
      name: 'AC B1',
      floor: 2,
      rounds: 15,
      tolerance: 1e-4,
      ours: (slice) => analytic('b1', slice, 1),
    },
    {
      key: 'ac-sense',
      recon: 'sense',
      name: 'AC SENSE R = 2, with g',
      floor: 4,
      rounds: 15,
      tolerance: 1e-4,
      ours: (slice) => analytic('sense', slice, acceleration),
    },
    {
      key: 'ac-grappa',
      recon: 'grappa',
      name: 'AC GRAPPA R = 2, kernel [4, 4]',
      floor: 1.5,
      rounds: 9,
      tolerance: 1e-3,
      ours: (slice) => analytic('grappa', slice, acceleration),
    },
    {
      key: 'espirit-maps',
      recon: 'espirit',
      name: 'ESPIRiT maps, kernel 6, region 24',
      floor: 1.5,
      rounds: 3,
      tolerance: 1e-3,
      ours: espiritMaps,
    },
    {
      key: 'pmr-rss',
      recon: 'rss',
      name: 'PMR RSS, 128 replicas',
      floor: 20,
      ...pmr,
      ours: (slice) => replicas('pmr', 'rss', slice, 1),
    },
    {
      key: 'pmr-rss',
      recon: 'rss',
      name: 'PMR RSS, 128 replicas, exact',
      floor: 3,
      ...pmr,
      ours: (slice) => replicas('pmr', 'rss', slice, 1, 'exact'),
    },
    {
      key: 'pmr-b1',
      recon: 'b1',
      name: 'PMR B1, 128 replicas',
      floor: 20,
      ...pmr,
      ours: (slice) => replicas('pmr', 'b1', slice, 1),
    },
    {
      key: 'pmr-sense',
      recon: 'sense',
      name: 'PMR SENSE R = 2, 128 replicas',
      floor: 30,
      ...pmr,
      ours: (slice) => replicas('pmr', 'sense', slice, acceleration),
    },
    {
      key: 'pmr-grappa',
      recon: 'grappa',
      name: 'PMR GRAPPA R = 2, 128 replicas',
      floor: 15,
      ...pmr,
      ours: (slice) => replicas('pmr', 'grappa', slice, acceleration),
    },
    {
      key: 'cr-rss',
      recon: 'rss',
      name: 'CR RSS, 6 replicas, box 9',
      floor: 10,
      rounds: 7,
      draws: SIZES.generalised * SIZES.boxSize ** 2,
      ours: (slice) => replicas('cr', 'rss', slice, 1),
    },
  ];
  return cases.map(({ tolerance, draws = 0, recon, ...rest }) => ({
    ...rest,
    agreement: tolerance === undefined ? { analytic: `ac-${recon}`, draws } : { tolerance },
  }));
}
