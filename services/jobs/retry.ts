/** A new attempt of a job that ended without a result. Everything of the earlier attempts is kept, nothing reused. */
import { AppError } from '../../src/errors.ts';
import type { PlatformName } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import type { LimitsService } from '../limits/limits.ts';
import { type Clock, CloudError, type JobStore, type Log, type UnitCloud } from '../ports.ts';
import { byUser, type Principal } from '../principal.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import { attemptNames } from './attempts.ts';
import { executionOfJob, TRIED_AGAIN } from './earlier-runs.ts';
import { isTerminal, mayRetry } from './lifecycle.ts';
import type { Moves } from './moves.ts';
import { MAX_ATTEMPTS } from './new-attempts.ts';
import { unitOfJob } from './place.ts';
import { mustBeReady } from './plan.ts';

/**
 * Begins a new attempt and returns the job. `version` is the job's version as the person saw it: the same click
 * again gives the same attempt, and a job that has changed since is refused. Without it, the job is taken as
 * it is now; then a job whose retry is under way is returned as it is. `platform`: where the attempt has to run.
 * Throws AppError not_found, conflict (still running, succeeded, changed, too many attempts), unit_not_ready, limit_reached.
 */
export type Retry = (
  who: Principal,
  jobId: string,
  version?: number,
  platform?: PlatformName,
) => Promise<Job>;

export interface RetryDeps {
  jobs: JobStore;
  usableUnit: UsableUnit;
  cloud: Pick<UnitCloud, 'stopExecution'>;
  moves: Moves;
  limits: Pick<LimitsService, 'admit'>;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
  log: Log;
  tokenSecret: string;
}

/** Creates the service of new attempts. */
export function createRetry(deps: RetryDeps): Retry {
  const { jobs, usableUnit, cloud, moves, limits, ticker, clock, log, tokenSecret } = deps;

  return async function retry(who, jobId, version, platform) {
    const seen = await jobs.get(jobId);
    if (!seen || seen.ownerId !== who.userId) throw new AppError('not_found', `no job ${jobId}`);
    const from = version ?? seen.version;
    if (begunFrom(seen, from)) return seen;
    if (version === undefined && seen.attempt > 0 && !isTerminal(seen.state)) return seen;
    mustBeRetryable(seen, from);
    const unit = await unitFor(seen);
    const stored = await limits.admit(who, unit, { jobId, usd: seen.estimate?.usd.likely ?? 0 }, (usages) =>
      moves.retry(
        jobId,
        { by: byUser(who) },
        (latest) => {
          if (begunFrom(latest, from)) return undefined;
          mustBeRetryable(latest, from);
          const names = attemptNames(unit, { ...latest, attempt: latest.attempt + 1 }, tokenSecret, clock());
          return { ...names, forcedPlatform: platform };
        },
        usages,
      ),
    );
    if (!stored) throw new AppError('not_found', `no job ${jobId}`);
    // Only now: a retry that is refused takes nothing from the execution that late repair may find, or has just found.
    const anew = stored.attempt === seen.attempt + 1 && stored.adoptedAttempt === undefined;
    if (seen.state === 'lost' && anew) await stopLost(unit, seen);
    ticker.nudge(jobId);
    return stored;
  };

  /** The unit as it is now: an attempt runs with today's buckets, if they still hold the job's files. */
  async function unitFor(job: Job): Promise<Unit> {
    const unit = await usableUnit(job.ownerId, job.unitId);
    if (!unit) {
      throw new AppError(
        'conflict',
        'the computing unit of this job was removed, or is not shared with you any more',
        {
          remedy: 'Submit the job again, to a computing unit that you may use.',
        },
      );
    }
    mustBeReady(unit, 'run jobs');
    if (Object.values(job.inputs).some(({ bucket }) => bucket !== unit.dataBucket)) {
      throw new AppError('conflict', 'the files of this job lie in a bucket that the computing unit left', {
        remedy: 'Upload the files again and submit a new job.',
      });
    }
    return unit;
  }

  /**
   * Nobody knows whether a lost execution still runs; nobody should pay for it beside the new one. What this misses,
   * late repair stops after the new attempt.
   */
  async function stopLost(unit: Unit, job: Job): Promise<void> {
    const { jobId } = job;
    const arn = executionOfJob(job);
    if (arn === undefined) return;
    try {
      await cloud.stopExecution(unitOfJob(unit, job), arn, TRIED_AGAIN);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      log.warn({ jobId, problem: error.problem, awsCode: error.awsCode }, 'a lost execution was not stopped');
    }
  }
}

/** True if an attempt began from this very version: the request has been served before. */
function begunFrom(job: Job, version: number): boolean {
  return job.earlier?.some((attempt) => attempt.version === version) ?? false;
}

function mustBeRetryable(job: Job, version: number): void {
  if (!isTerminal(job.state)) {
    throw new AppError('conflict', `the job is ${job.state}`, {
      remedy: 'Cancel the job first, or wait until it has ended.',
    });
  }
  if (!mayRetry(job.state)) {
    throw new AppError('conflict', `the job has ${job.state}: its result would be replaced`, {
      remedy: 'Submit it as a new job.',
    });
  }
  if (job.version !== version) throw new AppError('conflict', 'the job has changed since it was looked at');
  if (job.attempt + 1 >= MAX_ATTEMPTS) {
    throw new AppError('conflict', `the job has had ${MAX_ATTEMPTS} attempts`, {
      remedy: 'Submit it as a new job.',
    });
  }
}
