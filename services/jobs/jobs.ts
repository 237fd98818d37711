/** What a person does with jobs that exist: look, list, cancel, fetch the result. */
import { AppError } from '../../src/errors.ts';
import type { Job, JobState } from '../../src/schemas/job.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import {
  type Clock,
  CloudError,
  type JobStore,
  type Page,
  type SignedUrl,
  type UnitCloud,
} from '../ports.ts';
import { byUser, type Principal } from '../principal.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import { isTerminal } from './lifecycle.ts';
import type { Moves } from './moves.ts';
import { downloadName } from './naming.ts';
import { unitOfJob } from './place.ts';
import { BEFORE_START } from './start-failures.ts';

const LINK_SECONDS = 3_600;

/** Pages read for one filtered page. */
const MAX_READS = 4;

/** All that is given must hold. */
export interface JobFilter {
  state?: readonly JobState[];
  mode?: Mode;
  unitId?: string;
  /** Beginning of the alias, in any case. */
  alias?: string;
}

export interface Jobs {
  get(who: Principal, jobId: string): Promise<Job>;
  /**
   * Newest first. With filters a page may hold fewer jobs than `limit` although more follow: at most
   * MAX_READS pages of the person's own list are looked through.
   */
  list(who: Principal, options: { limit: number; cursor?: string } & JobFilter): Promise<Page<Job>>;
  /** The job as stored: `canceled` if it had not started, else `canceling` until Step Functions says ABORTED. */
  cancel(who: Principal, jobId: string): Promise<Job>;
  /** Presigned GET of the result zip (succeeded) or of the failure bundle (failed). */
  download(who: Principal, jobId: string, seconds?: number): Promise<SignedUrl & { filename: string }>;
}

export interface JobsDeps {
  jobs: JobStore;
  usableUnit: UsableUnit;
  cloud: UnitCloud;
  moves: Moves;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
}

/** Creates the service of existing jobs. */
export function createJobs({ jobs, usableUnit, cloud, moves, ticker, clock }: JobsDeps): Jobs {
  async function get(who: Principal, jobId: string): Promise<Job> {
    const job = await jobs.get(jobId);
    // Not "forbidden": whether somebody else's job exists is nobody's business.
    if (!job || job.ownerId !== who.userId) throw new AppError('not_found', `no job ${jobId}`);
    return job;
  }

  return {
    get,

    async list(who, { limit, cursor, ...filter }) {
      const items: Job[] = [];
      let next = cursor;
      // Never more than is still wanted, so that the cursor always stands right behind the last one shown.
      for (let read = 0; read < MAX_READS && items.length < limit; read++) {
        const page = await jobs.listByOwner(who.userId, { limit: limit - items.length, cursor: next });
        items.push(...page.items.filter((job) => passes(job, filter)));
        next = page.cursor;
        if (next === undefined) break;
      }
      return { items, cursor: next };
    },

    async cancel(who, jobId) {
      await get(who, jobId);
      const job = await moves.move(jobId, { by: byUser(who), note: 'cancel requested' }, (latest) => {
        if (isTerminal(latest.state))
          throw new AppError('job_terminal', `the job has already ${latest.state}`);
        if (latest.state === 'canceling') return undefined;
        if (latest.state === 'queued') return BEFORE_START;
        return { state: 'canceling', dueAt: clock() };
      });
      if (!job) throw new AppError('not_found', `no job ${jobId}`);
      ticker.nudge(jobId);
      return job;
    },

    async download(who, jobId, seconds = LINK_SECONDS) {
      const job = await get(who, jobId);
      if (job.state !== 'succeeded' && job.state !== 'failed') {
        throw new AppError('conflict', `the job is ${job.state}: there is nothing to download yet`);
      }
      const unit = await unitOfResult(usableUnit, who, job);
      const failed = job.state === 'failed';
      const filename = downloadName(failed ? `${job.alias} (failure)` : job.alias, '.zip');
      const location = failed ? job.failureBundle : job.result;
      try {
        // A job that never started, or whose platform was killed, left no bundle: say so instead of a dead link.
        if (failed) await cloud.headObject(unit, location);
        return { ...(await cloud.presignGet(unit, location, filename, seconds)), filename };
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
        if (error.problem === 'not_found') throw new AppError('not_found', 'this job left no failure bundle');
        throw refusal(error);
      }
    },
  };
}

/** The unit, as it was for this attempt, that holds its result. Throws AppError not_found. */
export async function unitOfResult(usableUnit: UsableUnit, who: Principal, job: Job): Promise<Unit> {
  const unit = await usableUnit(who.userId, job.unitId);
  if (unit) return unitOfJob(unit, job);
  throw new AppError('not_found', 'the computing unit that holds the result is not there for you any more');
}

function passes(job: Job, { state, mode, unitId, alias }: JobFilter): boolean {
  return (
    (!state || state.includes(job.state)) &&
    (!mode || job.mode === mode) &&
    (!unitId || job.unitId === unitId) &&
    (!alias || job.alias.toLowerCase().startsWith(alias.toLowerCase()))
  );
}

/** A problem in the unit's account as an answer to a person. */
export function refusal(error: CloudError): AppError {
  if (error.problem === 'paused') return new AppError('unit_paused', error.message);
  if (error.problem === 'throttled' || error.problem === 'unavailable') {
    return new AppError('unavailable', `${error.operation} does not answer`);
  }
  return new AppError('cloud_refused', `${error.operation}: ${error.awsCode}`);
}
