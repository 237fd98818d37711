/** How often AWS lets an account ask, as token buckets, and what the broker expects of a region without raised quotas. */
import { z } from 'zod';

export const budgetedOperation = z.enum([
  'StartExecution',
  'DescribeExecution',
  'ListExecutions',
  'StopExecution',
  'AssumeRole',
]);
export type BudgetedOperation = z.infer<typeof budgetedOperation>;

export const quota = z.object({
  /** Calls that may come at once. */
  bucket: z.number().positive(),
  perSecond: z.number().positive(),
});
export type Quota = z.infer<typeof quota>;
export type Quotas = Readonly<Record<BudgetedOperation, Quota>>;

/**
 * The defaults of the regions that have the least: "Service quotas" of the Step Functions developer guide, columns "All other
 * regions"; us-east-1, us-west-2 and eu-west-1 have more. AssumeRole: "IAM and AWS STS quotas".
 */
export const QUOTAS: Quotas = {
  StartExecution: { bucket: 800, perSecond: 150 },
  DescribeExecution: { bucket: 250, perSecond: 10 },
  ListExecutions: { bucket: 100, perSecond: 2 },
  StopExecution: { bucket: 500, perSecond: 25 },
  AssumeRole: { bucket: 600, perSecond: 600 },
};

/** A quota of an account in a region, as Service Quotas names it. */
export interface AccountQuota {
  readonly serviceCode: string;
  readonly quotaCode: string;
}

/**
 * The quotas of accounts that jobs meet. Those of Step Functions are far away (a million open executions) or slow jobs
 * down and fail none (transitions per second), and AWS documents no codes of theirs.
 */
export const ACCOUNT_QUOTAS = {
  /** vCPUs of all tasks on Fargate at once. */
  fargateVcpus: { serviceCode: 'fargate', quotaCode: 'L-3032A538' },
  /** Functions of Lambda at once. */
  lambdaConcurrency: { serviceCode: 'lambda', quotaCode: 'L-B99A9384' },
} as const satisfies Record<string, AccountQuota>;
