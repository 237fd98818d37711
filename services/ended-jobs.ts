/** What a person does with a job that has ended: give it another name, delete it with everything it left. */
import { AppError } from '../src/errors.ts';
import type { Job } from '../src/schemas/job.ts';
import type { Unit } from '../src/schemas/unit.ts';
import { refusal } from './jobs.ts';
import { isTerminal } from './lifecycle.ts';
import type { Moves } from './moves.ts';
import { attemptObjects } from './naming.ts';
import { CloudError, type JobStore, type UnitCloud } from './ports.ts';
import type { Principal } from './principal.ts';
import type { UnitStore } from './unit-ports.ts';

export interface EndedJobs {
  /** The job under its new name. The name of a job that runs is in its document already: conflict. */
  rename(who: Principal, jobId: string, alias: string): Promise<Job>;
  /**
   * Deletes the objects of all attempts, then the job; false if there is no such job. Repeatable: what was
   * deleted before is no error. If the unit was removed, its account is out of reach: only the job goes.
   * Input files stay: they belong to the person's data, and other jobs may use them.
   */
  remove(who: Principal, jobId: string): Promise<boolean>;
}

export interface EndedJobsDeps {
  jobs: JobStore;
  units: UnitStore;
  cloud: Pick<UnitCloud, 'deleteObject'>;
  moves: Moves;
}

/** Creates the service of jobs that have ended. */
export function createEndedJobs({ jobs, units, cloud, moves }: EndedJobsDeps): EndedJobs {
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
      if (unit) await removeObjects(unit, job);
      if (await jobs.remove(job)) return true;
      // Deleted by another request meanwhile, or begun anew: only the first is what was asked for.
      if (await jobs.get(jobId)) throw new AppError('conflict', 'the job was changed while it was deleted');
      return true;
    },
  };

  /** One attempt after the other, the objects of one at once. */
  async function removeObjects(unit: Unit, job: Job): Promise<void> {
    const buckets = [unit.dataBucket, unit.resultsBucket, unit.failedBucket];
    for (const attempt of [...(job.earlier ?? []), job]) {
      // A unit that was moved to other buckets no longer gives access to those it left.
      const reachable = attemptObjects(attempt).filter(({ bucket }) => buckets.includes(bucket));
      await Promise.all(reachable.map((location) => removeObject(unit, location)));
    }
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

function mustHaveEnded(job: Job): void {
  if (isTerminal(job.state)) return;
  throw new AppError('conflict', `the job is ${job.state}`, {
    remedy: 'Cancel the job first (POST /api/job/{jobId}/cancel), or wait until it has ended.',
  });
}
