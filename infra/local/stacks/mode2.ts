/** The Mode 2 stack in a researcher's account: the worker, and the one role that lets the broker in. */
import type { StackDocument } from '../contract.ts';
import { CROSS_ACCOUNT_ROLE_SUFFIX } from './hub.ts';
import { workerStack } from './worker.ts';

export interface Mode2Options {
  stackName: string;
  accountId: string;
  region: string;
  appId: string;
  /** The only principal that is let in. */
  brokerRoleArn: string;
  /** Issued by the broker; required by the trust policy. */
  externalId: string;
  corsOrigins: string[];
}

/** Outputs of the stack, as its registration needs them. */
export function mode2Names(stackName: string, accountId: string, region: string) {
  const bucket = (kind: string): string => `${stackName}-${kind}-${accountId}`;
  return {
    stateMachineArn: `arn:aws:states:${region}:${accountId}:stateMachine:${stackName}-JobChooser`,
    crossAccountRoleArn: `arn:aws:iam::${accountId}:role/${stackName}-${CROSS_ACCOUNT_ROLE_SUFFIX}`,
    buckets: { data: bucket('data'), results: bucket('results'), failed: bucket('failed') },
  };
}

/** What the preflight reads of a bucket. */
const SETTINGS = [
  's3:GetBucketCORS',
  's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock',
  's3:GetEncryptionConfiguration',
];

/** The stack that a researcher deploys. */
export function mode2Stack(options: Mode2Options): StackDocument {
  const { stackName, accountId, region, appId } = options;
  const { buckets } = mode2Names(stackName, accountId, region);
  const stack = workerStack({
    stackName,
    accountId,
    region,
    buckets,
    mode: 'mode2',
    corsOrigins: options.corsOrigins,
  });
  const names = Object.values(buckets);
  stack.roles.push({
    name: `${stackName}-${CROSS_ACCOUNT_ROLE_SUFFIX}`,
    maxSessionSeconds: 3600,
    trust: {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: options.brokerRoleArn },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': options.externalId } },
        },
      ],
    },
    policies: [
      {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['states:StartExecution', 'states:ListExecutions', 'states:DescribeStateMachine'],
            Resource: `arn:aws:states:${region}:${accountId}:stateMachine:${stackName}-JobChooser`,
          },
          {
            Effect: 'Allow',
            Action: ['states:DescribeExecution', 'states:StopExecution'],
            Resource: `arn:aws:states:${region}:${accountId}:execution:${stackName}-JobChooser:*`,
          },
          {
            Effect: 'Allow',
            Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
            Resource: names.map((name) => `arn:aws:s3:::${name}/${appId}/*`),
          },
          {
            Effect: 'Allow',
            // The settings are only read, by the preflight.
            Action: ['s3:ListBucket', ...SETTINGS],
            Resource: names.map((name) => `arn:aws:s3:::${name}`),
          },
        ],
      },
    ],
  });
  return stack;
}
