/** The accounts of computing units, asked no faster than their budgets allow. */
import type { BudgetedOperation } from '../../src/schemas/quotas.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { UnitCloud } from '../ports.ts';
import type { Budgets } from './budgets.ts';

/** Wraps what has a quota that jobs can reach; S3 has none of that kind. */
export function budgetedCloud(cloud: UnitCloud, budgets: Pick<Budgets, 'take'>): UnitCloud {
  const taken = ({ awsAccountId, region }: Unit, operation: BudgetedOperation): Promise<void> =>
    budgets.take(awsAccountId, region, operation);
  return {
    ...cloud,
    async startExecution(unit, ...rest) {
      await taken(unit, 'StartExecution');
      return cloud.startExecution(unit, ...rest);
    },
    async describeExecution(unit, ...rest) {
      await taken(unit, 'DescribeExecution');
      return cloud.describeExecution(unit, ...rest);
    },
    async runningExecutions(unit) {
      await taken(unit, 'ListExecutions');
      return cloud.runningExecutions(unit);
    },
    async stopExecution(unit, ...rest) {
      await taken(unit, 'StopExecution');
      return cloud.stopExecution(unit, ...rest);
    },
  };
}
