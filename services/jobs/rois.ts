/**
 * Regions of interest on results. Their bytes go between the viewer and the bucket of the computing unit, as all data
 * do; the broker names them, signs, and looks whether they have arrived.
 */
import { AppError } from '../../src/errors.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Roi } from '../../src/schemas/roi.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import {
  type Clock,
  CloudError,
  type Ids,
  type Log,
  type RoiStore,
  type SignedUrl,
  type UnitCloud,
} from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import { type Jobs, refusal } from './jobs.ts';
import { downloadName, roiObject } from './naming.ts';
import { unitOfFile, unitOfJob } from './place.ts';

/** Of one person on one result; all of them are listed at once. */
const MAX_ROIS = 200;
const UPLOAD_SECONDS = 3_600;
/** As for maps: a viewer stays open. */
const LINK_SECONDS = 12 * 3_600;
/** Newcomers looked for per list; their bytes come seconds after the record. */
const MAX_LOOKS = 10;

export interface RoiWish {
  jobId: string;
  filename: string;
  type: string;
  sliceMM?: Roi['sliceMM'];
}

export interface ListedRoi {
  readonly roi: Roi;
  /** Undefined: the unit cannot be signed for. */
  readonly link: string | undefined;
}

export interface Rois {
  /** The record and where its bytes go and are fetched. Throws not_found, conflict, cloud_refused. */
  begin(who: Principal, wish: RoiWish): Promise<{ roi: Roi; upload: SignedUrl; access: SignedUrl }>;
  /** Newest first. Throws not_found. */
  list(who: Principal, jobId: string): Promise<ListedRoi[]>;
  /** Deletes bytes and record; false if there was none. */
  remove(who: Principal, roiId: string): Promise<boolean>;
}

export interface RoisDeps {
  rois: RoiStore;
  jobs: Pick<Jobs, 'get'>;
  units: Pick<UnitStore, 'get'>;
  usableUnit: UsableUnit;
  cloud: Pick<UnitCloud, 'presignGet' | 'presignPut' | 'headObject' | 'deleteObject'>;
  clock: Clock;
  ids: Ids;
  log: Log;
}

/** Creates the service. */
export function createRois({ rois, jobs, units, usableUnit, cloud, clock, ids, log }: RoisDeps): Rois {
  const linkOf = (unit: Unit, roi: Roi): Promise<SignedUrl> =>
    cloud.presignGet(unitOfFile(unit, roi), roi, downloadName(roi.filename, '.zip'), LINK_SECONDS);

  /** The region with its size, once its bytes are there. Two readers may find out at once: either is right. */
  async function looked(unit: Unit, roi: Roi): Promise<Roi> {
    try {
      const { sizeBytes } = await cloud.headObject(unitOfFile(unit, roi), roi);
      const next = { ...roi, sizeBytes, updatedAt: clock(), version: roi.version + 1 };
      await rois.replace(next);
      return next;
    } catch (error) {
      if (error instanceof CloudError && error.problem === 'not_found') return roi;
      throw error;
    }
  }

  async function unitOf(job: Job): Promise<Unit | undefined> {
    const unit = await usableUnit(job.ownerId, job.unitId);
    return unit && unitOfJob(unit, job);
  }

  return {
    async begin(who, { jobId, filename, type, sliceMM }) {
      const job = await jobs.get(who, jobId);
      if (job.state !== 'succeeded')
        throw new AppError('conflict', `the job is ${job.state}: it has no result to draw on`);
      const unit = await unitOf(job);
      if (!unit)
        throw new AppError('not_found', 'the computing unit of this result is not there for you any more');
      const drawn = await rois.listByJob(who.userId, jobId);
      if (drawn.length >= MAX_ROIS) {
        throw new AppError('conflict', `there are ${drawn.length} regions on this result already`, {
          remedy: 'Delete some of them first.',
        });
      }
      const roiId = `${jobId}-${ids.next()}`;
      const now = clock();
      const roi: Roi = {
        roiId,
        ownerId: who.userId,
        jobId,
        unitId: job.unitId,
        filename,
        ...roiObject(job, roiId),
        type,
        sliceMM,
        createdAt: now,
        updatedAt: now,
        version: 1,
      };
      try {
        const upload = await cloud.presignPut(unit, roi, UPLOAD_SECONDS);
        const access = await linkOf(unit, roi);
        await rois.create(roi);
        return { roi, upload, access };
      } catch (error) {
        throw error instanceof CloudError ? refusal(error) : error;
      }
    },

    async list(who, jobId) {
      const job = await jobs.get(who, jobId);
      const [unit, drawn] = await Promise.all([unitOf(job), rois.listByJob(who.userId, jobId)]);
      if (!unit) return drawn.map((roi) => ({ roi, link: undefined }));
      const fresh = new Set(drawn.filter(({ sizeBytes }) => sizeBytes === undefined).slice(0, MAX_LOOKS));
      return Promise.all(
        drawn.map(async (roi) => {
          try {
            const known = fresh.has(roi) ? await looked(unit, roi) : roi;
            return { roi: known, link: (await linkOf(unit, known)).url };
          } catch (error) {
            // An account that refuses must not take the list with it.
            if (!(error instanceof CloudError)) throw error;
            log.warn(
              { unitId: unit.unitId, problem: error.problem, awsCode: error.awsCode },
              'no link for a region',
            );
            return { roi, link: undefined };
          }
        }),
      );
    },

    async remove(who, roiId) {
      const roi = await rois.get(who.userId, roiId);
      if (!roi) return false;
      const unit = await units.get(roi.unitId);
      try {
        if (unit) await cloud.deleteObject(unitOfFile(unit, roi), roi);
      } catch (error) {
        throw error instanceof CloudError ? refusal(error) : error;
      }
      await rois.remove(who.userId, roiId);
      return true;
    },
  };
}
