/** The role through which the broker works on Mode 1 units: what the template of Mode 2 gives it in other accounts. */
import type { RoleResource } from '../contract.ts';

interface AccessRoleOptions {
  name: string;
  accountId: string;
  region: string;
  appId: string;
  /** Name of the state machine. */
  machine: string;
  buckets: { data: string; results: string; failed: string };
  /** The only principal that is let in. */
  brokerRoleArn: string;
}

/** What the preflight reads of a bucket. */
const SETTINGS = ['s3:GetBucketPolicy', 's3:GetBucketPublicAccessBlock', 's3:GetEncryptionConfiguration'];

/** The role: what the broker does for jobs of one app, and nothing else. */
export function accessRole(options: AccessRoleOptions): RoleResource {
  const { name, accountId, region, appId, machine, buckets } = options;
  const states = `arn:aws:states:${region}:${accountId}`;
  const all = Object.values(buckets);
  return {
    name,
    maxSessionSeconds: 3600,
    trust: {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: options.brokerRoleArn },
          // The second lets CloudTrail name the person for whom the broker signs.
          Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
        },
      ],
    },
    policies: [
      {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['states:StartExecution', 'states:DescribeStateMachine', 'states:ListExecutions'],
            Resource: `${states}:stateMachine:${machine}`,
          },
          {
            Effect: 'Allow',
            // The broker's own: `job-ID-ATTEMPT`.
            Action: ['states:DescribeExecution', 'states:StopExecution'],
            Resource: `${states}:execution:${machine}:job-*`,
          },
          {
            Effect: 'Allow',
            Action: ['s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
            Resource: all.map((bucket) => `arn:aws:s3:::${bucket}/${appId}/*`),
          },
          {
            Effect: 'Allow',
            Action: 's3:PutObject',
            // Results are the worker's; there the preflight alone writes, to see that the bucket is the one meant.
            Resource: [
              `arn:aws:s3:::${buckets.data}/${appId}/*`,
              `arn:aws:s3:::${buckets.results}/${appId}/preflight/*`,
              `arn:aws:s3:::${buckets.failed}/${appId}/preflight/*`,
            ],
          },
          {
            Effect: 'Allow',
            // The settings are only read, by the preflight.
            Action: ['s3:ListBucket', ...SETTINGS],
            Resource: all.map((bucket) => `arn:aws:s3:::${bucket}`),
          },
        ],
      },
    ],
  };
}
