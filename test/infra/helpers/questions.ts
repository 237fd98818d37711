/** A table of what a role may and may not do, asked of the evaluator of the embedded cloud. */
import type { PolicyDocument, RoleResource } from '../../../infra/local/contract.ts';
import { evaluate } from '../../../infra/local/iam/evaluate.ts';
import { readPolicy } from '../../../infra/local/iam/policy.ts';

export interface Row {
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
  readonly keys?: Record<string, string>;
}

/** Rows that come out otherwise than the table says. */
export function wrongRows(policies: readonly PolicyDocument[], rows: readonly Row[]): string[] {
  const read = policies.map((document) => readPolicy(document, 'identity'));
  return rows
    .filter(({ action, resource, allowed, keys = {} }) => {
      return (evaluate(read, { action, resource, keys }) === 'allow') !== allowed;
    })
    .map(
      ({ action, resource, allowed }) =>
        `${action} on ${resource} should be ${allowed ? 'allowed' : 'denied'}`,
    );
}

/** Who may take on a role, with which external ID. */
export function mayEnter(role: RoleResource, principal: string, externalId?: string): boolean {
  const keys = externalId === undefined ? {} : { 'sts:ExternalId': externalId };
  const isPrincipal = ({ aws }: { aws: readonly string[] }): boolean =>
    aws.includes(principal) || aws.includes('*');
  return (
    evaluate([readPolicy(role.trust, 'trust')], { action: 'sts:AssumeRole', keys, isPrincipal }) === 'allow'
  );
}

export function may(action: string, resource: string, keys?: Record<string, string>): Row {
  return { action, resource, allowed: true, keys };
}
export function mayNot(action: string, resource: string, keys?: Record<string, string>): Row {
  return { action, resource, allowed: false, keys };
}

/** What no role may do to a bucket of jobs: a result could be published, changed for all, or lost. */
export function neverOn(bucket: (key?: string) => string, resultKey: string): Row[] {
  return [
    ...[
      'PutLifecycleConfiguration',
      'PutBucketPolicy',
      'DeleteBucketPolicy',
      'PutBucketAcl',
      'DeleteBucket',
    ].map((action) => mayNot(`s3:${action}`, bucket())),
    ...['PutObjectAcl', 'DeleteObjectVersion', 'BypassGovernanceRetention'].map((action) =>
      mayNot(`s3:${action}`, bucket(resultKey)),
    ),
    mayNot('s3:GetObject', bucket('/another-app/user-1/file.h5')),
    mayNot('s3:PutObject', bucket('/another-app/user-1/file.h5')),
  ];
}
