/** Siemens TWIX (`.dat`) files of VB, VD, VE and XA systems as `RawScan`. */
import { WorkerError } from '../errors.ts';
import type { RawFile } from './raw-file.ts';
import type { RawScan, Readout, ReadoutIndex } from './scan.ts';
import { UNKNOWN_POSITION } from './slices.ts';
import { readTwixFile } from './twix-file.ts';
import { twixHeader } from './twix-header.ts';
import { indexTwix, type TwixIndex } from './twix-index.ts';
import { copySamples, lineHeaderBytes, parseLine, positionOfLine } from './twix-lines.ts';

/** Lines are read in blocks of at most this size (or one line); lines further apart start a new block. */
const BLOCK_BYTES = 4 << 20;
const GAP_BYTES = 256 << 10;

type Wanted = (readout: ReadoutIndex, position: number) => boolean;

/**
 * Indexes a TWIX file; takes over `file` and closes it on errors.
 * Throws WorkerError('input_unreadable') if the file is truncated, damaged or without any readout.
 */
export async function openTwix(file: RawFile): Promise<RawScan> {
  try {
    const twix = readTwixFile(file);
    const lines = await indexTwix(file, twix);
    return {
      header: twixHeader(twix.protocol, lines.findings),
      warnings: lines.warnings,
      slicePositions: lines.findings.slicePositions,
      index: lines.findings.index,
      readouts: (wanted) => readLines(file, lines, wanted),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Wanted readouts that are read together: their places in the index and the bytes that they span. */
interface Block {
  readonly places: number[];
  readonly start: number;
  end: number;
}

function* blocksOf({ findings, offsets, lengths }: TwixIndex, wanted: Wanted): Generator<Block> {
  let block: Block | undefined;
  for (const [place, readout] of findings.index.entries()) {
    if (!wanted(readout, place)) continue;
    const start = offsets[place];
    const end = start + lengths[place];
    if (block && end - block.start <= BLOCK_BYTES && start - block.end <= GAP_BYTES) {
      block.places.push(place);
      block.end = end;
    } else {
      if (block) yield block;
      block = { places: [place], start, end };
    }
  }
  if (block) yield block;
}

async function* readLines(file: RawFile, lines: TwixIndex, wanted: Wanted): AsyncGenerator<Readout> {
  const { dialect, index } = lines.findings;
  const headerBytes = lineHeaderBytes(dialect);
  let buffer = Buffer.alloc(0);
  let data = new Float32Array(0);
  for (const { places, start, end } of blocksOf(lines, wanted)) {
    if (buffer.length < end - start) {
      buffer = Buffer.allocUnsafeSlow(Math.max(end - start, Math.min(BLOCK_BYTES, file.size)));
    }
    await file.fill(buffer.subarray(0, end - start), start);
    for (const place of places) {
      const at = lines.offsets[place] - start;
      const header = buffer.subarray(at, at + headerBytes);
      const line = parseLine(header, dialect, `readout ${place + 1}`);
      const { samples, coils } = index[place];
      if (line.bytes !== lines.lengths[place] || line.coils !== coils) {
        throw new WorkerError('input_unreadable', 'The file changed while it was being read.');
      }
      if (data.length !== 2 * samples * coils) data = new Float32Array(2 * samples * coils);
      copySamples(buffer, at, dialect, line, data);
      yield { ...index[place], position: positionOfLine(header, dialect) ?? UNKNOWN_POSITION, data };
    }
  }
}
