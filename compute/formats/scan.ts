/**
 * What every raw-data reader gives: a header in the field's terms and a stream of readouts.
 * Readers (ismrmrd.ts, twix.ts) only translate; what the readouts mean for SNR is decided in ../mr.
 * Reading is streamed: `open` indexes the file, `readouts` reads what is asked for and nothing else,
 * so memory does not grow with the file.
 */

/** Role of a readout in the acquisition. `calibration` = reference line used for calibration only. */
export type ReadoutKind = 'image' | 'noise' | 'calibration' | 'calibration_and_image';

/** Where a readout belongs; all indices start at 0. */
export interface ReadoutIndex {
  readonly kind: ReadoutKind;
  /** Phase-encoding line (k-space encode step 1). */
  readonly line: number;
  /** Second phase encoding of 3-D acquisitions. */
  readonly partition: number;
  readonly slice: number;
  readonly average: number;
  readonly repetition: number;
  readonly contrast: number;
  readonly phase: number;
  readonly set: number;
  readonly segment: number;
  readonly samples: number;
  readonly coils: number;
  /** Sample index of k = 0 along the readout, as stored (after un-reflecting). */
  readonly centerSample: number;
  /** Dwell time of one stored sample in microseconds; undefined if the file does not say. */
  readonly dwellMicroseconds: number | undefined;
}

/** Position of a slice in patient coordinates (LPS, mm) and its unit vectors. */
export interface SlicePosition {
  readonly centerMm: readonly [number, number, number];
  readonly readDirection: readonly [number, number, number];
  readonly phaseDirection: readonly [number, number, number];
  readonly sliceDirection: readonly [number, number, number];
}

export interface Readout extends ReadoutIndex {
  readonly position: SlicePosition;
  /** Interleaved complex float32 `[coil][sample]`; reflected lines are already turned round. Valid until the next readout. */
  readonly data: Float32Array;
}

export interface ScanHeader {
  readonly format: 'ismrmrd' | 'twix-vb' | 'twix-vd';
  readonly coils: number;
  /** Samples, lines, partitions of the stored (encoded) k-space grid. */
  readonly encodedMatrix: { readonly x: number; readonly y: number; readonly z: number };
  /** Matrix of the image that the scanner would make. */
  readonly reconMatrix: { readonly x: number; readonly y: number; readonly z: number };
  /** Field of view of the recon matrix, mm. */
  readonly reconFovMm: { readonly x: number; readonly y: number; readonly z: number };
  readonly encodedFovMm: { readonly x: number; readonly y: number; readonly z: number };
  /** Encoded / recon field of view along the readout: 2 for usual Siemens data, 1 if removed already. */
  readonly readoutOversampling: number;
  /** Line index of k = 0 along phase and partition encoding. */
  readonly centerLine: number;
  readonly centerPartition: number;
  readonly slices: number;
  readonly averages: number;
  readonly repetitions: number;
  readonly contrasts: number;
  readonly acceleration: { readonly phase: number; readonly partition: number };
  readonly referenceLines: number | undefined;
  readonly calibrationMode: 'none' | 'embedded' | 'separate' | 'other';
  readonly trajectory: 'cartesian' | 'epi' | 'radial' | 'spiral' | 'other';
  /** True if the readout gradient ramps are sampled (needs regridding: refused). */
  readonly rampSampling: boolean;
  /** ISMRMRD relativeReceiverNoiseBandwidth; undefined if the file does not say. */
  readonly noiseBandwidthRatio: number | undefined;
  /** Dwell time of the noise readouts in the same file, microseconds. */
  readonly noiseDwellMicroseconds: number | undefined;
  /** Dwell time of the image readouts, microseconds. */
  readonly imageDwellMicroseconds: number | undefined;
  readonly protocol: string | undefined;
  readonly system: string | undefined;
  readonly fieldTesla: number | undefined;
  /** Distance between neighbouring slices or the slice thickness, mm. */
  readonly sliceThicknessMm: number | undefined;
}

export interface RawScan {
  readonly header: ScanHeader;
  /** Index of all readouts without their data, in the order of the file. */
  readonly index: readonly ReadoutIndex[];
  /** Streams the readouts for which `wanted(index)` is true, in the order of the file. */
  readouts(wanted: (readout: ReadoutIndex, position: number) => boolean): AsyncIterable<Readout>;
  close(): Promise<void>;
}
