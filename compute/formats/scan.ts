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
  /** Phase-encoding line (k-space encode step 1), counted as the file does: see `ScanHeader.centerLine`. */
  readonly line: number;
  /** Second phase encoding of 3-D acquisitions. */
  readonly partition: number;
  /** Slice in the order of the file's counter, not of space: see `sliceOrder` in slices.ts. */
  readonly slice: number;
  readonly average: number;
  readonly repetition: number;
  /** Echo of a multi-echo acquisition. */
  readonly contrast: number;
  /** Phase of a physiological cycle. */
  readonly phase: number;
  readonly set: number;
  readonly segment: number;
  /** Complex samples per coil that `Readout.data` will have; discarded ones are not counted. */
  readonly samples: number;
  readonly coils: number;
  /** Index of the k = 0 sample in `Readout.data`; a reflected line of 2c samples around c keeps its c. */
  readonly centerSample: number;
  /** Dwell time of one stored sample in microseconds; undefined if the file does not say. */
  readonly dwellMicroseconds: number | undefined;
}

/** Position of a slice in patient coordinates (LPS: left, posterior, head; mm) and its unit vectors (LPS). */
export interface SlicePosition {
  /** Centre of the field of view. */
  readonly centerMm: readonly [number, number, number];
  readonly readDirection: readonly [number, number, number];
  readonly phaseDirection: readonly [number, number, number];
  readonly sliceDirection: readonly [number, number, number];
}

/** One readout with its samples. */
export interface Readout extends ReadoutIndex {
  readonly position: SlicePosition;
  /** Interleaved complex float32 `[coil][sample]`; reflected lines are already turned round. Valid until the next readout. */
  readonly data: Float32Array;
}

/** What a file says about its image measurement, in the field's terms. */
export interface ScanHeader {
  /** `twix-vd`: every Siemens MultiRAID file, that is VD, VE and XA. */
  readonly format: 'ismrmrd' | 'twix-vb' | 'twix-vd';
  /** Coils of the image readouts (of the noise readouts if there are no others). */
  readonly coils: number;
  /** Samples, lines, partitions of the full k-space grid: the image lines lie on it even if not all are acquired. */
  readonly encodedMatrix: { readonly x: number; readonly y: number; readonly z: number };
  /** Matrix of the image that the scanner would make. */
  readonly reconMatrix: { readonly x: number; readonly y: number; readonly z: number };
  /** Field of view of the recon matrix, mm; 0 if the file does not say. */
  readonly reconFovMm: { readonly x: number; readonly y: number; readonly z: number };
  /** Field of view of the encoded matrix (with oversampling), mm; 0 if the file does not say. */
  readonly encodedFovMm: { readonly x: number; readonly y: number; readonly z: number };
  /** Encoded / recon field of view along the readout: 2 for usual Siemens data, 1 if removed already. */
  readonly readoutOversampling: number;
  /** `line` of k = 0; line l belongs at floor(encodedMatrix.y / 2) + l - centerLine of the centred grid. */
  readonly centerLine: number;
  /** `partition` of k = 0; 0 in 2-D. */
  readonly centerPartition: number;
  /** Counted in the image readouts of the file (largest index + 1), not what the protocol promised. */
  readonly slices: number;
  readonly averages: number;
  readonly repetitions: number;
  readonly contrasts: number;
  /** Nominal acceleration factors of parallel imaging; 1 = none. */
  readonly acceleration: { readonly phase: number; readonly partition: number };
  /** Reference (calibration) lines along phase encoding, as the protocol says. */
  readonly referenceLines: number | undefined;
  /** Slices excited together (multiband); 1 or undefined = one. Such data are refused. */
  readonly simultaneousSlices?: number;
  /** Where the calibration lines of parallel imaging come from. */
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
  /** Vendor, model and software of the scanner, as far as known. */
  readonly system: string | undefined;
  readonly fieldTesla: number | undefined;
  /** Distance between neighbouring slices or the slice thickness, mm. */
  readonly sliceThicknessMm: number | undefined;
}

/** An open raw-data file. */
export interface RawScan {
  readonly header: ScanHeader;
  /** Oddities that did not prevent reading, as sentences for people; empty for a regular file. */
  readonly warnings: readonly string[];
  /** Geometry of each slice, by `ReadoutIndex.slice`, from its first image line; undefined if no line has it. */
  readonly slicePositions: readonly (SlicePosition | undefined)[];
  /** Index of all readouts without their data, in the order of the file. */
  readonly index: readonly ReadoutIndex[];
  /**
   * Streams the readouts for which `wanted(index, position)` is true, in the order of the file; `position` is
   * the place in `index`. Throws WorkerError('input_unreadable') if the file changed or breaks off meanwhile.
   */
  readouts(wanted: (readout: ReadoutIndex, position: number) => boolean): AsyncIterable<Readout>;
  /** Gives the file back; safe to call twice. */
  close(): Promise<void>;
}
