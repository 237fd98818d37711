/** What a person does with a job that has ended: give it another name, delete it with everything it left. */
import { AppError } from '../../src/errors.ts';
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Roi } from '../../src/schemas/roi.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type JobStore, type Log, type RoiStore, type UnitCloud } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import { refusal } from './jobs.ts';
import { createEndRun } from './left-runs.ts';
import { isTerminal } from './lifecycle.ts';
import type { Moves } from './moves.ts';
import { attemptObjects } from './naming.ts';
import { hasLeft, unitOfFile, unitOfJob } from './place.ts';
import { resultFiles } from './results.ts';

/** Objects deleted at the same time. */
const AT_ONCE = 8;

export interface EndedJobs {
  /** The job under its new name. The name of a job that runs is in its document already: conflict. */
  rename(who: Principal, jobId: string, alias: string): Promise<Job>;
  /**
   * Deletes the objects of all attempts and the regions drawn on its result, then the job; false if there is no
   * such job. Repeatable: what was deleted before is no error. If the unit was removed, its account is out of
   * reach: only the job goes. So it is with buckets that the unit has left and that are closed to the broker now.
   * Input files stay: they belong to the person's data, and other jobs may use them. What still runs of a lost attempt
   * is stopped first. Throws AppError conflict while a worker may still write: nothing was deleted then.
   */
  remove(who: Principal, jobId: string): Promise<boolean>;
}

export interface EndedJobsDeps {
  jobs: JobStore;
  units: UnitStore;
  cloud: Pick<UnitCloud, 'deleteObject' | 'readJson' | 'headObject' | 'stopExecution' | 'describeExecution'>;
  moves: Moves;
  rois: RoiStore;
  clock: Clock;
  log: Log;
}

/** Creates the service of jobs that have ended. */
export function createEndedJobs({ jobs, units, cloud, moves, rois, clock, log }: EndedJobsDeps): EndedJobs {
  const endRun = createEndRun({ cloud, clock });
  return {
    async rename(who, jobId, alias) {
      const stored = await moves.rename(jobId, (job) => {
        if (job.ownerId !== who.userId) throw new AppError('not_found', `no job ${jobId}`);
        mustHaveEnded(job);
        return alias === job.alias ? undefined : alias;
      });
      if (!stored) throw new AppError('not_found', `no job ${jobId}`);
      return stored;
    },

    async remove(who, jobId) {
      const job = await jobs.get(jobId);
      if (!job || job.ownerId !== who.userId) return false;
      mustHaveEnded(job);
      const unit = await units.get(job.unitId);
      const drawn = await rois.listByJob(who.userId, jobId);
      if (unit) await removeObjects(unit, job, drawn);
      for (const { roiId } of drawn) await rois.remove(who.userId, roiId);
      if (await jobs.remove(job)) return true;
      // Deleted by another request meanwhile, or begun anew: only the first is what was asked for.
      if (await jobs.get(jobId)) throw new AppError('conflict', 'the job was changed while it was deleted');
      return true;
    },
  };

  /** One attempt after the other, each where it was started. */
  async function removeObjects(unit: Unit, job: Job, drawn: Roi[]): Promise<void> {
    const last = unitOfJob(unit, job);
    const isOpen = (bucket: string): boolean =>
      [unit.dataBucket, unit.resultsBucket, unit.failedBucket].includes(bucket);
    for (const attempt of [...(job.earlier ?? []), job]) {
      const there = unitOfJob(unit, attempt);
      await emptied(job, !hasLeft(unit, there), () => refused(() => endRun(there, job, attempt)));
    }
    for (const roi of drawn) {
      await emptied(job, isOpen(roi.bucket), () => removeAll(unitOfFile(last, roi), [roi]));
    }
    for (const attempt of [...(job.earlier ?? []), job]) {
      const there = unitOfJob(unit, attempt);
      await emptied(job, isOpen(attempt.result.bucket), async () =>
        removeAll(there, await refused(() => resultFiles(cloud, there, attempt.result))),
      );
      for (const bucket of new Set(attemptObjects(attempt).map((object) => object.bucket))) {
        const objects = attemptObjects(attempt).filter((object) => object.bucket === bucket);
        await emptied(job, isOpen(bucket), () => removeAll(there, objects));
      }
    }
  }

  /** A place that the unit has left may be closed to the broker: a person can still be rid of the job. */
  async function emptied({ jobId }: Job, isOpen: boolean, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isOpen || !(error instanceof AppError) || error.code !== 'cloud_refused') throw error;
      log.warn(
        { jobId, because: error.message },
        'what a job has left in a place that its unit has left stays there',
      );
    }
  }

  async function removeAll(unit: Unit, locations: ObjectLocation[]): Promise<void> {
    const queue = [...locations];
    const next = async (): Promise<void> => {
      for (let location = queue.shift(); location; location = queue.shift())
        await removeObject(unit, location);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  async function removeObject(unit: Unit, location: Job['result']): Promise<void> {
    try {
      await cloud.deleteObject(unit, location);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      // S3 deletes what is not there without a word; this is a bucket that is gone, with everything in it.
      if (error.problem !== 'not_found') throw refusal(error);
    }
  }
}

async function refused<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CloudError ? refusal(error) : error;
  }
}

function mustHaveEnded(job: Job): void {
  if (isTerminal(job.state)) return;
  throw new AppError('conflict', `the job is ${job.state}`, {
    remedy: 'Cancel the job first (POST /api/job/{jobId}/cancel), or wait until it has ended.',
  });
}
