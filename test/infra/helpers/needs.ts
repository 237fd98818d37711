/** What CloudFormation needs of whoever deploys, by the type of a resource; and of which ARN it is asked. */
import { attributeOf, type Place, refOf } from '../../../infra/local/template/names.ts';
import type { ResolvedTemplate } from '../../../infra/local/template/resolve.ts';
import type { Row } from './questions.ts';

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
    'iam:GetRolePolicy',
    'iam:ListAttachedRolePolicies',
    'iam:ListRolePolicies',
    'iam:UpdateAssumeRolePolicy',
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
  'AWS::Lambda::Version': [
    'lambda:PublishVersion',
    'lambda:GetFunctionConfiguration',
    'lambda:GetProvisionedConcurrencyConfig',
    'lambda:GetRuntimeManagementConfig',
    'lambda:ListVersionsByFunction',
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
  'AWS::DynamoDB::Table': [
    'CreateTable',
    'DescribeTable',
    'UpdateTable',
    'DeleteTable',
    'UpdateTimeToLive',
    'DescribeTimeToLive',
    'UpdateContinuousBackups',
    'DescribeContinuousBackups',
  ].map((name) => `dynamodb:${name}`),
  'AWS::SecretsManager::Secret': [
    'secretsmanager:CreateSecret',
    'secretsmanager:DescribeSecret',
    'secretsmanager:TagResource',
  ],
  'AWS::Logs::MetricFilter': ['logs:PutMetricFilter', 'logs:DeleteMetricFilter'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': [
    'CreateLoadBalancer',
    'ModifyLoadBalancerAttributes',
    'SetSecurityGroups',
    'SetSubnets',
    'DeleteLoadBalancer',
  ].map((name) => `elasticloadbalancing:${name}`),
  'AWS::ElasticLoadBalancingV2::TargetGroup': [
    'CreateTargetGroup',
    'ModifyTargetGroupAttributes',
    'DeleteTargetGroup',
  ].map((name) => `elasticloadbalancing:${name}`),
  'AWS::ElasticLoadBalancingV2::Listener': ['CreateListener', 'ModifyListener', 'DeleteListener'].map(
    (name) => `elasticloadbalancing:${name}`,
  ),
  'AWS::ECS::Service': ['CreateService', 'DescribeServices', 'UpdateService', 'DeleteService'].map(
    (name) => `ecs:${name}`,
  ),
  'AWS::ApplicationAutoScaling::ScalableTarget': ['RegisterScalableTarget', 'DeregisterScalableTarget'].map(
    (name) => `application-autoscaling:${name}`,
  ),
  'AWS::ApplicationAutoScaling::ScalingPolicy': ['PutScalingPolicy', 'DeleteScalingPolicy'].map(
    (name) => `application-autoscaling:${name}`,
  ),
  'AWS::Scheduler::Schedule': ['CreateSchedule', 'GetSchedule', 'UpdateSchedule', 'DeleteSchedule'].map(
    (name) => `scheduler:${name}`,
  ),
  'AWS::WAFv2::WebACL': ['CreateWebACL', 'GetWebACL', 'UpdateWebACL', 'DeleteWebACL'].map(
    (name) => `wafv2:${name}`,
  ),
  'AWS::WAFv2::WebACLAssociation': ['wafv2:AssociateWebACL', 'elasticloadbalancing:SetWebAcl'],
  'AWS::WAFv2::LoggingConfiguration': ['wafv2:PutLoggingConfiguration', 'wafv2:DeleteLoggingConfiguration'],
  'AWS::KMS::Key': ['kms:CreateKey', 'kms:EnableKeyRotation', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'],
  'AWS::CloudWatch::Dashboard': ['cloudwatch:PutDashboard', 'cloudwatch:DeleteDashboards'],
  'AWS::CloudTrail::Trail': ['CreateTrail', 'StartLogging', 'PutEventSelectors', 'DeleteTrail'].map(
    (name) => `cloudtrail:${name}`,
  ),
  'Custom::WorkerImage': ['lambda:InvokeFunction'],
  'Custom::ComputingUnit': ['lambda:InvokeFunction'],
};
const fn = (name: string, { partition, region, accountId }: Place): string =>
  `arn:${partition}:lambda:${region}:${accountId}:function:${name}`;
const balancer = (_name: string, { partition, region, accountId, stackName }: Place): string =>
  // CloudFormation begins the name with five letters of the stack's.
  `arn:${partition}:elasticloadbalancing:${region}:${accountId}:loadbalancer/app/${stackName.slice(0, 5)}-LoadB-1/2`;

/** Resources that are a part of another one, whose ARN is asked about. */
const OWNER: Record<string, [property: string, arn: (name: string, place: Place) => string]> = {
  'AWS::S3::BucketPolicy': ['Bucket', (name, { partition }) => `arn:${partition}:s3:::${name}`],
  'AWS::Lambda::EventInvokeConfig': ['FunctionName', fn],
  'AWS::Lambda::Permission': ['FunctionName', fn],
  'Custom::WorkerImage': ['ServiceToken', (arn) => arn],
  'Custom::ComputingUnit': ['ServiceToken', (arn) => arn],
  'AWS::WAFv2::WebACLAssociation': ['ResourceArn', balancer],
};

/** ARNs that names.ts does not make. */
function special(type: string, id: string, name: string, place: Place): string | undefined {
  const { partition, region, accountId, stackName } = place;
  const here = (service: string, what: string): string =>
    `arn:${partition}:${service}:${region}:${accountId}:${what}`;
  const elb = (kind: string): string =>
    here('elasticloadbalancing', `${kind}${stackName.slice(0, 5)}-LoadB-1/2`);
  const known: Record<string, string> = {
    'AWS::EC2::SecurityGroup': here('ec2', 'security-group/sg-1'),
    'AWS::CloudWatch::Alarm': here('cloudwatch', `alarm:${name}`),
    'AWS::CloudWatch::Dashboard': `arn:${partition}:cloudwatch::${accountId}:dashboard/${name}`,
    'AWS::SQS::QueuePolicy': here('sqs', `${stackName}-callback-dead-letters`),
    'AWS::IAM::ManagedPolicy': `arn:${partition}:iam::${accountId}:policy/${stackName}-${id}`,
    'AWS::Logs::MetricFilter': here('logs', `log-group:/ecs/${stackName}-broker:*`),
    'AWS::ElasticLoadBalancingV2::LoadBalancer': elb('loadbalancer/app/'),
    'AWS::ElasticLoadBalancingV2::TargetGroup': elb('targetgroup/'),
    'AWS::ElasticLoadBalancingV2::Listener': elb('listener/app/'),
    'AWS::ECS::Service': here('ecs', `service/${stackName}-Cluster-1/${name}`),
    'AWS::ApplicationAutoScaling::ScalableTarget': here('application-autoscaling', 'scalable-target/1'),
    'AWS::ApplicationAutoScaling::ScalingPolicy': here('application-autoscaling', 'scalable-target/1'),
    'AWS::Scheduler::Schedule': here('scheduler', `schedule/default/${name}`),
    'AWS::WAFv2::WebACL': here('wafv2', `regional/webacl/${stackName}-firewall/1`),
    'AWS::WAFv2::LoggingConfiguration': here('wafv2', `regional/webacl/${stackName}-firewall/1`),
    'AWS::KMS::Key': here('kms', 'key/1'),
    'AWS::CloudTrail::Trail': here('cloudtrail', `trail/${name}`),
  };
  return known[type];
}

/** Everything that is asked to create, update and delete the stack. */
export function rowsOf({ place, resources }: ResolvedTemplate): Row[] {
  return Object.entries(resources).flatMap(([id, resource]) => {
    const { Type, Properties } = resource;
    const [property, arn] = OWNER[Type] ?? [];
    const target =
      property && arn
        ? arn(String(Properties[property]), place)
        : (special(Type, id, refOf(id, resource, place), place) ?? attributeOf(id, 'Arn', resource, place));
    return (NEEDS[Type] ?? [`of ${Type} the test knows nothing`]).map((action) => ({
      action,
      resource: target,
      allowed: true,
      keys: { 'aws:RequestTag/App': 'CloudMR', 'aws:ResourceTag/App': 'CloudMR' },
    }));
  });
}
