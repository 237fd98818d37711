/**
 * Uploads in parts: begun here, sent straight to the bucket, completed here. Every step can be repeated, so that
 * a client that lost an answer asks again.
 */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { DataRecord } from '../../src/schemas/identity.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { refusal } from '../jobs/jobs.ts';
import { unitOfFile } from '../jobs/place.ts';
import { mustBeReady } from '../jobs/plan.ts';
import { tooMany } from '../limits/allowances.ts';
import {
  type Clock,
  CloudError,
  type DataStore,
  type Ids,
  type SignedPart,
  type UnitCloud,
} from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import type { Units } from '../units/units.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import type { ChangeRecord } from './change-record.ts';
import { dataIdOf, newRecord, type UploadWish } from './upload-wish.ts';

/** What the web client cuts files into, whatever it is told. */
export const CLIENT_PART_BYTES = 10 * 1024 ** 2;
/** S3 takes no more. */
const MAX_PARTS = 10_000;
const MAX_PART_BYTES = 5 * 1024 ** 3;
const MAX_OBJECT_BYTES = 5 * 1024 ** 4;

export interface PartsWish extends UploadWish {
  sizeBytes: number;
  /** Bytes of every part but the last; the broker chooses if it is left out. */
  partBytes?: number;
}

export interface FinishedPart {
  partNumber: number;
  etag: string;
}

export interface Uploads {
  /**
   * The record and the upload; no part is signed yet. A file of 0 bytes has no parts and is there at once. Throws
   * payload_too_large, invalid_request.
   */
  begin(who: Principal, wish: PartsWish): Promise<DataRecord>;
  /** Signs parts, again if need be: URLs end with the session that signed them. */
  sign(
    who: Principal,
    dataId: string,
    partNumbers: readonly number[],
    seconds: number,
  ): Promise<SignedPart[]>;
  /** Puts the parts together and looks at the object. Repeating it is fine. Throws conflict. */
  complete(
    who: Principal,
    dataId: string,
    uploadId: string | undefined,
    parts: FinishedPart[],
  ): Promise<DataRecord>;
  /** Ends an upload that will not be completed; false if there was none. The record goes too. */
  abort(who: Principal, dataId: string): Promise<boolean>;
  /** The file behind a key that the broker made. Throws not_found. */
  byKey(who: Principal, key: string): Promise<DataRecord>;
}

export interface UploadsDeps {
  data: DataStore;
  units: Pick<Units, 'choose'>;
  unitStore: Pick<UnitStore, 'get'>;
  usableUnit: UsableUnit;
  cloud: UnitCloud;
  change: ChangeRecord;
  clock: Clock;
  ids: Ids;
}

/** The upload of an empty file: it ends as it begins. */
const NO_PARTS: DataRecord['upload'] = { uploadId: 'empty', partBytes: CLIENT_PART_BYTES, parts: 0 };

const REMOVED = 'the computing unit that holds this file was removed, or is not shared with you any more';

/** Creates the service. */
export function createUploads(deps: UploadsDeps): Uploads {
  const { data, units, unitStore, usableUnit, cloud, change, clock, ids } = deps;

  async function mine(who: Principal, dataId: string): Promise<DataRecord> {
    const record = await data.get(who.userId, dataId);
    if (!record) throw new AppError('not_found', `no file ${dataId}`);
    return record;
  }

  async function unitOf(record: DataRecord): Promise<Unit> {
    const unit = await usableUnit(record.ownerId, record.unitId);
    if (!unit) throw new AppError('not_found', REMOVED);
    return unitOfFile(unit, record);
  }

  function uploadOf(record: DataRecord): NonNullable<DataRecord['upload']> {
    if (record.upload) return record.upload;
    throw new AppError('conflict', 'this file is not uploaded in parts');
  }

  /** S3's word on the parts; an upload that is gone may have been completed by a request whose answer got lost. */
  async function putTogether(
    unit: Unit,
    record: DataRecord,
    uploadId: string,
    parts: FinishedPart[],
  ): Promise<void> {
    try {
      await cloud.completeUpload(unit, record, uploadId, parts);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem === 'not_found') return;
      if (error.problem !== 'invalid') throw refusal(error);
      throw new AppError('conflict', `the parts do not make the file: ${error.awsCode}`, {
        remedy:
          'Send the parts that are missing, each with the ETag that its PUT answered, and complete again.',
      });
    }
  }

  async function sizeOf(unit: Unit, record: DataRecord): Promise<number> {
    try {
      return (await cloud.headObject(unit, record)).sizeBytes;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem !== 'not_found') throw refusal(error);
      throw new AppError('conflict', 'this upload was aborted', { remedy: 'Begin the upload again.' });
    }
  }

  /** S3 puts no object together from no parts, so the broker writes the one that has no bytes. */
  async function beginEmpty(unit: Unit, record: DataRecord): Promise<DataRecord> {
    await cloud.putEmpty(unit, record);
    const empty: DataRecord = { ...record, status: 'available', upload: NO_PARTS };
    const stored = await data.create(empty, MOST_HELD);
    if (stored === 'stored') return empty;
    await cloud.deleteObject(unit, record);
    throw tooMany(stored.full);
  }

  return {
    async begin(who, wish) {
      const partBytes = partBytesOf(wish);
      const unit = await units.choose(who, wish.appId, wish);
      mustBeReady(unit, 'take files');
      const record = newRecord(who, unit, wish, ids.next(), clock());
      try {
        if (wish.sizeBytes === 0) return await beginEmpty(unit, record);
        const uploadId = await cloud.beginUpload(unit, record);
        const parts = Math.ceil(wish.sizeBytes / partBytes);
        const begun: DataRecord = { ...record, upload: { uploadId, partBytes, parts } };
        const stored = await data.create(begun, MOST_HELD);
        if (stored === 'stored') return begun;
        await cloud.abortUpload(unit, record, uploadId);
        throw tooMany(stored.full);
      } catch (error) {
        throw error instanceof CloudError ? refusal(error) : error;
      }
    },

    async sign(who, dataId, partNumbers, seconds) {
      const record = await mine(who, dataId);
      const { uploadId, parts } = uploadOf(record);
      if (record.status === 'available') throw new AppError('conflict', 'this upload is complete');
      const wrong = partNumbers.find((number) => number > parts);
      if (wrong) throw new AppError('invalid_request', `partNumbers: ${wrong}, but there are ${parts} parts`);
      try {
        return await cloud.presignParts(await unitOf(record), record, uploadId, partNumbers, seconds);
      } catch (error) {
        throw error instanceof CloudError ? refusal(error) : error;
      }
    },

    async complete(who, dataId, uploadId, parts) {
      const record = await mine(who, dataId);
      const upload = uploadOf(record);
      if (uploadId !== undefined && uploadId !== upload.uploadId) {
        throw new AppError('conflict', 'this file belongs to another upload');
      }
      if (record.status === 'available') return record;
      if (parts.length === 0)
        throw new AppError('invalid_request', `parts: none of ${upload.parts} is named`);
      const unit = await unitOf(record);
      await putTogether(unit, record, upload.uploadId, parts);
      const sizeBytes = await sizeOf(unit, record);
      if (sizeBytes !== record.sizeBytes) {
        throw new AppError(
          'conflict',
          `${record.sizeBytes} bytes were announced, ${sizeBytes} have arrived`,
          {
            remedy: 'Delete the file and upload it again.',
          },
        );
      }
      return change(who.userId, dataId, { status: 'available' });
    },

    async abort(who, dataId) {
      const record = await data.get(who.userId, dataId);
      if (!record?.upload || record.status === 'available') return false;
      try {
        const unit = await unitStore.get(record.unitId);
        if (!unit) throw new AppError('not_found', REMOVED);
        await cloud.abortUpload(unitOfFile(unit, record), record, record.upload.uploadId);
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
        if (error.problem !== 'not_found') throw refusal(error);
      }
      await data.remove(who.userId, dataId);
      return true;
    },

    async byKey(who, key) {
      const dataId = dataIdOf(key);
      const record = dataId && (await data.get(who.userId, dataId));
      if (!record || record.key !== key) throw new AppError('not_found', 'no file of yours has this key');
      return record;
    },
  };
}

/** Parts as they were asked for, or as large as 10,000 of them must be. */
function partBytesOf({ sizeBytes, partBytes }: PartsWish): number {
  if (sizeBytes > MAX_OBJECT_BYTES) throw new AppError('payload_too_large', 'a file has at most 5 TiB');
  const bytes = partBytes ?? Math.max(CLIENT_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  if (bytes > MAX_PART_BYTES || Math.ceil(sizeBytes / bytes) > MAX_PARTS) {
    throw new AppError('payload_too_large', `${sizeBytes} bytes do not fit into ${MAX_PARTS} such parts`, {
      remedy: 'Use larger parts: POST /api/data/uploads chooses them if partBytes is left out.',
    });
  }
  return bytes;
}
