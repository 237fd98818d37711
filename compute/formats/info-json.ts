/**
 * info.json, the table of contents of a result: which maps there are, how they were made, and everything
 * needed to make them again. Viewers read `data`, `headers` and `info`; the rest is for people and scripts.
 */

/** One map in the result. */
export interface OutputEntry {
  /** Path inside the zip. */
  readonly filename: string;
  /** Stable number of this kind of map: 0 SNR, 1 noise covariance, 2 noise coefficients, ... */
  readonly id: number;
  readonly name: string;
  readonly type: 'output' | 'accessory' | 'mask';
  /** 2 for matrices, 3 for volumes. */
  readonly dim: 2 | 3;
  readonly complex: boolean;
}

export interface InfoJson {
  readonly headers: {
    /** Seconds. */
    readonly calculation_time: number;
    /** The task document, without secrets. */
    readonly options: unknown;
    readonly log: readonly unknown[];
  };
  readonly data: readonly Record<string, unknown>[];
  readonly info: { readonly calculation_time: number; readonly slices: number };
  readonly [more: string]: unknown;
}

export interface InfoRequest {
  readonly seconds: number;
  readonly options: unknown;
  readonly log: readonly unknown[];
  readonly outputs: readonly OutputEntry[];
  readonly slices: number;
  /** Further sections, for example acquisition, noise, warnings. */
  readonly sections: Record<string, unknown>;
}

/** The object to be written as info.json; maps sorted by id. */
export function infoJson(request: InfoRequest): InfoJson {
  const { seconds, options, log, outputs, slices, sections } = request;
  const calculation_time = Math.round(seconds * 1000) / 1000;
  const data = [...outputs]
    .sort((a, b) => a.id - b.id)
    .map(({ complex, ...entry }) => ({
      ...entry,
      numpyPixelType: complex ? 'complex64' : 'float32',
      pixelType: complex ? 'complex' : 'real',
    }));
  return {
    headers: { calculation_time, options, log },
    data,
    info: { calculation_time, slices },
    ...sections,
  };
}

/** What the numbers in the maps mean. */
export const CONVENTIONS = {
  axes: 'x = readout (frequency encoding), y = phase encoding, z = slice; x runs fastest',
  fourierTransform: 'centred and unitary; k = 0 and the image centre at index floor(n / 2)',
  noiseCovariance:
    'complex covariance E[n n^H] of one sample of the working k-space: after oversampling removal, before averaging',
  snr: '|y| / (complex standard deviation of the noise of y / sqrt(2)): noise in phase with the signal',
} as const;
