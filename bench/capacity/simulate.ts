/**
 * The busiest hour of a day, second by second: jobs arrive at random, and each start waits until every quota has room
 * for it, as the broker's back-off does; so does the look that finds the end. So the waits come out, and which quota
 * makes them.
 */
import { billOf, computeUsd, totalOf } from '../../services/limits/prices.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import {
  DESCRIBES,
  FARGATE_SECONDS,
  FARGATE_SHARE,
  QUOTAS,
  type Quota,
  READ_UNITS,
  RUN_SECONDS,
  WRITE_UNITS,
} from './quotas.ts';

/** Of a day's jobs, the share of its busiest hour: people of a few time zones. */
const BUSIEST_HOUR = 0.12;
const HOUR = 3_600;
const SEED = 20_260_801;

/** On-demand prices of DynamoDB per unit, us-east-1. */
const WRITE_UNIT_USD = 0.625e-6;
const READ_UNIT_USD = 0.125e-6;
/** A broker process on Fargate: half a vCPU, 1 GB. Two run always. */
const BROKER = { vcpu: 0.5, memoryMb: 1_024 };
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
  readonly starts: Stage;
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
  const brokerUsdPerJob =
    WRITE_UNITS * WRITE_UNIT_USD +
    READ_UNITS * READ_UNIT_USD +
    (brokers * computeUsd(PRICES, { platform: 'fargate', ...BROKER, seconds: 24 * HOUR })) / jobsPerDay;
  const usdPerJob = runUsd() + brokerUsdPerJob;
  return {
    jobsPerDay,
    peakPerSecond,
    brokers,
    binds,
    use,
    newAccountUse,
    starts: stageOf('start', peakPerSecond),
    ends: stageOf('end', peakPerSecond),
    describes: peakPerSecond * DESCRIBES,
    usdPerJob,
    brokerUsdPerJob,
  };
}

function mostUsed(quotas: readonly Quota[], perSecond: number): { quota: Quota; use: number } {
  const uses = quotas.map((quota) => ({ quota, use: (perSecond * quota.perJob) / quota.limit }));
  return uses.reduce((most, each) => (each.use > most.use ? each : most));
}

function stageOf(stage: Quota['stage'], perSecond: number): Stage {
  const quotas = QUOTAS.filter((quota) => quota.stage === stage);
  const { quota: binds, use } = mostUsed(quotas, perSecond);
  return { binds, use, ...busiestHour(quotas, perSecond) };
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

/** Token buckets and held units, first come first served. Large numbers go in groups of jobs, which changes little. */
function busiestHour(quotas: readonly Quota[], perSecond: number): Pick<Stage, 'waitP99' | 'waiting'> {
  const random = mulberry32(SEED);
  const rates = quotas.filter(({ held }) => !held).map((quota) => ({ ...quota, tokens: quota.burst }));
  const holds = quotas.filter(({ held }) => held).map((quota) => ({ ...quota, inUse: 0 }));
  const ends: number[][] = Array.from({ length: 2 * HOUR }, () => holds.map(() => 0));
  const queue: { at: number; jobs: number }[] = [];
  const waits: { seconds: number; jobs: number }[] = [];
  for (let second = 0; second < HOUR; second++) {
    for (const bucket of rates) bucket.tokens = Math.min(bucket.burst, bucket.tokens + bucket.limit);
    holds.forEach((hold, i) => {
      hold.inUse -= ends[second][i];
    });
    const jobs = poisson(perSecond, random);
    if (jobs > 0) queue.push({ at: second, jobs });
    while (queue.length > 0) {
      const room = Math.min(
        queue[0].jobs,
        ...rates.map(({ tokens, perJob }) => tokens / perJob),
        ...holds.map(({ limit, inUse, perJob }, i) => (limit - inUse) / (perJob / secondsHeld(i))),
      );
      if (room < Math.min(1, queue[0].jobs)) break;
      for (const bucket of rates) bucket.tokens -= room * bucket.perJob;
      holds.forEach((hold, i) => {
        const units = (room * hold.perJob) / secondsHeld(i);
        hold.inUse += units;
        ends[Math.min(second + secondsHeld(i), 2 * HOUR - 1)][i] += units;
      });
      waits.push({ seconds: second - queue[0].at, jobs: room });
      queue[0].jobs -= room;
      if (queue[0].jobs > 1e-9) break;
      queue.shift();
    }
  }
  const waiting = Math.round(queue.reduce((sum, { jobs }) => sum + jobs, 0));
  return { waitP99: weightedP99(waits), waiting };
}

const secondsHeld = (index: number): number => (index === 0 ? RUN_SECONDS : FARGATE_SECONDS);

function weightedP99(waits: { seconds: number; jobs: number }[]): number {
  const sorted = [...waits].sort((a, b) => a.seconds - b.seconds);
  const all = sorted.reduce((sum, { jobs }) => sum + jobs, 0);
  let below = 0;
  for (const { seconds, jobs } of sorted) {
    below += jobs;
    if (below >= 0.99 * all) return seconds;
  }
  return 0;
}

/** Arrivals in a second; by the normal law where they are many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let product = random(); product > Math.exp(-mean); product *= random()) count++;
  return count;
}

/** Mulberry32 (T. Ettinger, public domain): the same sequence for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
