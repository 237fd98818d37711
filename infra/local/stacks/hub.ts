/** The platform's own account: the broker's role and tables, and the Mode 1 worker. */
import { readFileSync } from 'node:fs';
import type { PolicyStatement, RoleResource, StackDocument } from '../contract.ts';
import { accessRole } from './access-role.ts';
import { serviceTrust, workerStack } from './worker.ts';

export const BROKER_ROLE_NAME = 'CloudMRBrainRole';
/** Roles that the broker may assume, by name: that of every Mode 2 stack has this in it. */
export const CROSS_ACCOUNT_ROLE_SUFFIX = 'CloudMRCrossAccountRole';
const MODE1 = 'mroptimum-mode1';
const APP = 'mroptimum';

export interface HubOptions {
  accountId: string;
  region: string;
  corsOrigins: string[];
}

/** Names of the hub's Mode 1 resources, as its registration needs them. */
export function mode1Names(accountId: string, region: string) {
  const bucket = (kind: string): string => `cloudmr-${kind}-${accountId}-${region}`;
  return {
    stackName: MODE1,
    stateMachineArn: `arn:aws:states:${region}:${accountId}:stateMachine:${MODE1}-JobChooser`,
    roleArn: `arn:aws:iam::${accountId}:role/${MODE1}-${CROSS_ACCOUNT_ROLE_SUFFIX}`,
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
        policies: [{ Statement: brokerStatements(accountId, region) }],
      },
    ],
    buckets: [],
    functions: [],
    clusters: [],
    taskDefinitions: [],
    stateMachines: [],
    tables: tables(),
  };
  const worker = workerStack({ accountId, region, corsOrigins, ...names });
  worker.roles.push(mode1Role(accountId, region));
  return [broker, worker];
}

/** The role of Mode 1: the broker's own sees no bucket and no state machine. */
export function mode1Role(accountId: string, region: string): RoleResource {
  const { roleArn, buckets } = mode1Names(accountId, region);
  return accessRole({
    name: roleArn.slice(roleArn.lastIndexOf('/') + 1),
    accountId,
    region,
    appId: APP,
    machine: `${MODE1}-JobChooser`,
    buckets,
    brokerRoleArn: `arn:aws:iam::${accountId}:role/${BROKER_ROLE_NAME}`,
  });
}

function brokerStatements(accountId: string, region: string): PolicyStatement[] {
  return [
    {
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
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
  ];
}

/** CreateTable inputs from the one definition that the CloudFormation stack uses as well. */
function tables(): Record<string, unknown>[] {
  const source = new URL('../../broker/tables.json', import.meta.url);
  const definitions = JSON.parse(readFileSync(source, 'utf8')) as Record<string, Record<string, unknown>>;
  return Object.entries(definitions).map(([TableName, definition]) => ({ TableName, ...definition }));
}
