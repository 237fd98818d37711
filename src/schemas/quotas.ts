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

/** AWS gives more in us-east-1, us-west-2 and eu-west-1. */
export const QUOTAS: Quotas = {
  StartExecution: { bucket: 800, perSecond: 150 },
  DescribeExecution: { bucket: 250, perSecond: 10 },
  ListExecutions: { bucket: 100, perSecond: 5 },
  StopExecution: { bucket: 500, perSecond: 25 },
  AssumeRole: { bucket: 600, perSecond: 600 },
};
