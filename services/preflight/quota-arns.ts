/** The quotas of a unit's account that the preflight reads, as IAM names them. */
import { ACCOUNT_QUOTAS } from '../../src/schemas/quotas.ts';
import type { Unit } from '../../src/schemas/unit.ts';

export function quotaArns({ stateMachineArn, region, awsAccountId }: Unit): string[] {
  const partition = stateMachineArn.split(':')[1];
  return Object.values(ACCOUNT_QUOTAS).map(
    ({ serviceCode, quotaCode }) =>
      `arn:${partition}:servicequotas:${region}:${awsAccountId}:${serviceCode}/${quotaCode}`,
  );
}
