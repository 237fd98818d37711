/** A resolved template as the embedded cloud deploys it: the same roles, buckets, functions, task and machine. */
import type {
  BucketResource,
  CorsRule,
  FunctionResource,
  PolicyDocument,
  RoleResource,
  StackDocument,
  TaskDefinitionResource,
} from '../contract.ts';
import { nameOf } from './names.ts';
import type { ResolvedTemplate } from './resolve.ts';

// biome-ignore lint/suspicious/noExplicitAny: properties are what the template says; cfn-lint checks their types.
type Properties = Record<string, any>;

/** What the embedded cloud does not emulate (queues, rules, alarms, registries ...) is left out. */
export function stackDocumentOf(template: ResolvedTemplate): StackDocument {
  const { place } = template;
  const ofType = (type: string): [name: string, properties: Properties, logicalId: string][] =>
    Object.entries(template.resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, resource]) => [nameOf(id, resource, place), resource.Properties as Properties, id]);
  const policies = ofType('AWS::IAM::ManagedPolicy').map(([, properties]) => properties);
  const versions = ofType('AWS::Lambda::Version').map(([, properties]) => properties);
  const bucketPolicies = ofType('AWS::S3::BucketPolicy').map(([, properties]) => properties);
  return {
    stackName: place.stackName,
    accountId: place.accountId,
    region: place.region,
    roles: ofType('AWS::IAM::Role').map(([name, properties]) => role(name, properties, policies)),
    buckets: ofType('AWS::S3::Bucket').map(([name, properties]) => bucket(name, properties, bucketPolicies)),
    functions: ofType('AWS::Lambda::Function')
      .filter(([, { PackageType }]) => PackageType === 'Image')
      .map(([name, properties]) => lambda(name, properties, versions)),
    clusters: ofType('AWS::ECS::Cluster').map(([name]) => name),
    taskDefinitions: ofType('AWS::ECS::TaskDefinition').map(([name, properties]) => task(name, properties)),
    stateMachines: ofType('AWS::StepFunctions::StateMachine').map(([name, properties]) => ({
      name,
      roleName: lastOf(properties['RoleArn']),
      definition: properties['DefinitionString'],
      // CloudFormation passes the name of the stack on to what it makes.
      tags: { ...tagsOf(properties['Tags']), 'aws:cloudformation:stack-name': place.stackName },
    })),
    tables: ofType('AWS::DynamoDB::Table').map(([TableName, properties]) => table(TableName, properties)),
  };
}

function tagsOf(tags: { Key: string; Value: string }[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

const lastOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function role(name: string, properties: Properties, managed: Properties[]): RoleResource {
  const own = (properties['Policies'] ?? []) as { PolicyDocument: PolicyDocument }[];
  const attached = managed.filter(({ Roles }) => Roles.includes(name));
  return {
    name,
    trust: properties['AssumeRolePolicyDocument'],
    policies: [...own, ...attached].map(({ PolicyDocument }) => PolicyDocument as PolicyDocument),
    ...(properties['MaxSessionDuration'] ? { maxSessionSeconds: properties['MaxSessionDuration'] } : {}),
  };
}

function bucket(name: string, properties: Properties, policies: Properties[]): BucketResource {
  const policy = policies.find(({ Bucket }) => Bucket === name)?.['PolicyDocument'] as
    | PolicyDocument
    | undefined;
  const block = Object.values(properties['PublicAccessBlockConfiguration'] ?? {});
  const [encryption] = (properties['BucketEncryption']?.ServerSideEncryptionConfiguration ??
    []) as Properties[];
  const key = encryption?.['ServerSideEncryptionByDefault'].KMSMasterKeyID as string | undefined;
  const rules = (properties['CorsConfiguration']?.CorsRules ?? []) as Properties[];
  return {
    name,
    cors: rules.map(({ ExposedHeaders, MaxAge, ...rule }) => {
      return { ...rule, ExposeHeaders: ExposedHeaders, MaxAgeSeconds: MaxAge } as CorsRule;
    }),
    ...(key ? { kmsKeyArn: key } : {}),
    publicAccessBlocked: block.length === 4 && block.every(Boolean),
    tlsOnly: (policy?.Statement ?? []).some(
      ({ Effect, Condition }) =>
        Effect === 'Deny' && Condition?.['Bool']?.['aws:SecureTransport'] === 'false',
    ),
  };
}

function lambda(name: string, properties: Properties, versions: Properties[]): FunctionResource {
  const [command] = properties['ImageConfig'].Command as string[];
  const description = properties['Description'] as string | undefined;
  const version = versions.find(({ FunctionName }) => FunctionName === name);
  return {
    name,
    roleName: lastOf(properties['Role']),
    handler: command.replace(/^dist\/(.*)\.(\w+)$/, '$1.ts#$2'),
    timeoutSeconds: properties['Timeout'],
    memoryMb: Number(properties['MemorySize']),
    environment: properties['Environment'].Variables,
    ...(description !== undefined && { description }),
    ...(version && { versionDescription: version['Description'] as string }),
  };
}

/** Backups, the key and the protection against deletion mean nothing here. */
function table(TableName: string, properties: Properties): Record<string, unknown> {
  const {
    PointInTimeRecoverySpecification: _backups,
    SSESpecification: _key,
    DeletionProtectionEnabled: _protection,
    ...definition
  } = properties;
  return { ...definition, TableName };
}

function task(family: string, properties: Properties): TaskDefinitionResource {
  const [container] = properties['ContainerDefinitions'] as Properties[];
  const environment = container['Environment'] as { Name: string; Value: string }[];
  return {
    family,
    containerName: container['Name'],
    taskRoleName: lastOf(properties['TaskRoleArn']),
    // The image starts it (Dockerfile, worker-fargate).
    command: 'compute/fargate.ts',
    cpu: Number(properties['Cpu']),
    memoryMb: Number(properties['Memory']),
    environment: Object.fromEntries(environment.map(({ Name, Value }) => [Name, Value])),
    stopTimeoutSeconds: container['StopTimeout'],
  };
}
