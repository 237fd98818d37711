/** B4: the deployer policy suffices for the template, and for nothing beyond its names. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { attributeOf, refOf } from '../../infra/local/template/names.ts';
import { type Row, wrongRows } from './helpers/questions.ts';
import { ACCOUNT, KEY_ARN, mode2, PLACE } from './helpers/templates.ts';

const policy = JSON.parse(
  readFileSync(new URL('../../infra/mode2-deployment/deployer-policy.json', import.meta.url), 'utf8'),
);
const LAMBDA = { 'iam:PassedToService': 'lambda.amazonaws.com' };

/** What CloudFormation does, with the rights of who deploys, to create and delete a resource of a type. */
const NEEDS: Record<string, string[]> = {
  'AWS::S3::Bucket': [
    'CreateBucket',
    'PutEncryptionConfiguration',
    'PutBucketPublicAccessBlock',
    'PutBucketVersioning',
    'PutLifecycleConfiguration',
    'PutBucketCORS',
    'PutBucketNotification',
    'PutBucketOwnershipControls',
    'PutBucketTagging',
    'DeleteBucket',
  ].map((name) => `s3:${name}`),
  'AWS::S3::BucketPolicy': ['s3:PutBucketPolicy', 's3:GetBucketPolicy', 's3:DeleteBucketPolicy'],
  'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:DeleteLogGroup'],
  'AWS::IAM::Role': [
    'iam:CreateRole',
    'iam:GetRole',
    'iam:PutRolePolicy',
    'iam:DeleteRolePolicy',
    'iam:DeleteRole',
  ],
  'AWS::IAM::ManagedPolicy': ['iam:CreatePolicy', 'iam:DeletePolicy'],
  'AWS::ECR::Repository': [
    'ecr:CreateRepository',
    'ecr:SetRepositoryPolicy',
    'ecr:PutLifecyclePolicy',
    'ecr:DeleteRepository',
  ],
  'AWS::Lambda::Function': [
    'lambda:CreateFunction',
    'lambda:GetFunction',
    'lambda:TagResource',
    'lambda:UpdateFunctionCode',
    'lambda:DeleteFunction',
  ],
  'AWS::Lambda::EventInvokeConfig': [
    'lambda:PutFunctionEventInvokeConfig',
    'lambda:DeleteFunctionEventInvokeConfig',
  ],
  'AWS::Lambda::Permission': ['lambda:AddPermission', 'lambda:RemovePermission'],
  'AWS::EC2::SecurityGroup': [
    'ec2:CreateSecurityGroup',
    'ec2:AuthorizeSecurityGroupEgress',
    'ec2:DeleteSecurityGroup',
  ],
  'AWS::ECS::Cluster': ['ecs:CreateCluster', 'ecs:DescribeClusters', 'ecs:DeleteCluster'],
  'AWS::ECS::TaskDefinition': ['ecs:RegisterTaskDefinition', 'ecs:DeregisterTaskDefinition'],
  'AWS::StepFunctions::StateMachine': [
    'states:CreateStateMachine',
    'states:UpdateStateMachine',
    'states:DeleteStateMachine',
  ],
  'AWS::SQS::Queue': ['sqs:CreateQueue', 'sqs:GetQueueAttributes', 'sqs:DeleteQueue'],
  'AWS::SQS::QueuePolicy': ['sqs:SetQueueAttributes'],
  'AWS::Events::Rule': ['events:PutRule', 'events:PutTargets', 'events:RemoveTargets', 'events:DeleteRule'],
  'AWS::SNS::Topic': ['sns:CreateTopic', 'sns:Subscribe', 'sns:DeleteTopic'],
  'AWS::CloudWatch::Alarm': ['cloudwatch:PutMetricAlarm', 'cloudwatch:DeleteAlarms'],
  'Custom::WorkerImage': ['lambda:InvokeFunction'],
  'Custom::ComputingUnit': ['lambda:InvokeFunction'],
};
/** Resources that are a part of another one, whose ARN is asked about. */
const OWNER: Record<string, [property: string, arn: (name: string) => string]> = {
  'AWS::S3::BucketPolicy': ['Bucket', (name) => `arn:aws:s3:::${name}`],
  'AWS::Lambda::EventInvokeConfig': [
    'FunctionName',
    (name) => `arn:aws:lambda:us-west-2:${ACCOUNT}:function:${name}`,
  ],
  'AWS::Lambda::Permission': [
    'FunctionName',
    (name) => `arn:aws:lambda:us-west-2:${ACCOUNT}:function:${name}`,
  ],
  'Custom::WorkerImage': ['ServiceToken', (arn) => arn],
  'Custom::ComputingUnit': ['ServiceToken', (arn) => arn],
};

t.test('B4: who has the policy can create, update and delete the stack', async (t) => {
  const { resources } = mode2({}, { KmsKeyArn: KEY_ARN, AlarmEmail: 'ada@example.org' });
  const rows: Row[] = Object.entries(resources).flatMap(([id, resource]) => {
    const { Type, Properties } = resource;
    const [property, arn] = OWNER[Type] ?? [];
    const here = (service: string, name: string) => `arn:aws:${service}:us-west-2:${ACCOUNT}:${name}`;
    const other: Record<string, string> = {
      'AWS::EC2::SecurityGroup': here('ec2', 'security-group/sg-1'),
      'AWS::CloudWatch::Alarm': here('cloudwatch', `alarm:${refOf(id, resource, PLACE)}`),
      'AWS::SQS::QueuePolicy': here('sqs', 'mroptimum-mode2-callback-dead-letters'),
      'AWS::IAM::ManagedPolicy': `arn:aws:iam::${ACCOUNT}:policy/mroptimum-mode2-${id}`,
    };
    const target =
      property && arn
        ? arn(String(Properties[property]))
        : (other[Type] ?? attributeOf(id, 'Arn', resource, PLACE));
    return (NEEDS[Type] ?? ['the test knows this type']).map((action) => ({
      action,
      resource: target,
      allowed: true,
    }));
  });
  t.ok(rows.length > 100);
  t.same(wrongRows([policy], rows), []);
});

t.test('B4: and nothing beyond it', async (t) => {
  const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const rows: Row[] = [
    { action: 'iam:PassRole', resource: role('mroptimum-mode2-WorkerRole'), keys: LAMBDA, allowed: true },
    { action: 'iam:PassRole', resource: role('admin'), keys: LAMBDA, allowed: false },
    {
      action: 'iam:PassRole',
      resource: role('mroptimum-x'),
      keys: { 'iam:PassedToService': 'ec2.amazonaws.com' },
      allowed: false,
    },
    { action: 'iam:CreateUser', resource: `arn:aws:iam::${ACCOUNT}:user/eve`, allowed: false },
    { action: 'iam:PutRolePolicy', resource: role('admin'), allowed: false },
    {
      action: 's3:GetObject',
      resource: `arn:aws:s3:::mroptimum-mode2-data-${ACCOUNT}/mroptimum/u/scan.h5`,
      allowed: false,
    },
    { action: 's3:DeleteBucket', resource: 'arn:aws:s3:::somebody-else', allowed: false },
    {
      action: 'lambda:UpdateFunctionCode',
      resource: `arn:aws:lambda:us-west-2:${ACCOUNT}:function:other`,
      allowed: false,
    },
    {
      action: 'cloudformation:DeleteStack',
      resource: `arn:aws:cloudformation:us-west-2:${ACCOUNT}:stack/other/1`,
      allowed: false,
    },
    { action: 'sts:AssumeRole', resource: role('any'), allowed: false },
  ];
  t.same(wrongRows([policy], rows), []);
});
