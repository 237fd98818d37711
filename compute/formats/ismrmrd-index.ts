/** The pass over the acquisitions of an ISMRMRD file: what each is. The library reads samples along with it. */
import { WorkerError } from '../errors.ts';
import { MAX_READOUTS } from './grid.ts';
import { indexOfRecord, parseAcquisition, positionOfRecord } from './ismrmrd-acquisition.ts';
import type { IsmrmrdDecoder } from './ismrmrd-decoder.ts';
import type { IsmrmrdFindings } from './ismrmrd-header.ts';
import type { OpenedFile } from './ismrmrd-thread.ts';
import type { ReadoutIndex, SlicePosition } from './scan.ts';

/** Acquisitions that are asked for at a time: limited in number and in bytes of samples. */
const MAX_BATCH_ROWS = 64;
const BATCH_BYTES = 8 << 20;

export interface IsmrmrdIndex {
  readonly findings: IsmrmrdFindings;
  /** Row in the file, by place in the index. */
  readonly rows: readonly number[];
  /** How many acquisitions may be asked for at a time. */
  readonly batchRows: number;
  readonly warnings: readonly string[];
}

/** How many acquisitions of `floats` numbers may be asked for at a time. */
function batchRowsFor(floats: number): number {
  return Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(BATCH_BYTES / (4 * Math.max(1, floats)))));
}

/** Throws WorkerError('input_unreadable') on damaged acquisitions, or if there is none that counts. */
export async function indexIsmrmrd(
  decoder: IsmrmrdDecoder,
  { rows: total, layout }: OpenedFile,
  fileSize: number,
): Promise<IsmrmrdIndex> {
  mustBePossible(total, fileSize);
  const index: ReadoutIndex[] = [];
  const rows: number[] = [];
  const slicePositions: (SlicePosition | undefined)[] = [];
  let elsewhere = 0;
  let longestLine = 0;
  let hasTrajectory = false;
  let largest = 0;

  for (let from = 0, count = 1; from < total; from += count, count = batchRowsFor(largest)) {
    count = Math.min(count, total - from);
    const { records, lengths } = await decoder.rows({ from, count, stride: 1, samples: false });
    const view = new DataView(records.buffer);
    for (let i = 0; i < count; i++) {
      const record = { view, at: i * layout.rowBytes, layout };
      const acquisition = parseAcquisition(record, lengths[i], `acquisition ${from + i + 1}`);
      const { kind } = acquisition;
      largest = Math.max(largest, lengths[i]);
      if (kind === undefined) continue;
      if (kind !== 'noise' && acquisition.encodingSpace !== 0) {
        elsewhere++;
        continue;
      }
      const readout = indexOfRecord(record, acquisition, kind);
      index.push(readout);
      rows.push(from + i);
      if (kind === 'noise') continue;
      hasTrajectory ||= acquisition.trajectoryDimensions > 0;
      longestLine = Math.max(longestLine, acquisition.storedSamples);
      if (kind !== 'calibration') slicePositions[readout.slice] ??= positionOfRecord(record);
    }
  }
  if (index.length === 0) {
    throw new WorkerError('input_unreadable', 'The ISMRMRD file holds neither image nor noise acquisitions.');
  }
  return {
    findings: { index, slicePositions: Array.from(slicePositions), longestLine, hasTrajectory },
    rows,
    batchRows: batchRowsFor(largest),
    warnings: elsewhere ? [`${elsewhere} acquisitions of further encoding spaces are left out.`] : [],
  };
}

/** Every acquisition takes an entry in the file, so a short file cannot hold many. */
function mustBePossible(total: number, fileSize: number): void {
  const MIN_BYTES = 16;
  if (total > MAX_READOUTS || total * MIN_BYTES > fileSize) {
    throw new WorkerError(
      'input_unreadable',
      `The ISMRMRD file claims ${total} acquisitions; at most ${MAX_READOUTS} are read, and it has only ` +
        `${fileSize} bytes.`,
    );
  }
}
