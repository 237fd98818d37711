/**
 * What the broker's own stack costs a month: the one source for infra/broker/README.md and docs/CAPACITY.md. List prices
 * of us-east-1 (pages "Pricing" of each service), without free tier.
 */
import { ALARMS } from '../../infra/scripts/broker-alarms.ts';
import { LOG_METRICS } from '../../infra/scripts/broker-metrics.ts';
import { computeUsd } from '../../services/limits/prices.ts';
import { PRICES } from '../../src/schemas/prices.ts';
import { READ_UNITS, WRITE_UNITS } from './quotas.ts';

/** Hours and days of a month. */
const HOURS = 730;
export const DAYS = HOURS / 24;
/** A broker process on Fargate: half a vCPU, 1 GB. */
const BROKER = { platform: 'fargate' as const, vcpu: 0.5, memoryMb: 1_024 };

/** On-demand prices of DynamoDB per unit. */
const WRITE_UNIT_USD = 0.625e-6;
const READ_UNIT_USD = 0.125e-6;
/** Signs of life: each process writes one every two seconds. */
const BEATS_PER_SECOND = 0.5;
/** Lists of due work, which the processes share, and news: counted in 30 s of an idle process, half a unit each. */
const POLLS_PER_SECOND = 11;
const SECONDS = HOURS * 3_600;

/**
 * What a job makes of requests, each a line in the log, and of answers through the load balancer and out of AWS: mostly
 * lists, which web clients ask for every 15 seconds (25 jobs are 28 KB). Files go to and from S3, see runUsd().
 */
const REQUESTS = 60;
const LINE_BYTES = 500;
const ANSWER_BYTES = 2.5e6;
/** Figures and signs of life in the log of an idle broker, a month. */
const IDLE_LOG_GB = 1.2;

export interface CostPart {
  readonly part: string;
  /** US dollars a month. */
  readonly usd: number;
}

/** The parts of a month's bill with so many jobs a day and processes. */
export function brokerCosts(jobsPerDay: number, brokers: number): CostPart[] {
  const jobs = jobsPerDay * DAYS;
  const task = (hours: number): number => computeUsd(PRICES, { ...BROKER, seconds: hours * 3_600 });
  const watched = Object.values(ALARMS).reduce(
    (sum, { of }) => sum + ('sources' in of ? Object.keys(of.sources).length : 1),
    0,
  );
  const metrics = Object.keys(LOG_METRICS).length;
  const units =
    (brokers * BEATS_PER_SECOND * SECONDS + jobs * WRITE_UNITS) * WRITE_UNIT_USD +
    ((POLLS_PER_SECOND * SECONDS) / 2 + jobs * READ_UNITS) * READ_UNIT_USD;
  return [
    {
      part: 'tasks of 0.5 vCPU and 1 GB with their public addresses, two at least',
      usd: brokers * task(HOURS),
    },
    {
      part: `load balancer with 2 public addresses, and its units (${ANSWER_BYTES / 1e6} MB of answers a job)`,
      usd: HOURS * (0.0225 + 2 * PRICES.publicIpHour) + ((jobs * ANSWER_BYTES) / 1e9) * 0.008,
    },
    {
      part: `these answers out to the internet, $${PRICES.egressGb} per GB`,
      usd: ((jobs * ANSWER_BYTES) / 1e9) * PRICES.egressGb,
    },
    {
      part: `WAF: 1 list, 3 rules, $0.60 per million requests (${REQUESTS} a job)`,
      usd: 5 + 3 + jobs * REQUESTS * 0.6e-6,
    },
    {
      part: `table, on demand: ${WRITE_UNITS} write and ${READ_UNITS} read units a job; ${BEATS_PER_SECOND} writes a second and process, ${POLLS_PER_SECOND} polls a second`,
      usd: units,
    },
    { part: 'the scheduled tick: a task of a minute, 96 times a day', usd: task((96 * DAYS) / 60) },
    {
      part: `two secrets, a key, logs (${LINE_BYTES / 1_000} KB a request)`,
      usd: 2 * 0.4 + 1 + (IDLE_LOG_GB + (jobs * REQUESTS * LINE_BYTES) / 1e9) * 0.5,
    },
    { part: 'Container Insights: about 20 metrics', usd: 20 * 0.3 },
    {
      part: `${metrics} metrics of logs and ${Object.keys(ALARMS).length} alarms on ${watched} metrics; the first trail of an account is free`,
      usd: metrics * 0.3 + watched * 0.1,
    },
  ];
}

/** Of all parts, US dollars a month. */
export function brokerUsd(jobsPerDay: number, brokers: number): number {
  return brokerCosts(jobsPerDay, brokers).reduce((sum, { usd }) => sum + usd, 0);
}

/** The table of infra/broker/README.md: idle, and at 10,000 jobs a day, by two processes. */
export function costTable(): string {
  const busy = brokerCosts(10_000, 2);
  const rows = brokerCosts(0, 2).map(({ part, usd }, i) => [
    part,
    `$${usd.toFixed(1)}`,
    `$${busy[i].usd.toFixed(1)}`,
  ]);
  const sums = [0, 10_000].map((jobs) => `about $${brokerUsd(jobs, 2).toFixed(0)}`);
  return [['part', 'idle', 'at 10,000 jobs a day'], ['---', '---', '---'], ...rows, ['sum', ...sums]]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
