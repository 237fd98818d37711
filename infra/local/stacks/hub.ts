/** The platform's own account: the broker's role and tables, and the Mode 1 worker. */
import { readFileSync } from 'node:fs';
import type { PolicyStatement, StackDocument } from '../contract.ts';
import { serviceTrust, workerStack } from './worker.ts';

export const BROKER_ROLE_NAME = 'CloudMRBrainRole';
/** Roles that the broker may assume, by name: that of every Mode 2 stack has this in it. */
export const CROSS_ACCOUNT_ROLE_SUFFIX = 'CloudMRCrossAccountRole';

export interface HubOptions {
  accountId: string;
  region: string;
  corsOrigins: string[];
}

/** Names of the hub's Mode 1 resources, as its registration needs them. */
export function mode1Names(accountId: string, region: string) {
  const bucket = (kind: string): string => `cloudmr-${kind}-${accountId}-${region}`;
  return {
    stackName: 'mroptimum-mode1',
    stateMachineArn: `arn:aws:states:${region}:${accountId}:stateMachine:mroptimum-mode1-JobChooser`,
    buckets: { data: bucket('data'), results: bucket('results'), failed: bucket('failed') },
  };
}

/** The stacks of the hub's account. */
export function hubStacks({ accountId, region, corsOrigins }: HubOptions): StackDocument[] {
  const names = mode1Names(accountId, region);
  const broker: StackDocument = {
    stackName: 'cloudmr-broker',
    accountId,
    region,
    roles: [
      {
        name: BROKER_ROLE_NAME,
        trust: serviceTrust('ecs-tasks.amazonaws.com'),
        policies: [{ Statement: brokerStatements(accountId, region, names.buckets) }],
      },
    ],
    buckets: [],
    functions: [],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [],
    tables: tables(),
  };
  return [broker, workerStack({ accountId, region, corsOrigins, ...names })];
}

function brokerStatements(
  accountId: string,
  region: string,
  buckets: { data: string; results: string; failed: string },
): PolicyStatement[] {
  const names = Object.values(buckets);
  return [
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Resource: `arn:aws:iam::*:role/*${CROSS_ACCOUNT_ROLE_SUFFIX}*`,
    },
    {
      Effect: 'Allow',
      Action: [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
        'dynamodb:ConditionCheckItem',
        'dynamodb:DescribeTable',
      ],
      Resource: [
        `arn:aws:dynamodb:${region}:${accountId}:table/cloudmr`,
        `arn:aws:dynamodb:${region}:${accountId}:table/cloudmr/index/*`,
      ],
    },
    {
      Effect: 'Allow',
      Action: ['states:StartExecution', 'states:ListExecutions', 'states:DescribeStateMachine'],
      Resource: `arn:aws:states:${region}:${accountId}:stateMachine:mroptimum-mode1-*`,
    },
    {
      Effect: 'Allow',
      Action: ['states:DescribeExecution', 'states:StopExecution'],
      Resource: `arn:aws:states:${region}:${accountId}:execution:mroptimum-mode1-*`,
    },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: names.map((name) => `arn:aws:s3:::${name}/*`),
    },
    {
      Effect: 'Allow',
      Action: [
        's3:ListBucket',
        's3:GetBucketCORS',
        's3:GetBucketPolicy',
        's3:GetBucketPublicAccessBlock',
        's3:GetEncryptionConfiguration',
      ],
      Resource: names.map((name) => `arn:aws:s3:::${name}`),
    },
  ];
}

/** CreateTable inputs from the one definition that the CloudFormation stack uses as well. */
function tables(): Record<string, unknown>[] {
  const source = new URL('../../broker/tables.json', import.meta.url);
  const definitions = JSON.parse(readFileSync(source, 'utf8')) as Record<string, Record<string, unknown>>;
  return Object.entries(definitions).map(([TableName, definition]) => ({ TableName, ...definition }));
}
