/** The services that a Task may call: `lambda:invoke`, a Lambda ARN, and `ecs:runTask.sync`. */
import { z } from 'zod';
import {
  type EcsRunner,
  InvocationError,
  type LambdaRunner,
  type Registry,
  type RoleAuthorizer,
} from '../contract.ts';
import { parseArn, roleArnFor } from '../runtime/arn.ts';
import type { Json, JsonObject } from './json.ts';

/** What a Task runs with: the machine it belongs to and where its work goes. */
export interface Services {
  readonly machineArn: string;
  readonly roleArn: string;
  readonly registry: Registry;
  readonly lambda: LambdaRunner;
  readonly ecs: EcsRunner;
  /** Whether the machine's role may do `action` on `resource`; everything is allowed without it. */
  readonly authorizeRole?: RoleAuthorizer;
}
type Call = Services & { readonly signal: AbortSignal };

/** How a Task appears in the history. */
export interface EventNames {
  /** `Task` or `LambdaFunction`, before Scheduled, Started, Succeeded, Failed and TimedOut. */
  readonly prefix: string;
  /** Details of every event. */
  readonly common: JsonObject;
  /** What States.DataLimitExceeded calls the task. */
  readonly what: string;
  scheduled(parametersText: string): Record<string, unknown>;
}

/** Allowed fields of Parameters: `true` for any value, an object or a list of objects for nested fields. */
export type Shape = true | [Shape] | { [field: string]: Shape };

interface Integration {
  readonly parameters: Shape;
  readonly required: string[];
  events(resource: string, services: Services): EventNames;
  run(resource: string, parameters: Json, call: Call): Promise<Json>;
}

function taskEvents(resourceType: string, resource: string, services: Services): EventNames {
  return {
    prefix: 'Task',
    common: { resourceType, resource },
    what: resourceType,
    scheduled: (parameters) => ({ parameters, region: parseArn(services.machineArn)?.region }),
  };
}

/** Throws `errorName` with AWS's words unless the machine's role may do this. */
function requireRole(
  call: Call,
  errorName: string,
  action: string,
  resource: string,
  keys?: Readonly<Record<string, string>>,
): void {
  if (call.authorizeRole?.(call.roleArn, action, resource, keys) ?? true) return;
  throw new InvocationError(
    errorName,
    `The role '${call.roleArn}' is not authorized to perform: ${action} on resource: ${resource} (Status Code: 403; Error Code: AccessDeniedException)`,
  );
}

/** ARN of a resource of the machine's account and region, given its ARN or its name. */
function arnOf(nameOrArn: string, service: string, prefix: string, machineArn: string): string {
  const home = parseArn(machineArn);
  if (nameOrArn.startsWith('arn:') || !home) return nameOrArn;
  return `arn:${home.partition}:${service}:${home.region}:${home.accountId}:${prefix}${nameOrArn}`;
}

/** What has run, and what it has returned. */
async function invokeLambda(
  nameOrArn: string,
  payload: Json,
  call: Call,
): Promise<{ ExecutedVersion: string; Payload: Json }> {
  const arn = arnOf(nameOrArn, 'lambda', 'function:', call.machineArn).replace(/:\$LATEST$/, '');
  if (parseArn(arn)?.accountId !== parseArn(call.machineArn)?.accountId) {
    throw new InvocationError(
      'Lambda.AWSLambdaException',
      `The function ${arn} belongs to another account (Status Code: 403; Error Code: AccessDeniedException)`,
    );
  }
  requireRole(call, 'Lambda.AWSLambdaException', 'lambda:InvokeFunction', arn);
  const [, , ExecutedVersion = '$LATEST'] = parseArn(arn)?.resource.split(':') ?? [];
  return {
    ExecutedVersion,
    Payload: ((await call.lambda.invoke(arn, payload, call.signal)) ?? null) as Json,
  };
}

const lambdaParameters = z.strictObject({ FunctionName: z.string().min(1), Payload: z.json().optional() });

const lambdaInvoke: Integration = {
  parameters: { FunctionName: true, Payload: true },
  required: ['FunctionName'],
  events: (_resource, services) => taskEvents('lambda', 'invoke', services),
  async run(_resource, parameters, call) {
    const { FunctionName, Payload } = validParameters(
      lambdaParameters,
      parameters,
      'Lambda.InvalidParameterValueException',
    );
    return { ...(await invokeLambda(FunctionName, (Payload ?? {}) as Json, call)), StatusCode: 200 };
  },
};

const lambdaArn: Integration = {
  parameters: true,
  required: [],
  events: (resource) => ({
    prefix: 'LambdaFunction',
    common: {},
    what: resource,
    scheduled: (input) => ({ resource, input, inputDetails: { truncated: false } }),
  }),
  run: async (resource, parameters, call) => (await invokeLambda(resource, parameters, call)).Payload,
};

/** ECS wants numbers as text. */
const decimal = z
  .string()
  .regex(/^[1-9]\d{0,5}$/)
  .transform(Number);

const ecsParameters = z.strictObject({
  LaunchType: z.literal('FARGATE'),
  Cluster: z.string().min(1),
  TaskDefinition: z.string().min(1),
  PlatformVersion: z.string().optional(),
  NetworkConfiguration: z.json().optional(),
  Overrides: z
    .strictObject({
      Cpu: decimal.optional(),
      Memory: decimal.optional(),
      ContainerOverrides: z
        .array(
          z.strictObject({
            Name: z.string(),
            Environment: z.array(z.strictObject({ Name: z.string().min(1), Value: z.string() })).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

const ecsRunTask: Integration = {
  parameters: {
    LaunchType: true,
    Cluster: true,
    TaskDefinition: true,
    PlatformVersion: true,
    NetworkConfiguration: {
      AwsvpcConfiguration: { Subnets: true, SecurityGroups: true, AssignPublicIp: true },
    },
    Overrides: {
      Cpu: true,
      Memory: true,
      ContainerOverrides: [{ Name: true, Environment: [{ Name: true, Value: true }] }],
    },
  },
  required: ['LaunchType', 'Cluster', 'TaskDefinition'],
  events: (_resource, services) => taskEvents('ecs', 'runTask.sync', services),
  async run(_resource, parameters, call) {
    const task = validParameters(ecsParameters, parameters, 'ECS.InvalidParameterException');
    const { accountId = '', region = '' } = parseArn(call.machineArn) ?? {};
    const definition = call.registry.taskDefinition(task.TaskDefinition, accountId, region);
    const definitionArn = arnOf(task.TaskDefinition, 'ecs', 'task-definition/', call.machineArn);
    const cluster = arnOf(task.Cluster, 'ecs', 'cluster/', call.machineArn);
    requireRole(call, 'ECS.AccessDeniedException', 'ecs:RunTask', definitionArn, { 'ecs:cluster': cluster });
    if (definition) {
      const taskRole = roleArnFor(call.machineArn, definition.taskRoleName);
      requireRole(call, 'ECS.AccessDeniedException', 'iam:PassRole', taskRole);
    }
    const description = await call.ecs.runTask(
      {
        cluster,
        taskDefinition: task.TaskDefinition,
        accountId,
        region,
        size: task.Overrides && { cpu: task.Overrides.Cpu, memoryMb: task.Overrides.Memory },
        overrides: (task.Overrides?.ContainerOverrides ?? []).map((override) => ({
          name: override.Name,
          environment: (override.Environment ?? []).map(({ Name, Value }) => ({ name: Name, value: Value })),
        })),
      },
      call.signal,
    );
    return description as JsonObject;
  },
};

function validParameters<T>(schema: z.ZodType<T>, parameters: Json, errorName: string): T {
  const parsed = schema.safeParse(parameters);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new InvocationError(errorName, `Parameters ${path.join('.')}: ${message}`);
}

/** The integration behind a Task's Resource, `undefined` for one that is not emulated. */
export function integrationOf(resource: string): Integration | undefined {
  if (/^arn:[a-z-]+:states:::lambda:invoke$/.test(resource)) return lambdaInvoke;
  if (/^arn:[a-z-]+:states:::ecs:runTask\.sync$/.test(resource)) return ecsRunTask;
  if (
    /^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(?::(?:\d+|\$LATEST))?$/.test(resource)
  )
    return lambdaArn;
  return undefined;
}
