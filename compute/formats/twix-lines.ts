/**
 * One line (readout of all coils) of a Siemens TWIX file: its header ("MDH") and its samples.
 * Little endian. VB repeats a 128-byte header before every coil; VD, VE and XA have one of 192 bytes for
 * the line and 32 bytes before every coil. From `EvalInfoMask` on, both have the same order of fields.
 */
import { WorkerError } from '../errors.ts';
import type { ReadoutIndex, ReadoutKind, SlicePosition } from './scan.ts';
import { directionsOfQuaternion } from './slices.ts';
import { turnRound } from './turn-round.ts';

export type TwixDialect = 'vb' | 'vd';

/** Byte layout of a line. */
const LAYOUT = {
  vb: { lineHeader: 0, coilHeader: 128, minimum: 128, mask: 20, position: 96 },
  vd: { lineHeader: 192, coilHeader: 32, minimum: 192, mask: 40, position: 100 },
} as const;

/** Bits of EvalInfoMask that matter here. */
const ACQEND = 1 << 0;
const RTFEEDBACK = 1 << 1;
const HPFEEDBACK = 1 << 2;
const SYNCDATA = 1 << 5;
const REFPHASESTAB = 1 << 14;
const PHASESTAB = 1 << 15;
const PHASCOR = 1 << 21;
const PATREFSCAN = 1 << 22;
const PATREFANDIMASCAN = 1 << 23;
const REFLECT = 1 << 24;
const NOISEADJSCAN = 1 << 25;
/** Bit 60: lines that no reader takes for image data. */
const UPPER_NO_IMAGE = 1 << 28;
const NO_IMAGE = RTFEEDBACK | HPFEEDBACK | REFPHASESTAB | PHASESTAB | PHASCOR;

const DMA_LENGTH = 0x1ffffff;
const PACK_BIT = 1 << 25;

/** More than any receiver has; protects against headers that are not headers. */
const MAX_COILS = 256;
const MAX_LINE_BYTES = 64 << 20;

export interface TwixLine {
  readonly end: boolean;
  /** Role, undefined for lines that are no data (feedback, phase correction, synchronisation). */
  readonly kind: ReadoutKind | undefined;
  readonly phaseCorrection: boolean;
  readonly reflected: boolean;
  /** Length of the whole line in the file. */
  readonly bytes: number;
  readonly storedSamples: number;
  readonly coils: number;
  readonly discardPre: number;
  readonly discardPost: number;
  readonly centerColumn: number;
  readonly centerLine: number;
  readonly centerPartition: number;
}

/** Bytes that the header of a line takes. */
export function lineHeaderBytes(dialect: TwixDialect): number {
  return LAYOUT[dialect].minimum;
}

/**
 * Reads the header of a line. `header` holds `lineHeaderBytes` bytes; `place` names the line in errors.
 * Throws WorkerError('input_unreadable') if it cannot be the header of a line.
 */
export function parseLine(header: Buffer, dialect: TwixDialect, place: string): TwixLine {
  const layout = LAYOUT[dialect];
  const q = layout.mask;
  const mask = header.readUInt32LE(q);
  const upper = header.readUInt32LE(q + 4);
  const flags = header.readUInt32LE(0);
  const samples = header.readUInt16LE(q + 8);
  const coils = header.readUInt16LE(q + 10);
  const end = (mask & ACQEND) !== 0;
  const synchronisation = (mask & SYNCDATA) !== 0;
  const computed = layout.lineHeader + coils * (layout.coilHeader + 8 * samples);
  const dma = flags & DMA_LENGTH;
  if (!end && !synchronisation) {
    if (coils < 1 || coils > MAX_COILS || samples < 1 || computed > MAX_LINE_BYTES) {
      throw damaged(place, `it claims ${coils} coils with ${samples} samples each`);
    }
    const unit = dialect === 'vd' ? computed : layout.coilHeader + 8 * samples;
    if ((flags & PACK_BIT) === 0 && dma !== (unit & DMA_LENGTH)) {
      throw damaged(place, `its length of ${dma} bytes does not fit ${coils} coils with ${samples} samples`);
    }
    if (header.readUInt16LE(q + 40) + header.readUInt16LE(q + 42) >= samples) {
      throw damaged(place, 'it discards all of its samples');
    }
  } else if (synchronisation && !end && dma < layout.minimum) {
    throw damaged(place, `it claims a length of ${dma} bytes`);
  }
  const discardPre = header.readUInt16LE(q + 40);
  const discardPost = header.readUInt16LE(q + 42);
  return {
    end,
    kind: end || synchronisation ? undefined : kindOf(mask, upper),
    phaseCorrection: (mask & PHASCOR) !== 0,
    reflected: (mask & REFLECT) !== 0,
    bytes: synchronisation ? dma : computed,
    storedSamples: samples,
    coils,
    discardPre,
    discardPost,
    centerColumn: header.readUInt16LE(q + 44),
    centerLine: header.readUInt16LE(q + 56),
    centerPartition: header.readUInt16LE(q + 58),
  };
}

function kindOf(mask: number, upper: number): ReadoutKind | undefined {
  if (mask & NOISEADJSCAN) return 'noise';
  if (mask & NO_IMAGE || upper & UPPER_NO_IMAGE) return undefined;
  if (mask & PATREFANDIMASCAN) return 'calibration_and_image';
  if (mask & PATREFSCAN) return 'calibration';
  return 'image';
}

function damaged(place: string, why: string): WorkerError {
  return new WorkerError('input_unreadable', `The TWIX file is damaged at ${place}: ${why}.`);
}

/** Where the line belongs. `header` and `line` as in `parseLine`; `dwell` in microseconds. */
export function indexOfLine(
  header: Buffer,
  dialect: TwixDialect,
  line: TwixLine,
  kind: ReadoutKind,
  dwell: number | undefined,
): ReadoutIndex {
  const counters = LAYOUT[dialect].mask + 12;
  const counter = (i: number): number => header.readUInt16LE(counters + 2 * i);
  const samples = line.storedSamples - line.discardPre - line.discardPost;
  const turned = line.reflected ? line.storedSamples - line.centerColumn : line.centerColumn;
  const before = line.reflected ? line.discardPost : line.discardPre;
  return {
    kind,
    line: counter(0),
    partition: counter(3),
    slice: counter(2),
    average: counter(1),
    repetition: counter(6),
    contrast: counter(4),
    phase: counter(5),
    set: counter(7),
    segment: counter(8),
    samples,
    coils: line.coils,
    centerSample: Math.min(Math.max(turned - before, 0), samples - 1),
    dwellMicroseconds: dwell,
  };
}

/** Geometry of the line's slice; undefined if the header has no rotation (quaternion not of unit length). */
export function positionOfLine(header: Buffer, dialect: TwixDialect): SlicePosition | undefined {
  const at = LAYOUT[dialect].position;
  const value = (i: number): number => header.readFloatLE(at + 4 * i);
  const directions = directionsOfQuaternion(value(3), value(4), value(5), value(6));
  if (!directions || ![value(0), value(1), value(2)].every(Number.isFinite)) return undefined;
  return { centerMm: [value(0), value(1), value(2)], ...directions };
}

/**
 * Copies the samples of a line without the coil headers into `out`, interleaved `[coil][sample]`; discarded
 * samples are left out and a reflected line is turned round. `block` holds the whole line from `start`.
 */
export function copySamples(
  block: Uint8Array,
  start: number,
  dialect: TwixDialect,
  line: TwixLine,
  out: Float32Array,
): void {
  const { lineHeader, coilHeader } = LAYOUT[dialect];
  const samples = line.storedSamples - line.discardPre - line.discardPost;
  const stride = coilHeader + 8 * line.storedSamples;
  const first = start + lineHeader + coilHeader + 8 * line.discardPre;
  const target = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
  for (let coil = 0; coil < line.coils; coil++) {
    const from = first + coil * stride;
    target.set(block.subarray(from, from + 8 * samples), coil * 8 * samples);
  }
  if (line.reflected) turnRound(out, line.coils, samples);
}
