/** A computing unit: where jobs of one mode run. Stored form and the form shown to callers. */
import { z } from 'zod';
import { accountId, bucketName, region, roleArn, stateMachineArn } from './ids.ts';

export const mode = z.enum(['mode_1', 'mode_2']);
export type Mode = z.infer<typeof mode>;

/** `pending`: not proven yet, runs nothing. `degraded`/`unreachable`: a check failed, see `problem`. */
export const unitStatus = z.enum(['pending', 'ready', 'degraded', 'unreachable']);
export type UnitStatus = z.infer<typeof unitStatus>;

/** Who has to do something about a failed check. */
export const checkActor = z.enum(['user', 'unit_owner', 'operator']);

/** What one check of a unit found. `skipped`: it could not be asked; `warning`: jobs run nevertheless. */
export const unitCheck = z.object({
  code: z.string(),
  status: z.enum(['passed', 'warning', 'failed', 'skipped']),
  /** What was seen, in words; never a secret. */
  evidence: z.string(),
  remedy: z.string().optional(),
  actor: checkActor.optional(),
  /** An IAM policy statement (JSON) that can be pasted into the role, where one helps. */
  policy: z.string().optional(),
  /** Commands that can be pasted into a shell with credentials of the account, one a line. */
  command: z.string().optional(),
  at: z.number(),
});
export type UnitCheck = z.infer<typeof unitCheck>;

/** That somebody with credentials of the account has signed for exactly these resources. */
export const ownershipProof = z.object({
  /** Who signed, as STS answered. */
  callerArn: z.string(),
  at: z.number(),
  /** Hash of account, region, role, machine and buckets: a change of any of them ends the proof. */
  resources: z.string(),
  /** The role among them, which the broker enters; absent in proofs that are older than this field. */
  roleArn: roleArn.optional(),
});
export type OwnershipProof = z.infer<typeof ownershipProof>;

/** The test job of a preflight that is under way. */
export const canaryRun = z.object({
  jobId: z.string(),
  startedAt: z.number(),
  /** ARN of an execution that was told to stop and is to be looked at again. */
  stopping: z.string().optional(),
});
export type CanaryRun = z.infer<typeof canaryRun>;

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
  /** Mode 2 only; absent: nobody has shown yet that the account is theirs. */
  proof: ownershipProof.optional(),
  /** What the last round of each check found. */
  checks: z.array(unitCheck).optional(),
  /** Since when the status is what it is. */
  statusSince: z.number().optional(),
  /** When a check last found everything in order. */
  lastValidatedAt: z.number().optional(),
  /** When the trust of the role was last looked at: launches within 15 minutes do not ask again. */
  trustCheckedAt: z.number().optional(),
  /** When the schedule looks again; absent: never (nobody has proven anything). */
  nextCheckAt: z.number().optional(),
  /** Rounds of checks that have failed one after the other; decides the next pause. */
  failedChecks: z.number().int().optional(),
  /** When the test jobs are due, and those that are under way. */
  canaryDueAt: z.number().optional(),
  canary: canaryRun.optional(),
  /** Nothing is asked of the account while it is set. */
  paused: z.object({ at: z.number(), by: z.enum(['owner', 'administrator']) }).optional(),
  /** People who may run jobs here besides the owner. */
  sharedWith: z.array(z.string()).optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type Unit = z.infer<typeof unit>;
