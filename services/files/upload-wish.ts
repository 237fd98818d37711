/** An upload as it is asked for, and the record that stands for it before its bytes arrive. */
import type { DataRecord } from '../../src/schemas/identity.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import { uploadKey } from '../jobs/naming.ts';
import { placeOfFile } from '../jobs/place.ts';
import type { Principal } from '../principal.ts';

export interface UploadWish {
  appId: string;
  filename: string;
  sizeBytes?: number;
  unitId?: string;
  mode?: Mode;
}

/** The record of a new file. The broker makes the key; the name a person gave stays in the record. */
export function newRecord(
  who: Principal,
  unit: Unit,
  { filename, sizeBytes }: UploadWish,
  dataId: string,
  now: number,
): DataRecord {
  return {
    dataId,
    ownerId: who.userId,
    unitId: unit.unitId,
    filename,
    bucket: unit.dataBucket,
    key: uploadKey(unit.appId, who.userId, dataId, filename),
    sizeBytes,
    status: 'notavailable',
    place: placeOfFile(unit),
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

/** The id in a key that the broker made; undefined for any other key. */
export function dataIdOf(key: string): string | undefined {
  return /\/uploads\/([0-9A-HJKMNP-TV-Z]{26})(?:\.[^/]*)?$/.exec(key)?.[1];
}
