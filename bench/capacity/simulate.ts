/**
 * The busiest hour of a day, second by second: jobs arrive at random; what is counted per second is waited for, and so
 * is the look that finds the end (waits.ts). What is held is not waited for but tried, a few times (room.ts): who finds
 * none fails. So the waits and the failures come out, and which quota makes them.
 */
import { billOf, totalOf } from '../../services/limits/prices.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import { arrivals } from './arrivals.ts';
import { brokerUsd, DAYS } from './broker-costs.ts';
import { DESCRIBES, FARGATE_SECONDS, FARGATE_SHARE, QUOTAS, type Quota, RUN_SECONDS } from './quotas.ts';
import { startHour } from './room.ts';
import { waitHour } from './waits.ts';

/** Of a day's jobs, the share of its busiest hour: people of a few time zones. */
const BUSIEST_HOUR = 0.12;
const HOUR = 3_600;

/** Jobs per second through one broker process, with room for lists and events; a fraction of what it can. */
export const JOBS_PER_BROKER = 20;
const LEAST_BROKERS = 2;

/** What becomes of the starts, or of the ends, of the busiest hour. */
export interface Stage {
  readonly binds: Quota;
  /** Use of the quota that it uses most; above 1 that does not suffice. */
  readonly use: number;
  /** Seconds that 99 of 100 waited at most because of quotas, of those that were done. */
  readonly waitP99: number;
  /** Those that were not done when the hour was over. */
  readonly waiting: number;
}

export interface Step {
  readonly jobsPerDay: number;
  /** Mean of the busiest hour, jobs per second. */
  readonly peakPerSecond: number;
  readonly brokers: number;
  /** The quota that is used most in the busiest hour. */
  readonly binds: Quota;
  /** Its use; above 1 it does not suffice. */
  readonly use: number;
  /** The same where AWS has not raised the quotas of a new account yet. */
  readonly newAccountUse: number;
  /** Jobs of the busiest hour. */
  readonly ofHour: number;
  readonly starts: Stage;
  /** Jobs of the busiest hour that fail because six further attempts find no room either. */
  readonly failed: number;
  /** The same in a new account. */
  readonly failedInNewAccount: number;
  readonly ends: Stage;
  /** DescribeExecution per second in the busiest hour. */
  readonly describes: number;
  readonly usdPerJob: number;
  /** Of that, what the broker itself takes. */
  readonly brokerUsdPerJob: number;
}

/** Simulates a day with so many jobs. */
export function simulate(jobsPerDay: number): Step {
  const peakPerSecond = (jobsPerDay * BUSIEST_HOUR) / HOUR;
  const brokers = Math.max(LEAST_BROKERS, Math.ceil(peakPerSecond / JOBS_PER_BROKER) + 1);
  const { quota: binds, use } = mostUsed(QUOTAS, peakPerSecond);
  const news = QUOTAS.map(
    ({ perJob, limit, newAccount }) => (peakPerSecond * perJob) / (newAccount ?? limit),
  );
  const newAccountUse = Math.max(...news);
  const brokerUsdPerJob = brokerUsd(jobsPerDay, brokers) / (jobsPerDay * DAYS);
  const usdPerJob = runUsd() + brokerUsdPerJob;
  const perSecond = arrivals(peakPerSecond, HOUR);
  const after = arrivals((jobsPerDay * (1 - BUSIEST_HOUR)) / (23 * HOUR), 2 * HOUR);
  const [first, last] = (['start', 'end'] as const).map((stage) =>
    QUOTAS.filter((each) => each.stage === stage),
  );
  const started = startHour(first, perSecond, after);
  const young = first.map((quota) => ({ ...quota, limit: quota.newAccount ?? quota.limit }));
  return {
    jobsPerDay,
    peakPerSecond,
    brokers,
    binds,
    use,
    newAccountUse,
    ofHour: perSecond.reduce((sum, jobs) => sum + jobs, 0),
    starts: { ...stageOf(first, peakPerSecond), waitP99: started.waitP99, waiting: started.waiting },
    failed: started.failed,
    failedInNewAccount: startHour(young, perSecond, after).failed,
    ends: { ...stageOf(last, peakPerSecond), ...waitHour(last, perSecond) },
    describes: peakPerSecond * DESCRIBES,
    usdPerJob,
    brokerUsdPerJob,
  };
}

function mostUsed(quotas: readonly Quota[], perSecond: number): { quota: Quota; use: number } {
  const uses = quotas.map((quota) => ({ quota, use: (perSecond * quota.perJob) / quota.limit }));
  return uses.reduce((most, each) => (each.use > most.use ? each : most));
}

function stageOf(quotas: readonly Quota[], perSecond: number): Pick<Stage, 'binds' | 'use'> {
  const { quota: binds, use } = mostUsed(quotas, perSecond);
  return { binds, use };
}

/** A typical run, by the formulas of the estimate: 50 MB in, 2 MB out. */
function runUsd(): number {
  const common = { storedBytes: 52e6, resultBytes: 2e6 };
  const lambda = { ...common, platform: 'lambda' as const, vcpu: 2, memoryMb: 3_008, seconds: RUN_SECONDS };
  const fargate = {
    ...common,
    platform: 'fargate' as const,
    vcpu: 4,
    memoryMb: 8_192,
    seconds: FARGATE_SECONDS,
  };
  const [small, large] = [lambda, fargate].map((run) => totalOf(billOf(PRICES, run)));
  return (1 - FARGATE_SHARE) * small + FARGATE_SHARE * large;
}
