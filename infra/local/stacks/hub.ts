/** The platform's own account: the broker's role, table and buckets, and the Mode 1 worker: the very templates. */
import { readFileSync } from 'node:fs';
import type { RoleResource, StackDocument } from '../contract.ts';
import { readLongForm } from '../template/long-form.ts';
import { resolveTemplate } from '../template/resolve.ts';
import { withoutServerless } from '../template/serverless.ts';
import { stackDocumentOf } from '../template/stack-document.ts';

export const BROKER_ROLE_NAME = 'CloudMRBrainRole';
/** Roles that the broker may assume, by name: that of every Mode 2 stack has this in it. */
export const CROSS_ACCOUNT_ROLE_SUFFIX = 'CloudMRCrossAccountRole';
const BROKER = 'cloudmr-broker';
const MODE1 = 'mroptimum-mode1';
const TABLE = 'cloudmr';
const BROKER_TEMPLATE = new URL('../../broker/template.yaml', import.meta.url);
const WORKER_TEMPLATE = new URL('../../calculation/template.yaml', import.meta.url);

export interface HubOptions {
  accountId: string;
  region: string;
  corsOrigins: string[];
}

/** Names of the hub's Mode 1 resources, as its registration needs them. */
export function mode1Names(accountId: string, region: string) {
  const bucket = (kind: string): string => `${BROKER}-${kind}-${accountId}-${region}`;
  return {
    stackName: MODE1,
    stateMachineArn: `arn:aws:states:${region}:${accountId}:stateMachine:${MODE1}-JobChooser`,
    roleArn: `arn:aws:iam::${accountId}:role/${MODE1}-${CROSS_ACCOUNT_ROLE_SUFFIX}`,
    buckets: { data: bucket('data'), results: bucket('results'), failed: bucket('failed') },
  };
}

/** The stacks of the hub's account, in the order of their deployment. */
export function hubStacks(options: HubOptions): StackDocument[] {
  return [brokerStack(options), workerStack(options)];
}

/** The role of Mode 1: the broker's own sees no bucket and no state machine. */
export function mode1Role(accountId: string, region: string): RoleResource {
  const { roles } = workerStack({ accountId, region });
  return roles.find(({ name }) => name.endsWith(CROSS_ACCOUNT_ROLE_SUFFIX)) as RoleResource;
}

/** What of the broker's stack means anything here: its role, its table, its buckets. */
function brokerStack({ accountId, region, corsOrigins }: HubOptions): StackDocument {
  const stack = stackDocumentOf(
    resolveTemplate(
      readLongForm(readFileSync(BROKER_TEMPLATE, 'utf8')),
      { stackName: BROKER, accountId, region, partition: 'aws' },
      {
        DomainName: 'broker.localhost',
        CertificateArn: `arn:aws:acm:${region}:${accountId}:certificate/local`,
        ImageUri: `${accountId}.dkr.ecr/cloudmr-broker@sha256:${'0'.repeat(64)}`,
        VpcId: 'vpc-local',
        VpcCidr: '127.0.0.0/8',
        SubnetId1: 'subnet-local-1',
        SubnetId2: 'subnet-local-2',
        CorsOrigins: corsOrigins.join(','),
        AdminEmail: 'admin@localhost',
        AlarmEmail: 'admin@localhost',
        Mode1StackName: MODE1,
      },
    ),
  );
  const own = stack.roles.find(({ name }) => name.endsWith(BROKER_ROLE_NAME)) as RoleResource;
  return {
    ...stack,
    // The names that the broker has without any configuration.
    roles: [
      { ...JSON.parse(JSON.stringify(own).replaceAll(`table/${BROKER}-`, 'table/')), name: BROKER_ROLE_NAME },
    ],
    tables: stack.tables.map((table) => ({ ...table, TableName: TABLE })),
    buckets: stack.buckets.filter(({ name }) =>
      Object.values(mode1Names(accountId, region).buckets).includes(name),
    ),
    clusters: [],
    taskDefinitions: [],
  };
}

function workerStack({ accountId, region }: Omit<HubOptions, 'corsOrigins'>): StackDocument {
  const { buckets } = mode1Names(accountId, region);
  const image = `${accountId}.dkr.ecr/worker@sha256:${'0'.repeat(64)}`;
  return stackDocumentOf(
    resolveTemplate(
      withoutServerless(readLongForm(readFileSync(WORKER_TEMPLATE, 'utf8')), WORKER_TEMPLATE),
      { stackName: MODE1, accountId, region, partition: 'aws' },
      {
        NamePrefix: MODE1,
        // Nobody calls it: jobs name their broker, and there is no EventBridge here.
        CloudMRApiUrl: 'https://localhost',
        BrokerRoleArn: `arn:aws:iam::${accountId}:role/${BROKER_ROLE_NAME}`,
        DataBucketPName: buckets.data,
        ResultsBucketPName: buckets.results,
        FailedBucketPName: buckets.failed,
        LambdaImageUri: image,
        FargateImageUri: image,
        ECSClusterName: `${MODE1}-cluster`,
        SubnetId1: 'subnet-local-1',
        SubnetId2: 'subnet-local-2',
        SecurityGroupIds: 'sg-local',
      },
    ),
  );
}
