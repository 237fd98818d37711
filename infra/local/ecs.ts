/** AWS ECS on Fargate for the state machines: a task is a child process that runs the definition's command. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  AwsError,
  type Clock,
  type EcsRunner,
  InvocationError,
  type Registry,
  type RoleCredentials,
  type TaskDefinitionResource,
  type TaskRevision,
} from './contract.ts';
import { baseEnvironment, projectModule, runtimeModule, startChild } from './runtime/child.ts';
import { isFargateSize } from './runtime/fargate-sizes.ts';
import { Halted } from './runtime/halted.ts';
import { openLog, type RotatingLog } from './runtime/log.ts';

export interface EcsOptions {
  registry: Registry;
  /** Credentials of the task's role, given to it in its environment. */
  credentialsFor: RoleCredentials;
  /**
   * Where a task gets its role's credentials instead, renewed as on Fargate
   * (AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN).
   */
  containerCredentials?: (accountId: string, roleName: string) => { uri: string; token: string };
  /** URL of the embedded cloud as tasks see it (AWS_ENDPOINT_URL). */
  endpoint: () => string;
  clock: Clock;
  /** Commands are given relative to this directory. */
  projectRoot: string;
  /** Data directory of the cloud; output goes to `DIR/logs/ecs/ACCOUNT/FAMILY.log`. */
  dir: string;
  /** Tasks at a time; more wait in order, like tasks that wait for capacity. */
  maxTasks?: number;
}

type Request = Parameters<EcsRunner['runTask']>[0];

/** RunTask refuses longer overrides, characters of JSON. */
const MAX_OVERRIDES = 8192;
const STOP_TIMEOUT_SECONDS = 30;
/** A task may run for hours; without renewal its credentials must outlast it. */
const CREDENTIAL_SECONDS = 12 * 3600;
const MAX_TASKS = 4;

/** Runs the task definitions of the registry. */
export function createEcsRunner(options: EcsOptions): EcsRunner {
  const { registry, clock, maxTasks = MAX_TASKS } = options;
  const running = new Set<ChildProcess>();
  const logs = new Map<string, RotatingLog>();
  const queue: (() => void)[] = [];
  let places = maxTasks;
  let closed = false;

  function logOf(accountId: string, family: string): RotatingLog {
    const file = join(options.dir, 'logs', 'ecs', accountId, `${family}.log`);
    const log = logs.get(file) ?? openLog(file);
    logs.set(file, log);
    return log;
  }

  /** Waits for one of the places; rejects with the signal's reason. */
  function takePlace(signal: AbortSignal): Promise<void> {
    if (places > 0) {
      places--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        queue.splice(queue.indexOf(enter), 1);
        reject(signal.reason);
      };
      queue.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function leavePlace(): void {
    const next = queue.shift();
    if (next) next();
    else places++;
  }

  function environmentOf(request: Request, definition: TaskDefinitionResource, taskId: string) {
    const { accountId, region, overrides } = request;
    const own = overrides.flatMap(({ environment }) => environment.map(({ name, value }) => [name, value]));
    const endpoint = options.endpoint();
    return {
      ...definition.environment,
      ...Object.fromEntries(own),
      ...baseEnvironment(region, endpoint),
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      ECS_CONTAINER_METADATA_URI_V4: `${endpoint}/_cloudmr/metadata/${taskId}`,
      ...roleEnvironment(accountId, definition.taskRoleName, taskId),
    };
  }

  function roleEnvironment(accountId: string, roleName: string, taskId: string): Record<string, string> {
    if (options.containerCredentials) {
      const { uri, token } = options.containerCredentials(accountId, roleName);
      return { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: token };
    }
    try {
      const roleArn = `arn:aws:iam::${accountId}:role/${roleName}`;
      const credentials = options.credentialsFor(roleArn, taskId, CREDENTIAL_SECONDS);
      return {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
      };
    } catch (error) {
      if (error instanceof AwsError) throw refused('ClientException', error.message);
      throw error;
    }
  }

  async function run(request: Request, definition: TaskRevision, signal: AbortSignal) {
    const taskId = randomUUID().replaceAll('-', '');
    const size = sizeOf(request, definition);
    const log = logOf(request.accountId, definition.family);
    const startedAt = clock();
    log.write(`START task ${taskId}\n`);
    const child = startChild({
      module: commandOf(options.projectRoot, definition),
      preload: [runtimeModule('task')],
      cwd: options.projectRoot,
      env: environmentOf(request, definition, taskId),
      memoryMb: size.memoryMb,
      log,
    });
    running.add(child);
    let stopped = false;
    let patience: NodeJS.Timeout | undefined;
    const stop = () => {
      stopped = true;
      const halted = signal.reason instanceof Halted;
      child.kill(halted ? 'SIGKILL' : 'SIGTERM');
      const seconds = definition.stopTimeoutSeconds ?? STOP_TIMEOUT_SECONDS;
      patience = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      const [code, killedBy] = await exitOf(child);
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[killedBy ?? 'SIGKILL'] ?? 0);
      log.write(`END task ${taskId} exit code ${exitCode}\n`);
      const description = describe(request, definition, {
        taskId,
        exitCode,
        stopped,
        startedAt,
        stoppedAt: clock(),
      });
      if (closed) throw refused('ServerException', 'The embedded cloud is closing');
      if (!stopped && exitCode !== 0)
        throw new InvocationError('States.TaskFailed', JSON.stringify(description));
      return description;
    } finally {
      clearTimeout(patience);
      signal.removeEventListener('abort', stop);
      running.delete(child);
    }
  }

  return {
    async runTask(request, signal) {
      signal.throwIfAborted();
      const definition = checked(registry, request);
      await takePlace(signal);
      try {
        signal.throwIfAborted();
        if (closed) throw refused('ServerException', 'The embedded cloud is closing');
        return await run(request, definition, signal);
      } finally {
        leavePlace();
      }
    },
    async close() {
      closed = true;
      const ended = [...running].map((child) => once(child, 'exit'));
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(ended);
      for (const log of logs.values()) log.close();
    },
  };
}

async function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  try {
    return (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  } catch (error) {
    throw refused('ServerException', `The task cannot be started: ${(error as Error).message}`);
  }
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** An error of the ECS API, as Step Functions names it. */
function refused(code: string, message: string): InvocationError {
  return new InvocationError(
    `ECS.${code}`,
    `${message} (Service: AmazonECS; Status Code: 400; Error Code: ${code})`,
  );
}

/** What RunTask itself refuses. */
function checked(registry: Registry, request: Request): TaskRevision {
  const { cluster, taskDefinition, accountId, region, overrides } = request;
  if (!registry.cluster(cluster)) throw refused('ClusterNotFoundException', 'Cluster not found.');
  const definition = registry.taskDefinition(taskDefinition, accountId, region);
  if (!definition) throw refused('ClientException', 'TaskDefinition not found.');
  if (JSON.stringify({ containerOverrides: overrides }).length > MAX_OVERRIDES) {
    throw refused('InvalidParameterException', `Container Overrides length must be at most ${MAX_OVERRIDES}`);
  }
  const { cpu, memoryMb } = sizeOf(request, definition);
  const isOverridden = request.size?.cpu !== undefined || request.size?.memoryMb !== undefined;
  if (isOverridden && !isFargateSize(cpu, memoryMb)) {
    throw refused('ClientException', 'No Fargate configuration exists for given values.');
  }
  const unknown = overrides.find(({ name }) => name !== definition.containerName);
  if (unknown) {
    throw refused(
      'InvalidParameterException',
      `Override for container named ${unknown.name} is not a container in the TaskDefinition.`,
    );
  }
  return definition;
}

/** The size of a task: the definition's, unless the request says otherwise. */
function sizeOf({ size }: Request, { cpu, memoryMb }: TaskDefinitionResource) {
  return { cpu: size?.cpu ?? cpu, memoryMb: size?.memoryMb ?? memoryMb };
}

function commandOf(projectRoot: string, definition: TaskDefinitionResource): string {
  try {
    return projectModule(projectRoot, definition.command);
  } catch (error) {
    throw refused('ClientException', `CannotStartContainerError: ${(error as Error).message}`);
  }
}

/** The task as DescribeTasks shows it once it has stopped. */
function describe(
  request: Request,
  definition: TaskRevision,
  end: { taskId: string; exitCode: number; stopped: boolean; startedAt: number; stoppedAt: number },
): Record<string, unknown> {
  const { accountId, region, cluster } = request;
  const size = sizeOf(request, definition);
  const ecs = `arn:aws:ecs:${region}:${accountId}`;
  const clusterName = cluster.split('/').at(-1);
  const taskArn = `${ecs}:task/${clusterName}/${end.taskId}`;
  const outOfMemory = end.exitCode === 137 && !end.stopped;
  return {
    TaskArn: taskArn,
    ClusterArn: cluster,
    TaskDefinitionArn: `${ecs}:task-definition/${definition.family}:${definition.revision}`,
    LaunchType: 'FARGATE',
    Cpu: String(size.cpu),
    Memory: String(size.memoryMb),
    DesiredStatus: 'STOPPED',
    LastStatus: 'STOPPED',
    StartedAt: end.startedAt,
    StoppedAt: end.stoppedAt,
    StopCode: end.stopped ? 'UserInitiated' : 'EssentialContainerExited',
    StoppedReason: end.stopped ? 'Task stopped by user' : 'Essential container in task exited',
    Containers: [
      {
        Name: definition.containerName,
        TaskArn: taskArn,
        LastStatus: 'STOPPED',
        ExitCode: end.exitCode,
        ...(outOfMemory && { Reason: 'OutOfMemoryError: Container killed due to memory usage' }),
      },
    ],
  };
}
