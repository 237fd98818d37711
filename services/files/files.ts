/**
 * Uploads and downloads. Bytes go between the person and the bucket of the computing unit; the broker only
 * names the object and signs. Keys are the broker's; the name a person gave stays in the data record.
 */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { DataRecord } from '../../src/schemas/identity.ts';
import { refusal } from '../jobs/jobs.ts';
import { downloadName } from '../jobs/naming.ts';
import { unitOfFile } from '../jobs/place.ts';
import { mustBeReady } from '../jobs/plan.ts';
import { tooMany } from '../limits/allowances.ts';
import {
  type Clock,
  CloudError,
  type DataStore,
  type Ids,
  type Page,
  type SignedUrl,
  type UnitCloud,
} from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import type { Units } from '../units/units.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import type { LookForArrivals } from './arrivals.ts';
import type { ChangeRecord } from './change-record.ts';
import { newRecord, type UploadWish } from './upload-wish.ts';
import type { Uploads } from './uploads.ts';

const LINK_SECONDS = 3_600;
/** One PUT; larger files go in parts. */
export const MAX_SINGLE_PUT_BYTES = 5 * 1024 ** 3;

export interface Files {
  /** Stores the record first, then signs: the record exists before the bytes arrive. */
  presignUpload(
    who: Principal,
    wish: UploadWish,
    seconds?: number,
  ): Promise<{ record: DataRecord; upload: SignedUrl }>;
  /** Marks an upload as there, after looking. */
  confirmUpload(who: Principal, dataId: string): Promise<DataRecord>;
  presignDownload(
    who: Principal,
    dataId: string,
    seconds?: number,
  ): Promise<SignedUrl & { filename: string }>;
  /** Newest first; files that were PUT without a word are looked for. */
  list(who: Principal, options: { limit: number; cursor?: string }): Promise<Page<DataRecord>>;
  /** The file under another name; its key stays. */
  rename(who: Principal, dataId: string, filename: string): Promise<DataRecord>;
  /** Deletes object and record, and an upload that is under way; false if there was none. */
  remove(who: Principal, dataId: string): Promise<boolean>;
}

export interface FilesDeps {
  data: DataStore;
  units: Units;
  unitStore: Pick<UnitStore, 'get'>;
  usableUnit: UsableUnit;
  cloud: UnitCloud;
  uploads: Pick<Uploads, 'abort'>;
  change: ChangeRecord;
  lookForArrivals: LookForArrivals;
  clock: Clock;
  ids: Ids;
}

/** Creates the service of a person's files. */
export function createFiles(deps: FilesDeps): Files {
  const { data, units, unitStore, usableUnit, cloud, uploads, change, lookForArrivals, clock, ids } = deps;

  async function mine(who: Principal, dataId: string): Promise<DataRecord> {
    const record = await data.get(who.userId, dataId);
    if (!record) throw new AppError('not_found', `no file ${dataId}`);
    return record;
  }

  async function unitOf(record: DataRecord): ReturnType<Units['get']> {
    const unit = await usableUnit(record.ownerId, record.unitId);
    if (!unit)
      throw new AppError(
        'not_found',
        'the computing unit that holds this file is not there for you any more',
      );
    return unitOfFile(unit, record);
  }

  async function refused<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof CloudError ? refusal(error) : error;
    }
  }

  return {
    async presignUpload(who, wish, seconds = LINK_SECONDS) {
      if ((wish.sizeBytes ?? 0) > MAX_SINGLE_PUT_BYTES) {
        throw new AppError('payload_too_large', 'a single upload takes at most 5 GiB');
      }
      const unit = await units.choose(who, wish.appId, wish);
      mustBeReady(unit, 'take files');
      const record = newRecord(who, unit, wish, ids.next(), clock());
      const upload = await refused(() => cloud.presignPut(unit, record, seconds));
      const stored = await data.create(record, MOST_HELD);
      if (stored !== 'stored') throw tooMany(stored.full);
      return { record, upload };
    },

    async confirmUpload(who, dataId) {
      const record = await mine(who, dataId);
      const unit = await unitOf(record);
      try {
        const info = await cloud.headObject(unit, record);
        return await change(who.userId, dataId, { sizeBytes: info.sizeBytes, status: 'available' });
      } catch (error) {
        if (error instanceof CloudError && error.problem === 'not_found') {
          throw new AppError('conflict', 'the upload has not arrived', {
            remedy: 'PUT the file to its URL first.',
          });
        }
        throw error instanceof CloudError ? refusal(error) : error;
      }
    },

    async presignDownload(who, dataId, seconds = LINK_SECONDS) {
      const record = await mine(who, dataId);
      const unit = await unitOf(record);
      const dot = record.filename.lastIndexOf('.');
      const stem = dot > 0 ? record.filename.slice(0, dot) : record.filename;
      const filename = downloadName(stem, dot > 0 ? record.filename.slice(dot).replace(/[^\w.]/g, '') : '');
      return { ...(await refused(() => cloud.presignGet(unit, record, filename, seconds))), filename };
    },

    async list(who, options) {
      const page = await data.listByOwner(who.userId, options);
      return { ...page, items: await lookForArrivals(page.items) };
    },

    rename(who, dataId, filename) {
      return change(who.userId, dataId, { filename });
    },

    async remove(who, dataId) {
      const record = await data.get(who.userId, dataId);
      if (!record) return false;
      if (await uploads.abort(who, dataId)) return true;
      const unit = await unitStore.get(record.unitId);
      if (unit) await refused(() => cloud.deleteObject(unitOfFile(unit, record), record));
      await data.remove(who.userId, dataId);
      return true;
    },
  };
}
