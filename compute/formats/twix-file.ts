/**
 * The skeleton of a Siemens TWIX file: which measurements it has, where their lines start and what their
 * protocol says. VB files are one measurement; VD, VE and XA files start with a table of measurements.
 */
import { WorkerError } from '../errors.ts';
import type { RawFile } from './raw-file.ts';
import type { TwixDialect } from './twix-lines.ts';
import { createTwixProtocol, type TwixProtocol } from './twix-protocol.ts';

const TABLE_HEADER = 8;
const TABLE_ENTRY = 152;
const MAX_MEASUREMENTS = 64;
const MAX_BUFFERS = 64;
const MAX_BUFFER_NAME = 48;
/** Longest protocol buffer that is read; real ones have less than 2 MiB. */
const MAX_TEXT_BYTES = 16 << 20;
const WANTED_TEXTS = new Set(['MeasYaps', 'Phoenix', 'Meas', 'Dicom']);

export interface TwixMeasurement {
  /** Name of the protocol in the table of measurements; '' in VB files. */
  readonly name: string;
  /** Position of the first line. */
  readonly dataStart: number;
  /** Position behind the measurement. */
  readonly end: number;
  /** False if the table leaves the length open (0), as after an aborted transfer. */
  readonly lengthKnown: boolean;
}

export interface TwixFile {
  readonly dialect: TwixDialect;
  /** At least one, in the order of the table; the last one is the image measurement. */
  readonly measurements: readonly TwixMeasurement[];
  /** Protocol of the image measurement. */
  readonly protocol: TwixProtocol;
}

/** True if the beginning of the file can be that of a TWIX file; reads a few hundred bytes. */
export function looksLikeTwix(file: RawFile): boolean {
  const head = file.bytes(0, TABLE_HEADER + TABLE_ENTRY);
  if (head.length < TABLE_HEADER + TABLE_ENTRY) return false;
  if (!hasTable(head)) return looksLikeProtocol(file, 0);
  const count = head.readUInt32LE(4);
  const first = Number(head.readBigUInt64LE(TABLE_HEADER + 8));
  return count >= 1 && first >= TABLE_HEADER + count * TABLE_ENTRY && looksLikeProtocol(file, first);
}

/** VD, VE and XA: the length of the (missing) first header is small, and at most 64 measurements follow. */
function hasTable(head: Buffer): boolean {
  return head.readUInt32LE(0) < 10_000 && head.readUInt32LE(4) <= MAX_MEASUREMENTS;
}

function looksLikeProtocol(file: RawFile, offset: number): boolean {
  const head = file.bytes(offset, 8 + MAX_BUFFER_NAME);
  if (head.length < 12) return false;
  const buffers = head.readUInt32LE(4);
  return (
    buffers >= 1 && buffers <= MAX_BUFFERS && /^[A-Za-z][A-Za-z0-9_]*\0/.test(head.toString('latin1', 8))
  );
}

/**
 * Reads the table of measurements and the protocols.
 * Throws WorkerError('input_unreadable') if a header points outside the file; says how much is missing.
 */
export function readTwixFile(file: RawFile): TwixFile {
  const head = file.bytes(0, TABLE_HEADER + MAX_MEASUREMENTS * TABLE_ENTRY);
  if (!hasTable(head)) {
    const whole = readMeasurement(file, { offset: 0, length: file.size, name: '' }, 'the measurement');
    return { dialect: 'vb', measurements: [whole], protocol: readProtocol(file, 0, whole) };
  }
  const count = head.readUInt32LE(4);
  if (head.length < TABLE_HEADER + count * TABLE_ENTRY) {
    throw new WorkerError('input_unreadable', 'The TWIX file breaks off within its table of measurements.');
  }
  const entries = Array.from({ length: count }, (_, i) => tableEntry(head, TABLE_HEADER + i * TABLE_ENTRY));
  const measurements = entries.map((entry, i) =>
    readMeasurement(file, entry, `measurement ${i + 1} of ${count}`),
  );
  const image = measurements[count - 1];
  return { dialect: 'vd', measurements, protocol: readProtocol(file, entries[count - 1].offset, image) };
}

interface TableEntry {
  offset: number;
  length: number;
  name: string;
}

function tableEntry(head: Buffer, at: number): TableEntry {
  return {
    offset: Number(head.readBigUInt64LE(at + 8)),
    length: Number(head.readBigUInt64LE(at + 16)),
    name: head
      .toString('latin1', at + 88, at + 152)
      .replace(/\0.*/s, '')
      .trim(),
  };
}

function readMeasurement(file: RawFile, entry: TableEntry, place: string): TwixMeasurement {
  const { offset, length } = entry;
  if (offset + Math.max(length, 8) > file.size) {
    const missing = offset + Math.max(length, 8) - file.size;
    throw new WorkerError(
      'input_unreadable',
      `The TWIX file is truncated: ${place} ends ${missing} bytes behind the end of the file.`,
    );
  }
  const end = length > 0 ? offset + length : file.size;
  const head = file.bytes(offset, 8);
  const headerBytes = head.readUInt32LE(0);
  if (headerBytes < 8 || offset + headerBytes > end) {
    throw new WorkerError(
      'input_unreadable',
      `The TWIX file is truncated or damaged: the header of ${place} claims ${headerBytes} bytes, ` +
        `${end - offset} are there.`,
    );
  }
  return { name: entry.name, dataStart: offset + headerBytes, end, lengthKnown: length > 0 };
}

/** The texts between a measurement's offset and its first line. */
function readProtocol(file: RawFile, offset: number, measurement: TwixMeasurement): TwixProtocol {
  const count = file.bytes(offset + 4, 4).readUInt32LE(0);
  const texts = new Map<string, string>();
  let at = offset + 8;
  for (let i = 0; i < count; i++) {
    const head = file.bytes(at, MAX_BUFFER_NAME + 5);
    const nul = head.indexOf(0);
    const length = nul > 0 && nul + 5 <= head.length ? head.readUInt32LE(nul + 1) : undefined;
    const text = at + nul + 5;
    if (i >= MAX_BUFFERS || length === undefined || text + length > measurement.dataStart) {
      throw new WorkerError(
        'input_unreadable',
        `The TWIX file is damaged: text ${i + 1} of ${count} does not fit the header of the measurement.`,
      );
    }
    const name = head.toString('latin1', 0, nul);
    if (WANTED_TEXTS.has(name) && length <= MAX_TEXT_BYTES) {
      texts.set(name, file.bytes(text, length).toString('latin1'));
    }
    at = text + length;
  }
  return createTwixProtocol(texts);
}
