/**
 * Quotas of AWS that jobs meet in ONE account and region, and what one job takes of each. Calls that the broker budgets
 * come from its own budgets (src/schemas/quotas.ts): those of a region without raised quotas, which no AWS region is
 * below; us-east-1, us-west-2 and eu-west-1 have more (StartExecution 1,300 and 300 a second, DescribeExecution 300 and
 * 15, ListExecutions 200 and 5, StateTransition 5,000 and 5,000). Step Functions: its page "Service quotas"; new accounts
 * have fewer state transitions until they use more, in figures that the page does not give. Lambda, Fargate, DynamoDB: theirs.
 */
import { OPEN_SHARDS } from '../../src/aws/table/table.ts';
import { QUOTAS as BUDGETS, type BudgetedOperation } from '../../src/schemas/quotas.ts';

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
  /** Which jobs take it, where not all do. */
  readonly of?: 'lambda' | 'fargate';
  /** What waits for it: the start of a job, or the broker's knowledge of its end. */
  readonly stage: 'start' | 'end';
}

/** What the broker allows itself of an operation. */
function budgetOf(operation: BudgetedOperation): Pick<Quota, 'limit' | 'burst'> {
  const { perSecond, bucket } = BUDGETS[operation];
  return { limit: perSecond, burst: bucket };
}

/** Seconds that an analytic run holds its function (start included), measured by bench:snr and the demo. */
export const RUN_SECONDS = 8;
/** Jobs that go to Fargate: replicas and large scans. */
export const FARGATE_SHARE = 0.05;
export const FARGATE_SECONDS = 180;
/** Sessions are kept for up to an hour: an AssumeRole serves this many jobs of a unit at least. */
const JOBS_PER_SESSION = 2;
/** Looks at a run of Lambda: at its report, which comes from within it, and when it has ended a moment later. */
const LAMBDA_LOOKS = 2;
/** A task of Fargate takes seconds to stop after its report: one look at the report and four within five seconds. */
const FARGATE_LOOKS = 5;
/** Looks of the sweep at a run of Fargate; those of Lambda end before their first. */
const SWEEPS = 7;
/** DescribeExecution of a job, on average: as if every look of the sweep were one, as it is while few jobs are due. */
export const DESCRIBES = (1 - FARGATE_SHARE) * LAMBDA_LOOKS + FARGATE_SHARE * (FARGATE_LOOKS + SWEEPS);
/** Due jobs that a sweep looks at by one list. */
const JOBS_PER_LIST = 50;
/** SelectPlatform, ChoosePlatform, the run, Report and Succeeded; and the start. */
const TRANSITIONS = 6;

/** Capacity units of the items of one job: its transaction, its moves, and the two indexes that follow each. */
export const WRITE_UNITS = 50;
export const READ_UNITS = 20;
/** Of each of the partitions of the index of open jobs: its writes are the hottest spot of the table. */
const INDEX_UNITS = 15;

export const QUOTAS: readonly Quota[] = [
  {
    name: 'Lambda: executions at once',
    limit: 1_000,
    newAccount: 10,
    burst: 0,
    perJob: (1 - FARGATE_SHARE) * RUN_SECONDS,
    held: true,
    of: 'lambda',
    stage: 'start',
  },
  {
    name: 'Fargate: vCPU at once',
    limit: 4_000,
    newAccount: 6,
    burst: 0,
    perJob: FARGATE_SHARE * FARGATE_SECONDS * 4,
    held: true,
    of: 'fargate',
    stage: 'start',
  },
  {
    name: 'Fargate: launches',
    limit: 20,
    burst: 100,
    perJob: FARGATE_SHARE,
    of: 'fargate',
    stage: 'start',
  },
  {
    name: 'Step Functions: StartExecution',
    ...budgetOf('StartExecution'),
    perJob: 1,
    stage: 'start',
  },
  {
    name: 'Step Functions: StateTransition',
    limit: 800,
    burst: 800,
    perJob: TRANSITIONS,
    stage: 'start',
  },
  {
    name: 'Step Functions: DescribeExecution',
    ...budgetOf('DescribeExecution'),
    perJob: DESCRIBES,
    stage: 'end',
  },
  {
    name: 'Step Functions: ListExecutions',
    ...budgetOf('ListExecutions'),
    perJob: (FARGATE_SHARE * SWEEPS) / JOBS_PER_LIST,
    stage: 'end',
  },
  {
    name: 'STS: AssumeRole',
    ...budgetOf('AssumeRole'),
    perJob: 1 / JOBS_PER_SESSION,
    stage: 'start',
  },
  {
    name: 'DynamoDB: one shard of open jobs',
    limit: 1_000,
    burst: 1_000 * 300,
    perJob: INDEX_UNITS / OPEN_SHARDS,
    stage: 'start',
  },
  {
    name: 'DynamoDB: writes of the table',
    limit: 40_000,
    burst: 40_000,
    perJob: WRITE_UNITS,
    stage: 'start',
  },
];
