/**
 * What a session may do. Every AssumeRole is narrowed by a policy to one purpose (and one owner), so that a
 * session in the wrong hands, or a bug in the broker, reaches only that: the effective rights are the
 * intersection with the role's own.
 */
import { executionArn } from '../../../services/jobs/naming.ts';
import { CloudError } from '../../../services/ports.ts';
import { PREFLIGHT_OWNER } from '../../../services/preflight/owner.ts';
import { quotaArns } from '../../../services/preflight/quota-arns.ts';
import type { Unit } from '../../schemas/unit.ts';

/** Why the broker enters an account. `ownerId` is the person whose files are meant, not the unit's owner. */
export type Purpose =
  /** Write a job document of this app and start its execution. */
  | { readonly kind: 'start' }
  /** Follow and stop the broker's executions, look at results of this app. */
  | { readonly kind: 'observe' }
  /** Sign URLs for one person's objects; look whether an upload has arrived. */
  | { readonly kind: 'presign'; readonly ownerId: string }
  /** Look whether everything is as it must be, with objects of its own under `APP/preflight/`. */
  | { readonly kind: 'check' }
  /** Read what AWS lets the account run at once; by itself, because the policy of `check` has no room left. */
  | { readonly kind: 'quotas' }
  /** Delete one person's objects, and abort uploads of theirs. */
  | { readonly kind: 'remove'; readonly ownerId: string };

export interface SessionPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Effect: 'Allow';
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
  }[];
}

/** Lies outside every prefix of an app, so no role should let the broker read it. It never exists. */
export const OUTSIDE_KEY = 'outside-of-every-app';

/** AWS accepts no longer session policy (inline JSON plus ARNs of managed ones). */
export const MAX_POLICY_CHARACTERS = 2_048;

/** Executions that the broker started: its names, test jobs included; the owner's own have others. */
const EXECUTIONS = 'job-*';

/** What ids may look like inside a policy: `*`, `?` and `$` would be patterns there. */
const PLAIN = /^[\w .:@+=,-]{1,200}$/;

/**
 * The session policy of a purpose. `s3:ListBucket` is in it because S3 answers 403 instead of 404 for a
 * missing object to who may not list; the broker itself never lists.
 * Throws CloudError `invalid` for ids that cannot stand in a policy.
 */
export function sessionPolicy(purpose: Purpose, unit: Unit): SessionPolicy {
  const partition = unit.stateMachineArn.split(':')[1];
  const arn = (bucket: string): string => `arn:${partition}:s3:::${bucket}`;
  const buckets = [...new Set([unit.dataBucket, unit.resultsBucket, unit.failedBucket])];
  // Buckets may have a key of their own; the role's policy names which, S3 asks for it in the session's name.
  const keys = [`arn:${partition}:kms:${unit.region}:${unit.awsAccountId}:key/*`];
  const owned = (ownerId: string, among = buckets): string[] =>
    among.map((bucket) => `${arn(bucket)}/${plain(unit.appId)}/${plain(ownerId)}/*`);

  switch (purpose.kind) {
    case 'start':
      return policy(
        [['states:StartExecution'], [unit.stateMachineArn]],
        [['s3:PutObject'], [`${arn(unit.dataBucket)}/${plain(unit.appId)}/*/job.json`]],
        [['kms:GenerateDataKey'], keys],
      );
    case 'observe': {
      const executions = executionArn(unit.stateMachineArn, EXECUTIONS);
      const outcomes = [...new Set([unit.resultsBucket, unit.failedBucket])].map(arn);
      return policy(
        [['states:DescribeExecution', 'states:StopExecution'], [executions]],
        [['states:ListExecutions'], [unit.stateMachineArn]],
        [['s3:GetObject'], outcomes.map((bucket) => `${bucket}/${plain(unit.appId)}/*`)],
        [['s3:ListBucket'], outcomes],
        [['kms:Decrypt'], keys],
      );
    }
    case 'presign':
      return policy(
        [['s3:GetObject'], owned(purpose.ownerId)],
        // People put files where inputs lie; what runs leave is written by the worker's own role.
        [['s3:PutObject'], owned(purpose.ownerId, [unit.dataBucket])],
        [['s3:ListBucket'], buckets.map(arn)],
        [['kms:Decrypt', 'kms:GenerateDataKey'], keys],
      );
    case 'check': {
      const all = buckets.map(arn);
      return policy(
        [['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], owned(PREFLIGHT_OWNER)],
        [['s3:GetObject'], all.map((bucket) => `${bucket}/${OUTSIDE_KEY}`)],
        [
          [
            's3:ListBucket',
            's3:GetBucketPolicy',
            's3:GetBucketPublicAccessBlock',
            's3:GetEncryptionConfiguration',
          ],
          all,
        ],
        // Of no use to the broker: that the role refuses it is what is looked at.
        [['s3:ListAllMyBuckets'], ['*']],
        [['states:DescribeStateMachine', 'states:ListTagsForResource'], [unit.stateMachineArn]],
        [['kms:Decrypt', 'kms:GenerateDataKey'], keys],
      );
    }
    case 'quotas':
      return policy([['servicequotas:GetServiceQuota'], quotaArns(unit)]);
    case 'remove':
      return policy([['s3:DeleteObject', 's3:AbortMultipartUpload'], owned(purpose.ownerId)]);
  }
}

function policy(...rules: [actions: string[], resources: string[]][]): SessionPolicy {
  return {
    Version: '2012-10-17',
    Statement: rules.map(([Action, Resource]) => ({ Effect: 'Allow', Action, Resource })),
  };
}

function plain(id: string): string {
  if (PLAIN.test(id)) return id;
  throw new CloudError('invalid', 'AssumeRole', 'UnsafeName', `"${id}" cannot stand in a session policy`);
}
