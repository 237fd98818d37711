/** A computing unit: where jobs of one mode run. Stored form and the form shown to callers. */
import { z } from 'zod';
import { accountId, bucketName, region, roleArn, stateMachineArn } from './ids.ts';

export const mode = z.enum(['mode_1', 'mode_2']);
export type Mode = z.infer<typeof mode>;

/** `pending`: not proven yet, runs nothing. `degraded`/`unreachable`: a check failed, see `problem`. */
export const unitStatus = z.enum(['pending', 'ready', 'degraded', 'unreachable']);
export type UnitStatus = z.infer<typeof unitStatus>;

export const unit = z.object({
  unitId: z.string(),
  ownerId: z.string(),
  appId: z.string(),
  mode,
  provider: z.enum(['cloudmrhub', 'user']),
  alias: z.string(),
  awsAccountId: accountId,
  region,
  stateMachineArn,
  resultsBucket: bucketName,
  failedBucket: bucketName,
  dataBucket: bucketName,
  /** Mode 2 only: the role the broker assumes, and the external ID the broker issued for it. */
  crossAccountRoleArn: roleArn.optional(),
  externalId: z.string().optional(),
  isDefault: z.boolean(),
  isShared: z.boolean(),
  status: unitStatus,
  /** What is still missing or wrong, for people. */
  missing: z.array(z.string()),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type Unit = z.infer<typeof unit>;
