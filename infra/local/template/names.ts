/** What `Ref` and `Fn::GetAtt` answer for the resources of our templates, before anything is created. */

export interface Place {
  readonly stackName: string;
  readonly accountId: string;
  readonly region: string;
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
}

export const urlSuffix = ({ partition }: Place): string =>
  partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';

/** The property that holds the name of a resource, and its ARN in terms of that name. */
const TYPES: Record<
  string,
  { name?: string; arn?: (name: string, place: Place) => string; refIsArn?: true }
> = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name, { partition }) => `arn:${partition}:s3:::${name}` },
  'AWS::IAM::Role': {
    name: 'RoleName',
    arn: (name, { partition, accountId }) => `arn:${partition}:iam::${accountId}:role/${name}`,
  },
  'AWS::Lambda::Function': { name: 'FunctionName', arn: regional('lambda', 'function:') },
  'AWS::Lambda::Version': {
    name: 'FunctionName',
    arn: (name, place) => `${regional('lambda', 'function:')(name, place)}:1`,
    refIsArn: true,
  },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    arn: (name, place) => `${regional('logs', 'log-group:')(name, place)}:*`,
  },
  'AWS::ECS::Cluster': { name: 'ClusterName', arn: regional('ecs', 'cluster/') },
  'AWS::ECS::TaskDefinition': {
    name: 'Family',
    arn: (name, place) => `${regional('ecs', 'task-definition/')(name, place)}:1`,
    refIsArn: true,
  },
  'AWS::ECR::Repository': { name: 'RepositoryName', arn: regional('ecr', 'repository/') },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    arn: regional('states', 'stateMachine:'),
    refIsArn: true,
  },
  'AWS::SQS::Queue': { name: 'QueueName', arn: regional('sqs', '') },
  'AWS::Events::Rule': { name: 'Name', arn: regional('events', 'rule/') },
  'AWS::SNS::Topic': { name: 'TopicName', arn: regional('sns', ''), refIsArn: true },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: regional('dynamodb', 'table/') },
  'AWS::SecretsManager::Secret': { name: 'Name', arn: regional('secretsmanager', 'secret:'), refIsArn: true },
};

function regional(service: string, prefix: string) {
  return (name: string, { partition, region, accountId }: Place): string =>
    `arn:${partition}:${service}:${region}:${accountId}:${prefix}${name}`;
}

/** The name of a resource: its own, else one of stack and logical id (CloudFormation adds something random). */
export function nameOf(logicalId: string, { Type, Properties }: Resource, place: Place): string {
  const given = Properties[TYPES[Type]?.name ?? ''];
  return typeof given === 'string' ? given : `${place.stackName}-${logicalId}`;
}

export function refOf(logicalId: string, resource: Resource, place: Place): string {
  const name = nameOf(logicalId, resource, place);
  const { arn, refIsArn } = TYPES[resource.Type] ?? {};
  return refIsArn && arn ? arn(name, place) : name;
}

export function attributeOf(logicalId: string, attribute: string, resource: Resource, place: Place): string {
  const name = nameOf(logicalId, resource, place);
  const arn = TYPES[resource.Type]?.arn?.(name, place);
  if (attribute === 'Arn' && arn !== undefined) return arn;
  if (attribute === 'Name' || attribute === 'QueueName') return name;
  if (attribute === 'RepositoryUri') {
    return `${place.accountId}.dkr.ecr.${place.region}.${urlSuffix(place)}/${name}`;
  }
  return `${logicalId}.${attribute}`;
}
