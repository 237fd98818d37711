/** Calls a service directly, as the root of an account that may do everything unless `authorize` throws. */
import { randomUUID } from 'node:crypto';
import type { ServiceContext } from '../../../infra/local/contract.ts';

export function rootContext(
  accountId = '111111111111',
  region = 'us-east-1',
  authorize: ServiceContext['authorize'] = () => {},
): ServiceContext {
  const arn = `arn:aws:iam::${accountId}:root`;
  const caller = { accountId, arn, principalArn: arn, kind: 'root' as const };
  return { requestId: randomUUID(), accountId, region, caller, authorize };
}
