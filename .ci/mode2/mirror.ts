/**
 * A stack of the template as moto has resolved it, in the words of the embedded cloud: so the roles, policies and the
 * state machine of the template decide there what the broker and the worker may do.
 */
import type { PolicyDocument, StackDocument } from '../../infra/local/contract.ts';

export interface Resolved {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever CloudFormation takes
  Properties: any;
}
export type Resources = Readonly<Record<string, Resolved>>;

const WORKER = 'RunJobLambda';
const VERSION = 'RunJobVersion';
/** Images have no files here: what each function of the template runs. */
const HANDLERS: Readonly<Record<string, string>> = {
  [WORKER]: 'compute/lambda.ts#handler',
  PlatformSelectorFunction: 'compute/functions/select-platform.ts#handler',
  ReportFunction: 'compute/functions/report.ts#handler',
};
const TASK = 'RunJobTaskDefinition';

/** @param registration what the stack registers: names what nobody else does */
export function mirrored(
  stackName: string,
  accountId: string,
  region: string,
  all: Resources,
  registration: object,
): StackDocument {
  const of = (type: string) => Object.entries(all).filter(([, { Type }]) => Type === type);
  const roles = Object.fromEntries(
    of('AWS::IAM::Role').map(([id]) => [id, roleName(stackName, id, all, registration)]),
  );
  const nameOfRole = (arn: unknown): string => {
    const name = String(arn).split('/').at(-1) ?? '';
    return Object.values(roles).includes(name) ? name : (roles[name] ?? name);
  };
  const task = all[TASK].Properties;
  const container = task.ContainerDefinitions[0];
  return {
    stackName,
    accountId,
    region,
    roles: of('AWS::IAM::Role').map(([id, { Properties }]) => ({
      name: roles[id],
      trust: Properties.AssumeRolePolicyDocument as PolicyDocument,
      policies: [
        ...(Properties.Policies ?? []),
        ...of('AWS::IAM::ManagedPolicy').flatMap(([, { Properties: managed }]) =>
          managed.Roles.includes(roles[id]) || managed.Roles.includes(id) ? managed : [],
        ),
      ].map((each: { PolicyDocument: PolicyDocument }) => emulated(each.PolicyDocument)),
      ...(Properties.MaxSessionDuration ? { maxSessionSeconds: Number(Properties.MaxSessionDuration) } : {}),
    })),
    buckets: of('AWS::S3::Bucket').map(([, { Properties }]) => ({
      name: Properties.BucketName,
      tlsOnly: true,
      ...keyOf(Properties.BucketEncryption),
      cors: Properties.CorsConfiguration.CorsRules.map((rule: Record<string, unknown>) => ({
        // moto leaves the default of a CommaDelimitedList as one text.
        AllowedOrigins: [rule['AllowedOrigins']].flat().flatMap((each) => String(each).split(',')),
        AllowedMethods: rule['AllowedMethods'],
        AllowedHeaders: rule['AllowedHeaders'],
        ExposeHeaders: rule['ExposedHeaders'],
      })),
    })),
    functions: Object.entries(HANDLERS).map(([id, handler]) => {
      const { FunctionName, Description, Role, Timeout, MemorySize, Environment } = all[id].Properties;
      return {
        name: FunctionName,
        roleName: nameOfRole(Role),
        handler,
        timeoutSeconds: Number(Timeout),
        memoryMb: Number(MemorySize),
        environment: strings(Environment?.Variables),
        description: Description,
        ...(id === WORKER && { versionDescription: all[VERSION].Properties.Description }),
      };
    }),
    clusters: of('AWS::ECS::Cluster').map(([, { Properties }]) => Properties.ClusterName),
    taskDefinitions: [
      {
        family: task.Family,
        containerName: container.Name,
        taskRoleName: nameOfRole(task.TaskRoleArn),
        command: 'compute/fargate.ts',
        cpu: Number(task.Cpu),
        memoryMb: Number(task.Memory),
        environment: Object.fromEntries(
          (container.Environment ?? []).map((each: { Name: string; Value: unknown }) => [
            each.Name,
            String(each.Value),
          ]),
        ),
      },
    ],
    stateMachines: of('AWS::StepFunctions::StateMachine').map(([, { Properties }]) => ({
      name: Properties.StateMachineName,
      roleName: nameOfRole(Properties.RoleArn),
      definition: substituted(Properties.DefinitionString, Properties.DefinitionSubstitutions),
    })),
    tables: [],
  };
}

/** The embedded cloud knows no `ecs:cluster`: without that condition a policy allows no less. */
function emulated(document: PolicyDocument): PolicyDocument {
  const text = JSON.stringify(document, (key, value) => (key === 'ecs:cluster' ? undefined : value));
  return JSON.parse(text.replace(/,"Condition":\{"\w+":\{\}\}/g, ''));
}

/** As moto has named it, which is what the ARNs of other resources hold. */
function roleName(stackName: string, id: string, all: Resources, registration: object): string {
  const named = all[id].Properties.RoleName;
  if (named) return named;
  const arns =
    JSON.stringify([all, registration]).match(new RegExp(`role/[\\w+=,.@/-]*${id}[\\w+=,.@-]*`)) ?? [];
  return arns[0]?.split('/').at(-1) ?? `${stackName}-${id}`;
}

/** The key that encrypts a bucket, if it is one of KMS. */
function keyOf(encryption: {
  ServerSideEncryptionConfiguration: { ServerSideEncryptionByDefault: { KMSMasterKeyID?: string } }[];
}): { kmsKeyArn?: string } {
  const [{ ServerSideEncryptionByDefault: rule }] = encryption.ServerSideEncryptionConfiguration;
  return rule.KMSMasterKeyID ? { kmsKeyArn: rule.KMSMasterKeyID } : {};
}

function substituted(definition: string, names: Record<string, string>): string {
  return definition.replace(/\$\{(\w+)\}/g, (_all, name: string) => names[name] ?? '');
}

function strings(variables: Record<string, unknown> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}
