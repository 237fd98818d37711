/**
 * Quotas of AWS that a job meets in one account and region (us-east-1), and what one job takes of each. Mode 2 jobs take most of it from the quotas of their own account.
 */

export interface Quota {
  readonly name: string;
  /** Per second; or at the same time, for what is held. */
  readonly limit: number;
  /** What a new account has until AWS raises it. */
  readonly newAccount?: number;
  /** A bucket of this many lets bursts through; 0 for what is held. */
  readonly burst: number;
  /** Units a job takes when it starts; for what is held: seconds times units. */
  readonly perJob: number;
  readonly held?: boolean;
  /** What to do when it binds. */
  readonly remedy: string;
}

/** Seconds that an analytic run holds its function (start included), measured by bench:snr and the demo. */
export const RUN_SECONDS = 8;
/** Jobs that go to Fargate: replicas and large scans. */
export const FARGATE_SHARE = 0.05;
export const FARGATE_SECONDS = 180;
/** Sessions are kept for up to an hour: an AssumeRole serves this many jobs of a unit at least. */
const JOBS_PER_SESSION = 2;
/** Statuses that one page of ListExecutions holds. */
const STATUSES_PER_PAGE = 1_000;
/** A job is in this many sweeps while it runs. */
const SWEEPS = 1;

/** Capacity units of the items of one job: its transaction, its moves, and the two indexes that follow each. */
export const WRITE_UNITS = 50;
export const READ_UNITS = 20;
/** Partitions of the index of open jobs: its writes are the hottest spot of the table. */
const SHARDS = 8;
const INDEX_UNITS = 15;

export const QUOTAS: readonly Quota[] = [
  {
    name: 'Lambda: executions at once',
    limit: 1_000,
    newAccount: 10,
    burst: 0,
    perJob: (1 - FARGATE_SHARE) * RUN_SECONDS,
    held: true,
    remedy: 'raise the quota of concurrent executions (free)',
  },
  {
    name: 'Fargate: vCPU at once',
    limit: 4_000,
    newAccount: 6,
    burst: 0,
    perJob: FARGATE_SHARE * FARGATE_SECONDS * 4,
    held: true,
    remedy: 'raise the quota of Fargate vCPU',
  },
  {
    name: 'Fargate: launches',
    limit: 20,
    burst: 100,
    perJob: FARGATE_SHARE,
    remedy: 'raise the quota of task launches',
  },
  {
    name: 'Step Functions: StartExecution',
    limit: 300,
    burst: 1_300,
    perJob: 1,
    remedy: 'raise the quota, or a second account or region for Mode 1',
  },
  {
    name: 'Step Functions: ListExecutions',
    limit: 5,
    burst: 200,
    perJob: SWEEPS / STATUSES_PER_PAGE,
    remedy: 'raise the quota; events tell the broker first',
  },
  {
    name: 'STS: AssumeRole',
    limit: 600,
    burst: 600,
    perJob: 1 / JOBS_PER_SESSION,
    remedy: 'a second broker account',
  },
  {
    name: 'DynamoDB: one shard of open jobs',
    limit: 1_000,
    burst: 1_000 * 300,
    perJob: INDEX_UNITS / SHARDS,
    remedy: 'more shards (OPEN_SHARDS)',
  },
  {
    name: 'DynamoDB: writes of the table',
    limit: 40_000,
    burst: 40_000,
    perJob: WRITE_UNITS,
    remedy: 'raise the quota of the table',
  },
];
