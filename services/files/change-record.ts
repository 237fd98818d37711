/** The one way to change the record of a file: read, decide, write if nobody else was faster, else again. */
import { AppError } from '../../src/errors.ts';
import type { DataRecord } from '../../src/schemas/identity.ts';
import type { Clock, DataStore } from '../ports.ts';

/** Rounds of a conditional write that others keep winning. */
const MAX_ROUNDS = 12;

/** Throws AppError not_found if there is no such file (any more), conflict if others keep changing it. */
export type ChangeRecord = (
  ownerId: string,
  dataId: string,
  change: Partial<Pick<DataRecord, 'filename' | 'sizeBytes' | 'status' | 'absent'>>,
) => Promise<DataRecord>;

/** Creates the writer. */
export function createChangeRecord({ data, clock }: { data: DataStore; clock: Clock }): ChangeRecord {
  return async (ownerId, dataId, change) => {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const record = await data.get(ownerId, dataId);
      if (!record) throw new AppError('not_found', `no file ${dataId}`);
      const next: DataRecord = { ...record, ...change, updatedAt: clock(), version: record.version + 1 };
      const ended =
        record.upload !== undefined && record.status !== 'available' && next.status === 'available';
      if (await data.replace(next, ended)) return next;
    }
    throw new AppError('conflict', 'the file is being changed by too many at once');
  };
}
