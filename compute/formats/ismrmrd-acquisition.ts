/** One acquisition record of an ISMRMRD file: its role, its place and its geometry. Little endian. */
import { WorkerError } from '../errors.ts';
import type { Counter, HeadField, RowLayout } from './ismrmrd-layout.ts';
import type { ReadoutIndex, ReadoutKind, SlicePosition } from './scan.ts';

/** Flags count from 1 in the ISMRMRD standard: flag n is bit n - 1. */
const flag = (n: number): bigint => 1n << BigInt(n - 1);
const NOISE = flag(19);
const CALIBRATION = flag(20);
const CALIBRATION_AND_IMAGING = flag(21);
const REVERSE = flag(22);
/** Navigation, phase correction, HP feedback, dummy, RT feedback, surface-coil and phase-stabilisation scans. */
const NO_IMAGE = [23, 24, 26, 27, 28, 29, 30, 31].map(flag).reduce((all, one) => all | one);

export interface Acquisition {
  /** Undefined for acquisitions that are no data (navigators, dummies, feedback). */
  readonly kind: ReadoutKind | undefined;
  readonly reversed: boolean;
  /** Samples per coil in the file, with those to be discarded. */
  readonly storedSamples: number;
  readonly coils: number;
  readonly discardPre: number;
  readonly discardPost: number;
  readonly encodingSpace: number;
  readonly trajectoryDimensions: number;
}

/** One record within the records of a batch. */
export interface Record {
  readonly view: DataView;
  /** Where the record starts in `view`. */
  readonly at: number;
  readonly layout: RowLayout;
}

function field16(record: Record, name: HeadField): number {
  return record.view.getUint16(record.at + record.layout.head[name], true);
}

/**
 * Reads the header of an acquisition. `numbers`: float32 values of its samples; `place` names it in errors.
 * Throws WorkerError('input_unreadable') if the sizes contradict each other.
 */
export function parseAcquisition(record: Record, numbers: number, place: string): Acquisition {
  const flags = record.view.getBigUint64(record.at + record.layout.head.flags, true);
  const acquisition: Acquisition = {
    kind: kindOf(flags),
    reversed: (flags & REVERSE) !== 0n,
    storedSamples: field16(record, 'number_of_samples'),
    coils: field16(record, 'active_channels'),
    discardPre: field16(record, 'discard_pre'),
    discardPost: field16(record, 'discard_post'),
    encodingSpace: field16(record, 'encoding_space_ref'),
    trajectoryDimensions: field16(record, 'trajectory_dimensions'),
  };
  const { storedSamples, coils, discardPre, discardPost } = acquisition;
  if (acquisition.kind === undefined) return acquisition;
  if (coils < 1 || storedSamples < 1 || numbers !== 2 * coils * storedSamples) {
    throw new WorkerError(
      'input_unreadable',
      `The ISMRMRD file is damaged at ${place}: it claims ${coils} coils with ${storedSamples} samples each ` +
        `and holds ${numbers / 2} complex numbers.`,
    );
  }
  if (discardPre + discardPost >= storedSamples) {
    throw new WorkerError(
      'input_unreadable',
      `The ISMRMRD file is damaged at ${place}: it discards all of its samples.`,
    );
  }
  return acquisition;
}

function kindOf(flags: bigint): ReadoutKind | undefined {
  if (flags & NOISE) return 'noise';
  if (flags & NO_IMAGE) return undefined;
  if (flags & CALIBRATION_AND_IMAGING) return 'calibration_and_image';
  if (flags & CALIBRATION) return 'calibration';
  return 'image';
}

/** Where the acquisition belongs. */
export function indexOfRecord(record: Record, acquisition: Acquisition, kind: ReadoutKind): ReadoutIndex {
  const counter = (name: Counter): number =>
    record.view.getUint16(record.at + record.layout.counters[name], true);
  const dwell = record.view.getFloat32(record.at + record.layout.head.sample_time_us, true);
  const { storedSamples, discardPre, discardPost, reversed } = acquisition;
  const samples = storedSamples - discardPre - discardPost;
  const center = field16(record, 'center_sample');
  const turned = reversed ? storedSamples - center - discardPost : center - discardPre;
  return {
    kind,
    line: counter('kspace_encode_step_1'),
    partition: counter('kspace_encode_step_2'),
    slice: counter('slice'),
    average: counter('average'),
    repetition: counter('repetition'),
    contrast: counter('contrast'),
    phase: counter('phase'),
    set: counter('set'),
    segment: counter('segment'),
    samples,
    coils: acquisition.coils,
    centerSample: Math.min(Math.max(turned, 0), samples - 1),
    dwellMicroseconds: Number.isFinite(dwell) && dwell > 0 ? dwell : undefined,
  };
}

/** Geometry of the acquisition; undefined if its directions are not of unit length (to 1 %), as when all 0. */
export function positionOfRecord(record: Record): SlicePosition | undefined {
  const vector = (name: HeadField): [number, number, number] => {
    const at = record.at + record.layout.head[name];
    return [0, 4, 8].map((offset) => record.view.getFloat32(at + offset, true)) as [number, number, number];
  };
  const position: SlicePosition = {
    centerMm: vector('position'),
    readDirection: vector('read_dir'),
    phaseDirection: vector('phase_dir'),
    sliceDirection: vector('slice_dir'),
  };
  const unit = (v: readonly number[]): boolean => Math.abs(Math.hypot(...v) - 1) < 0.01;
  const known =
    unit(position.readDirection) && unit(position.phaseDirection) && unit(position.sliceDirection);
  return known && position.centerMm.every(Number.isFinite) ? position : undefined;
}
