/** Runners over real child processes for tests, with the functions and tasks of test/fixtures/local. */
import { join } from 'node:path';
import type {
  Credentials,
  FunctionResource,
  Registry,
  TaskDefinitionResource,
  TaskRevision,
} from '../../infra/local/contract.ts';
import { createEcsRunner, type EcsOptions } from '../../infra/local/ecs.ts';
import { createLambdaRunner, type LambdaOptions } from '../../infra/local/lambda.ts';
import { ACCOUNT, machines, REGION } from './states-harness.ts';

export const PROJECT = join(import.meta.dirname, '..', '..');
export const CLUSTER = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/cluster`;

/** Functions named `x` run the export `x` of the fixture; tasks named `x` run the fixture tasks/x.ts. */
export function fixtureRegistry(
  overrides: {
    functions?: Record<string, Partial<FunctionResource>>;
    tasks?: Record<string, Partial<TaskDefinitionResource>>;
    definitions?: Record<string, unknown>;
  } = {},
): Registry {
  const functions = new Map<string, FunctionResource>();
  const tasks = new Map<string, TaskRevision>();
  return machines(overrides.definitions ?? {}, {
    cluster: (arn) => arn === CLUSTER,
    function(arn) {
      const name = arn.split(':').at(-1) ?? '';
      if (name.startsWith('missing')) return undefined;
      const made = functions.get(name) ?? {
        name,
        roleName: 'function-role',
        handler: `test/fixtures/local/functions.ts#${name}`,
        timeoutSeconds: 10,
        memoryMb: 256,
        environment: { COLOUR: 'blue' },
        ...overrides.functions?.[name],
      };
      functions.set(name, made);
      return made;
    },
    taskDefinition(arnOrFamily) {
      const family = arnOrFamily.split('/').at(-1) ?? '';
      if (family.startsWith('missing')) return undefined;
      const made = tasks.get(family) ?? {
        family,
        containerName: 'worker',
        taskRoleName: 'task-role',
        command: `test/fixtures/local/tasks/${family}.ts`,
        cpu: 1024,
        memoryMb: 256,
        environment: { COLOUR: 'green' },
        stopTimeoutSeconds: 5,
        revision: 1,
        ...overrides.tasks?.[family],
      };
      tasks.set(family, made);
      return made;
    },
  });
}

/** Credentials whose parts tell whose they are. */
export function credentialsFor(roleArn: string, sessionName: string, durationSeconds: number): Credentials {
  return {
    accessKeyId: 'ASIATEST',
    secretAccessKey: `secret of ${sessionName}`,
    sessionToken: `${roleArn} for ${durationSeconds} s`,
    expiresAt: Date.now() + durationSeconds * 1000,
  };
}

const common = {
  credentialsFor,
  endpoint: () => 'http://127.0.0.1:4566',
  clock: Date.now,
  projectRoot: PROJECT,
};

export const fixtureLambda = (options: { dir: string; registry: Registry } & Partial<LambdaOptions>) =>
  createLambdaRunner({ ...common, ...options });

export const fixtureEcs = (options: { dir: string; registry: Registry } & Partial<EcsOptions>) =>
  createEcsRunner({ ...common, ...options });

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The environment of a child without what the test runner puts into every process. */
export function withoutTap(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !name.startsWith('_TAPJS_') && !value.includes('@tapjs')),
  );
}
