/** ISMRMRD (`.h5`) files as `RawScan`; the HDF5 work is done in a thread, see ismrmrd-decoder.ts. */
import { WorkerError } from '../errors.ts';
import { parseAcquisition, positionOfRecord } from './ismrmrd-acquisition.ts';
import { type IsmrmrdDecoder, takeDecoder } from './ismrmrd-decoder.ts';
import { ismrmrdHeader, parseIsmrmrdXml } from './ismrmrd-header.ts';
import { type IsmrmrdIndex, indexIsmrmrd } from './ismrmrd-index.ts';
import type { RowLayout } from './ismrmrd-layout.ts';
import type { DecodedRows } from './ismrmrd-thread.ts';
import type { RawFile } from './raw-file.ts';
import type { RawScan, Readout, ReadoutIndex } from './scan.ts';
import { UNKNOWN_POSITION } from './slices.ts';
import { turnRound } from './turn-round.ts';

type Wanted = (readout: ReadoutIndex, position: number) => boolean;

/**
 * Indexes an ISMRMRD file; takes over `file` and closes it on errors.
 * `timeoutMs`: how long the HDF5 library may take for a single answer (opening, or a batch of acquisitions).
 * Throws WorkerError('input_unreadable') if the file is no ISMRMRD file, damaged or without any acquisition.
 */
export async function openIsmrmrd(file: RawFile, timeoutMs: number): Promise<RawScan> {
  let taken: IsmrmrdDecoder | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([taken?.release(), file.close()]);
  };
  try {
    const decoder = await takeDecoder(timeoutMs);
    taken = decoder;
    const opened = await decoder.open(file.path);
    const { root, encodings } = parseIsmrmrdXml(opened.xml);
    const lines = await indexIsmrmrd(decoder, opened, file.size);
    return {
      header: ismrmrdHeader(root, encodings[0], lines.findings),
      warnings: lines.warnings,
      slicePositions: lines.findings.slicePositions,
      index: lines.findings.index,
      readouts: (wanted) => readRows(decoder, opened.layout, lines, wanted),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Rows that are read together: their places in the index, the first row in the file and the distance of the
 * rows, which is the number of slices where slices are measured in turns.
 */
interface Batch {
  readonly places: number[];
  readonly from: number;
  stride: number;
}

function* batchesOf({ findings, rows, batchRows }: IsmrmrdIndex, wanted: Wanted): Generator<Batch> {
  let batch: Batch | undefined;
  for (const [place, readout] of findings.index.entries()) {
    if (!wanted(readout, place)) continue;
    if (batch?.places.length === 1) batch.stride = rows[place] - batch.from;
    const next = batch && batch.from + batch.places.length * batch.stride;
    if (batch && batch.places.length < batchRows && rows[place] === next) {
      batch.places.push(place);
    } else {
      if (batch) yield batch;
      batch = { places: [place], from: rows[place], stride: 1 };
    }
  }
  if (batch) yield batch;
}

/** While one batch is consumed the thread decodes the next; two buffers take turns. */
async function* readRows(
  decoder: IsmrmrdDecoder,
  layout: RowLayout,
  lines: IsmrmrdIndex,
  wanted: Wanted,
): AsyncGenerator<Readout> {
  const batches = batchesOf(lines, wanted);
  const ask = (batch: Batch | undefined, buffer?: ArrayBuffer): Promise<DecodedRows> | undefined =>
    batch &&
    decoder.rows({
      from: batch.from,
      count: batch.places.length,
      stride: batch.stride,
      samples: true,
      buffer,
    });
  let batch: Batch | undefined = batches.next().value ?? undefined;
  let answer = ask(batch);
  let spare: ArrayBuffer | undefined;
  try {
    while (batch && answer) {
      const decoded = await answer;
      const following: Batch | undefined = batches.next().value ?? undefined;
      answer = ask(following, spare);
      yield* readoutsOf(batch, decoded, layout, lines);
      spare = decoded.samples.buffer;
      batch = following;
    }
  } finally {
    // An early stop must wait for the answer under way; what went wrong in it no longer matters to anyone.
    await Promise.allSettled([answer]);
  }
}

function* readoutsOf(
  { places, from, stride }: Batch,
  { records, lengths, samples: all }: DecodedRows,
  layout: RowLayout,
  { findings }: IsmrmrdIndex,
): Generator<Readout> {
  const view = new DataView(records.buffer);
  let start = 0;
  for (const [i, place] of places.entries()) {
    const record = { view, at: i * layout.rowBytes, layout };
    const acquisition = parseAcquisition(record, lengths[i], `acquisition ${from + i * stride + 1}`);
    const readout = findings.index[place];
    const stored = all.subarray(start, start + lengths[i]);
    start += lengths[i];
    const { storedSamples, coils, discardPre } = acquisition;
    if (coils !== readout.coils || storedSamples - discardPre - acquisition.discardPost !== readout.samples) {
      throw new WorkerError('input_unreadable', 'The file changed while it was being read.');
    }
    const data = withoutDiscarded(stored, coils, storedSamples, discardPre, readout.samples);
    if (acquisition.reversed) turnRound(data, coils, readout.samples);
    yield { ...readout, position: positionOfRecord(record) ?? UNKNOWN_POSITION, data };
  }
}

/** Moves the kept samples of every coil together, in place; `data` is interleaved complex `[coil][sample]`. */
function withoutDiscarded(
  data: Float32Array,
  coils: number,
  stored: number,
  discardPre: number,
  kept: number,
): Float32Array {
  if (kept === stored) return data;
  for (let coil = 0; coil < coils; coil++) {
    const first = 2 * (coil * stored + discardPre);
    data.copyWithin(2 * coil * kept, first, first + 2 * kept);
  }
  return data.subarray(0, 2 * coils * kept);
}
