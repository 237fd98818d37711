/**
 * The worker's resources in the platform's own account: what infra/calculation/template.yaml deploys.
 * Roles are as narrow as the deployed ones, so a missing permission shows on a laptop first.
 */
import { renderStateMachine } from '../../scripts/render-state-machine.ts';
import type { CorsRule, PolicyDocument, PolicyStatement, RoleResource, StackDocument } from '../contract.ts';

export interface WorkerStackOptions {
  stackName: string;
  accountId: string;
  region: string;
  buckets: { data: string; results: string; failed: string };
  /** Browsers of these origins may up- and download. */
  corsOrigins: string[];
  lambdaMemoryMb?: number;
  taskMemoryMb?: number;
}

/** Smallest Lambda memory quota of a new account. */
const LAMBDA_MEMORY_MB = 3008;
const TASK_MEMORY_MB = 8192;

/** A stack with the worker's functions, task, state machine, buckets and their roles. */
export function workerStack(options: WorkerStackOptions): StackDocument {
  const { stackName, accountId, region, buckets } = options;
  const lambdaArn = (name: string): string =>
    `arn:aws:lambda:${region}:${accountId}:function:${stackName}-${name}`;
  const cluster = `${stackName}-cluster`;
  const family = `${stackName}-worker`;
  const environment = {
    DataBucketName: buckets.data,
    ResultsBucketName: buckets.results,
    FailedBucketName: buckets.failed,
    EXECUTION_MODE: 'mode1',
  };
  const cors: CorsRule[] = [
    {
      AllowedOrigins: options.corsOrigins,
      AllowedMethods: ['GET', 'PUT', 'HEAD'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag', 'Content-Range', 'Content-Length'],
      MaxAgeSeconds: 3000,
    },
  ];
  const memoryMb = options.lambdaMemoryMb ?? LAMBDA_MEMORY_MB;
  return {
    stackName,
    accountId,
    region,
    roles: roles(options, lambdaArn, family),
    buckets: Object.values(buckets).map((name) => ({ name, cors, tlsOnly: true })),
    functions: [
      {
        name: `${stackName}-SelectPlatform`,
        roleName: `${stackName}-step`,
        handler: 'compute/functions/select-platform.ts#handler',
        timeoutSeconds: 30,
        memoryMb: 512,
        environment,
      },
      {
        name: `${stackName}-RunJob`,
        roleName: `${stackName}-worker`,
        handler: 'compute/lambda.ts#handler',
        timeoutSeconds: 900,
        memoryMb,
        environment,
      },
      {
        name: `${stackName}-Report`,
        roleName: `${stackName}-step`,
        handler: 'compute/functions/report.ts#handler',
        timeoutSeconds: 60,
        memoryMb: 512,
        environment,
      },
    ],
    clusters: [cluster],
    taskDefinitions: [
      {
        family,
        containerName: 'worker',
        taskRoleName: `${stackName}-worker`,
        command: 'compute/fargate.ts',
        cpu: 2048,
        memoryMb: options.taskMemoryMb ?? TASK_MEMORY_MB,
        environment,
        stopTimeoutSeconds: 30,
      },
    ],
    stateMachines: [
      {
        name: `${stackName}-JobChooser`,
        roleName: `${stackName}-state-machine`,
        definition: renderStateMachine({
          Partition: 'aws',
          SelectPlatformFunctionArn: lambdaArn('SelectPlatform'),
          RunJobFunctionArn: lambdaArn('RunJob'),
          ReportFunctionArn: lambdaArn('Report'),
          ClusterArn: `arn:aws:ecs:${region}:${accountId}:cluster/${cluster}`,
          TaskDefinitionArn: `arn:aws:ecs:${region}:${accountId}:task-definition/${family}`,
          SubnetId1: 'subnet-local-1',
          SubnetId2: 'subnet-local-2',
          SecurityGroupId: 'sg-local',
          AssignPublicIp: 'ENABLED',
        }),
      },
    ],
    tables: [],
  };
}

/** Trust of a role that AWS services take on. */
export function serviceTrust(...services: string[]): PolicyDocument {
  return { Statement: [{ Effect: 'Allow', Principal: { Service: services }, Action: 'sts:AssumeRole' }] };
}

function roles(
  options: WorkerStackOptions,
  lambdaArn: (name: string) => string,
  family: string,
): RoleResource[] {
  const { stackName, accountId, region, buckets } = options;
  const allow = (Action: string | string[], ...Resource: string[]): PolicyStatement => {
    return { Effect: 'Allow', Action, Resource };
  };
  const arn = (bucket: string, keys = ''): string => `arn:aws:s3:::${bucket}${keys}`;
  const all = Object.values(buckets);
  const definition = `arn:aws:ecs:${region}:${accountId}:task-definition/${family}`;
  const cluster = `${region}:${accountId}:cluster/${stackName}-cluster`;
  return [
    {
      name: `${stackName}-worker`,
      trust: serviceTrust('lambda.amazonaws.com', 'ecs-tasks.amazonaws.com'),
      policies: [
        {
          Statement: [
            allow('s3:GetObject', arn(buckets.data, '/*')),
            allow(
              ['s3:PutObject', 's3:AbortMultipartUpload'],
              arn(buckets.results, '/*'),
              arn(buckets.failed, '/*'),
            ),
            allow('s3:ListBucket', arn(buckets.data)),
          ],
        },
      ],
    },
    {
      name: `${stackName}-step`,
      trust: serviceTrust('lambda.amazonaws.com'),
      policies: [
        {
          Statement: [
            allow('s3:GetObject', ...all.map((bucket) => arn(bucket, '/*'))),
            allow('s3:ListBucket', ...all.map((bucket) => arn(bucket))),
          ],
        },
      ],
    },
    {
      name: `${stackName}-state-machine`,
      trust: serviceTrust('states.amazonaws.com'),
      policies: [
        {
          Statement: [
            allow('lambda:InvokeFunction', ...['SelectPlatform', 'RunJob', 'Report'].map(lambdaArn)),
            {
              ...allow('ecs:RunTask', definition, `${definition}:*`),
              Condition: { ArnEquals: { 'ecs:cluster': `arn:aws:ecs:${cluster}` } },
            },
            allow(
              ['ecs:StopTask', 'ecs:DescribeTasks'],
              `arn:aws:ecs:${region}:${accountId}:task/${stackName}-cluster/*`,
            ),
            {
              ...allow('iam:PassRole', `arn:aws:iam::${accountId}:role/${stackName}-worker`),
              Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
            },
          ],
        },
      ],
    },
  ];
}
