/** What a person wants to know about one run beside its result: its log, and what it has cost. */
import type { CostLine } from '../../src/schemas/estimate.ts';
import type { ObjectLocation, PlatformName } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Prices } from '../../src/schemas/prices.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { billOf, rounded, totalOf } from '../limits/prices.ts';
import { type Clock, CloudError, type SignedUrl, type UnitCloud } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UsableUnit } from '../units/usable-units.ts';
import { type Jobs, refusal } from './jobs.ts';
import { isTerminal } from './lifecycle.ts';
import { besideObject, downloadName } from './naming.ts';
import { unitOfJob } from './place.ts';

const LINK_SECONDS = 3_600;

/** A line of the story of a job, oldest first. */
export interface JobEvent {
  readonly at: number;
  /** `broker`, `step-functions`, `worker` or `user:<id>`. */
  readonly by: string;
  readonly text: string;
}

export interface JobLog {
  readonly job: Job;
  readonly events: JobEvent[];
  /** Where the worker's log lies in the account of the unit; undefined while it runs, and if it left none. */
  readonly log: (SignedUrl & { filename: string }) | undefined;
  /** What an attempt that has not succeeded left at the place of its result: unchecked, perhaps incomplete. */
  readonly partial: (SignedUrl & { filename: string; sizeBytes: number }) | undefined;
}

export interface JobCost {
  readonly job: Job;
  /** False while the job runs: what it costs grows. */
  readonly final: boolean;
  readonly platform: PlatformName | undefined;
  readonly seconds: number;
  readonly usd: number;
  readonly lines: CostLine[];
  readonly paidBy: 'platform' | 'unit_owner';
  readonly assumptions: string[];
}

export interface JobReports {
  /** Throws AppError not_found, cloud_refused. */
  log(who: Principal, jobId: string): Promise<JobLog>;
  /** Of the last attempt. Throws AppError not_found. */
  cost(who: Principal, jobId: string): Promise<JobCost>;
}

export interface JobReportsDeps {
  jobs: Pick<Jobs, 'get'>;
  usableUnit: UsableUnit;
  cloud: Pick<UnitCloud, 'headObject' | 'presignGet'>;
  prices: Prices;
  clock: Clock;
}

/** Creates the service. */
export function createJobReports({ jobs, usableUnit, cloud, prices, clock }: JobReportsDeps): JobReports {
  async function leftovers(job: Job): Promise<Pick<JobLog, 'log' | 'partial'>> {
    const registered = isTerminal(job.state) ? await usableUnit(job.ownerId, job.unitId) : undefined;
    if (!registered) return { log: undefined, partial: undefined };
    const unit = unitOfJob(registered, job);
    const succeeded = job.state === 'succeeded';
    const log = besideObject(succeeded ? job.result : job.failureBundle, 'log.json');
    const [found, partial] = await Promise.all([
      linked(unit, log, downloadName(`${job.alias} (log)`, '.json')),
      succeeded ? undefined : linked(unit, job.result, downloadName(`${job.alias} (partial)`, '.zip')),
    ]);
    return { log: found, partial };
  }

  /** A link of an object; undefined if it is not there. */
  async function linked(unit: Unit, location: ObjectLocation, filename: string) {
    try {
      const { sizeBytes } = await cloud.headObject(unit, location);
      return { ...(await cloud.presignGet(unit, location, filename, LINK_SECONDS)), filename, sizeBytes };
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem === 'not_found') return undefined;
      throw refusal(error);
    }
  }

  return {
    async log(who, jobId) {
      const job = await jobs.get(who, jobId);
      return { job, events: eventsOf(job), ...(await leftovers(job)) };
    },

    async cost(who, jobId) {
      return costOf(await jobs.get(who, jobId), prices, clock());
    },
  };
}

/** What the last attempt of a job has cost by list prices, or costs so far. */
export function costOf(job: Job, prices: Prices, now: number): JobCost {
  const platform = job.platform ?? job.estimate?.platform;
  const seconds = secondsOf(job, now);
  const ran = job.startedAt !== undefined && platform !== undefined && job.estimate !== undefined;
  const lines = ran ? linesOf(job, prices, platform, seconds) : [];
  return {
    job,
    final: isTerminal(job.state),
    platform: ran ? platform : undefined,
    seconds,
    usd: rounded(totalOf(lines)),
    lines: lines.map(({ what, usd }) => ({ what, usd: rounded(usd) })),
    paidBy: job.mode === 'mode_1' ? 'platform' : 'unit_owner',
    assumptions: [
      `List prices of ${prices.region} as of ${prices.asOf}; the bill of AWS has the last word.`,
      'The size of the platform is the one of the estimate; earlier attempts are not counted.',
    ],
  };
}

function linesOf(job: Job, prices: Prices, platform: PlatformName, seconds: number): CostLine[] {
  const resultBytes = job.runResult?.sizeBytes ?? 0;
  const inputBytes = Object.values(job.inputs).reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  const { vcpu, memoryMb } = job.estimate ?? { vcpu: 0, memoryMb: 0 };
  return billOf(prices, {
    platform,
    vcpu,
    memoryMb,
    seconds,
    resultBytes,
    storedBytes: inputBytes + resultBytes,
  });
}

/** A Lambda is paid while it works, a task from its start to its end. */
function secondsOf(job: Job, now: number): number {
  if (job.startedAt === undefined) return 0;
  if (job.platform !== 'fargate' && job.runResult) return job.runResult.seconds;
  return Math.max(0, (job.finishedAt ?? now) - job.startedAt) / 1000;
}

function eventsOf(job: Job): JobEvent[] {
  const events: JobEvent[] = job.history.map(({ at, by, state, note }) => ({
    at,
    by,
    text: note ? `${state}: ${note}` : state,
  }));
  if (job.progress) {
    const { at, step, message, fraction } = job.progress;
    events.push({ at, by: 'worker', text: `${step}: ${message} (${Math.round(fraction * 100)} %)` });
  }
  if (job.failure && job.finishedAt !== undefined) {
    const { code, message, remedy } = job.failure;
    events.push({ at: job.finishedAt, by: 'broker', text: `${code}: ${message} ${remedy}` });
  }
  return events.sort((a, b) => a.at - b.at);
}
