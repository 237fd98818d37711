/** The pass over the lines of a TWIX file: what each line is and where it lies, without reading any sample. */
import { setImmediate } from 'node:timers/promises';
import { WorkerError } from '../errors.ts';
import { MAX_READOUTS } from './grid.ts';
import { createWindow, type RawFile } from './raw-file.ts';
import type { ReadoutIndex, ReadoutKind, SlicePosition } from './scan.ts';
import type { TwixFile, TwixMeasurement } from './twix-file.ts';
import { imageDwell, noiseDwell, type TwixFindings } from './twix-header.ts';
import { indexOfLine, lineHeaderBytes, parseLine, positionOfLine, type TwixLine } from './twix-lines.ts';

/** The event loop gets its turn after so many lines. */
const LINES_PER_TURN = 4096;

export interface TwixIndex {
  readonly findings: TwixFindings;
  /** Position and length of the line in the file, by place in the index. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly warnings: readonly string[];
}

/**
 * Indexes the image and calibration lines of the last measurement and the noise lines of all.
 * Throws WorkerError('input_unreadable') if the file is truncated, damaged or without any readout.
 */
export async function indexTwix(file: RawFile, twix: TwixFile): Promise<TwixIndex> {
  const { dialect, measurements, protocol } = twix;
  const index: ReadoutIndex[] = [];
  const offsets: number[] = [];
  const lengths: number[] = [];
  const slicePositions: (SlicePosition | undefined)[] = [];
  const warnings: string[] = [];
  let lines = 0;
  let first: TwixLine | undefined;
  let longestLine = 0;
  let phaseCorrection = false;
  let reflected = false;

  const add = (located: LocatedLine, kind: ReadoutKind, dwell: number | undefined): void => {
    if (index.length >= MAX_READOUTS) {
      throw new WorkerError('input_unreadable', `The file holds more than ${MAX_READOUTS} readouts.`);
    }
    const readout = indexOfLine(located.header, dialect, located.line, kind, dwell);
    index.push(readout);
    offsets.push(located.at);
    lengths.push(located.line.bytes);
    if (kind === 'image' || kind === 'calibration_and_image') {
      slicePositions[readout.slice] ??= positionOfLine(located.header, dialect);
    }
  };

  for (const [m, measurement] of measurements.entries()) {
    const isImage = m === measurements.length - 1;
    const name = measurements.length > 1 ? ` of measurement ${m + 1}` : '';
    for (const located of walkLines(file, twix, measurement, name, warnings)) {
      const { line } = located;
      if (++lines % LINES_PER_TURN === 0) await setImmediate();
      if (line.kind === 'noise') {
        add(located, 'noise', noiseDwell(dialect, measurement.name, line.storedSamples, protocol));
      } else if (isImage) {
        phaseCorrection ||= line.phaseCorrection;
        if (line.kind === undefined) continue;
        add(located, line.kind, imageDwell(protocol));
        first ??= line;
        longestLine = Math.max(longestLine, line.storedSamples);
        reflected ||= line.reflected;
      }
    }
  }
  if (index.length === 0) {
    throw new WorkerError('input_unreadable', 'The TWIX file holds neither image nor noise readouts.');
  }
  const findings: TwixFindings = {
    dialect,
    index,
    slicePositions: Array.from(slicePositions),
    longestLine,
    centerLine: first?.centerLine ?? 0,
    centerPartition: first?.centerPartition ?? 0,
    echoTrain: phaseCorrection && reflected,
  };
  return { findings, offsets, lengths, warnings };
}

interface LocatedLine {
  readonly at: number;
  readonly line: TwixLine;
  /** Valid until the next line. */
  readonly header: Buffer;
}

/** All lines of a measurement up to its end mark; a missing end mark is a warning, half a line an error. */
function* walkLines(
  file: RawFile,
  { dialect }: TwixFile,
  measurement: TwixMeasurement,
  suffix: string,
  warnings: string[],
): Generator<LocatedLine> {
  const headerBytes = lineHeaderBytes(dialect);
  const window = createWindow(file);
  let at = measurement.dataStart;
  let stride = 0;
  for (let n = 1; at < measurement.end; n++) {
    const place = `line ${n}${suffix}`;
    if (at + headerBytes > measurement.end) throw brokenOff(place, at + headerBytes - measurement.end);
    const header = window.at(at, headerBytes, stride);
    const line = parseLine(header, dialect, place);
    if (line.end) return;
    stride = line.bytes;
    if (at + stride > measurement.end) throw brokenOff(place, at + stride - measurement.end);
    yield { at, line, header };
    at += stride;
  }
  const why = measurement.lengthKnown ? 'it may have been stopped early' : 'its length is not known';
  warnings.push(`The TWIX file has no end mark after the last whole line${suffix}: ${why}.`);
}

function brokenOff(place: string, missing: number): WorkerError {
  return new WorkerError(
    'input_unreadable',
    `The TWIX file is truncated: it ends within ${place}, at least ${missing} bytes are missing.`,
  );
}
