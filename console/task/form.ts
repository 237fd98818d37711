/** A job as a person describes it, and the presets. */
import type { Mask, Method, Recon, Sensitivity } from './choices.ts';

/** An uploaded file, as the task document names it. */
export interface FileChoice {
  readonly id: string;
  readonly filename: string;
  readonly bucket: string;
  readonly key: string;
}

export interface JobForm {
  readonly unitId: string | undefined;
  readonly alias: string;
  readonly signal: FileChoice | undefined;
  /** The signal file holds its own noise measurement. */
  readonly ownNoise: boolean;
  readonly noise: FileChoice | undefined;
  readonly method: Method;
  readonly recon: Recon;
  readonly replicas: number | undefined;
  readonly boxSize: number | undefined;
  readonly decimate: boolean;
  /** Along readout and phase encoding. */
  readonly accelerations: readonly [number | undefined, number | undefined];
  /** Calibration lines; undefined: all. */
  readonly calibration: number | undefined;
  readonly kernel: readonly [number | undefined, number | undefined];
  readonly sensitivity: Sensitivity;
  readonly bodyCoil: FileChoice | undefined;
  readonly mask: Mask;
  readonly maskPercent: number | undefined;
  readonly flipAngles: FileChoice | undefined;
  readonly biasCorrection: boolean;
  readonly platform: 'auto' | 'lambda' | 'fargate';
  readonly output: { readonly coilsensitivity: boolean; readonly gfactor: boolean; readonly matlab: boolean };
  readonly maxUsd: number | undefined;
}

export const EMPTY: JobForm = {
  unitId: undefined,
  alias: '',
  signal: undefined,
  ownNoise: true,
  noise: undefined,
  method: 'ac',
  recon: 'rss',
  replicas: undefined,
  boxSize: 9,
  decimate: true,
  accelerations: [1, 2],
  calibration: 24,
  kernel: [3, 4],
  sensitivity: 'inner',
  bodyCoil: undefined,
  mask: 'no',
  maskPercent: 10,
  flipAngles: undefined,
  biasCorrection: false,
  platform: 'auto',
  output: { coilsensitivity: false, gfactor: false, matlab: true },
  maxUsd: undefined,
};

export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly change: Partial<JobForm>;
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'snr',
    label: 'SNR of my coil',
    hint: 'Analytic, root sum of squares. An SNR map and the noise correlation of the coils.',
    change: { method: 'ac', recon: 'rss', output: { coilsensitivity: false, gfactor: false, matlab: true } },
  },
  {
    id: 'g2',
    label: 'g-factor R = 2',
    hint: 'SENSE, every second line left out in software. How much SNR acceleration costs.',
    change: {
      method: 'ac',
      recon: 'sense',
      decimate: true,
      accelerations: [1, 2],
      calibration: 24,
      sensitivity: 'innerACL',
      output: { coilsensitivity: true, gfactor: true, matlab: true },
    },
  },
  {
    id: 'best',
    label: 'Best possible SNR',
    hint: 'Analytic, B1 weighted with sensitivities from the image itself.',
    change: {
      method: 'ac',
      recon: 'b1',
      sensitivity: 'inner',
      output: { coilsensitivity: true, gfactor: false, matlab: true },
    },
  },
  {
    id: 'grappa',
    label: 'GRAPPA R = 2 by replicas',
    hint: '100 pseudo replicas. SNR where no formula is trusted.',
    change: {
      method: 'pmr',
      recon: 'grappa',
      replicas: 100,
      decimate: true,
      accelerations: [1, 2],
      calibration: 24,
      output: { coilsensitivity: false, gfactor: true, matlab: true },
    },
  },
];
