/** The resources of all stacks by ARN, as services look them up. */
import { roleArn } from '../arn.ts';
import type {
  FunctionResource,
  FunctionVersion,
  RoleResource,
  StackDocument,
  StateMachineResource,
  TaskDefinitionResource,
  TaskRevision,
} from '../contract.ts';
import { parseArn } from '../runtime/arn.ts';

/** A stack as it is stored. */
export interface StoredStack {
  readonly document: StackDocument;
  /** Role name -> unique id. */
  readonly roleIds: Readonly<Record<string, string>>;
  /** Family -> its task definitions before the one of the document, oldest first. Default: none. */
  readonly earlierTasks?: Readonly<Record<string, readonly TaskDefinitionResource[]>>;
  /** Function -> all of its versions, oldest first. Default: none. */
  readonly versions?: Readonly<Record<string, readonly FunctionVersion[]>>;
}

/** A role with what IAM adds to it. */
export interface RoleRecord {
  readonly role: RoleResource;
  readonly roleId: string;
  readonly accountId: string;
}

export interface Catalog {
  readonly roles: ReadonlyMap<string, RoleRecord>;
  /** By ARN, and by ARN with a version. */
  readonly functions: ReadonlyMap<string, FunctionResource | FunctionVersion>;
  readonly clusters: ReadonlySet<string>;
  /** By ARN with a revision, and by the one without: the newest. */
  readonly taskDefinitions: ReadonlyMap<string, TaskRevision>;
  readonly stateMachines: ReadonlyMap<string, StateMachineResource>;
  /** ARN -> key of the stack that holds it. */
  readonly holders: ReadonlyMap<string, string>;
}

export function functionArn(region: string, accountId: string, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}
export function clusterArn(region: string, accountId: string, name: string): string {
  return `arn:aws:ecs:${region}:${accountId}:cluster/${name}`;
}
export function stateMachineArn(region: string, accountId: string, name: string): string {
  return `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
}

/** Without a revision. */
export function taskDefinitionArn(region: string, accountId: string, family: string): string {
  return `arn:aws:ecs:${region}:${accountId}:task-definition/${family}`;
}

/** `FAMILY`, `FAMILY:REVISION` or an ARN of either -> ARN. */
export function resolveTaskDefinition(text: string, accountId: string, region: string): string {
  const arn = parseArn(text);
  const name = arn ? arn.resource.replace(/^task-definition\//, '') : text;
  return taskDefinitionArn(arn?.region ?? region, arn?.accountId ?? accountId, name);
}

export function buildCatalog(stacks: ReadonlyMap<string, StoredStack>): Catalog {
  const roles = new Map<string, RoleRecord>();
  const functions = new Map<string, FunctionResource | FunctionVersion>();
  const clusters = new Set<string>();
  const taskDefinitions = new Map<string, TaskRevision>();
  const stateMachines = new Map<string, StateMachineResource>();
  const holders = new Map<string, string>();
  for (const [key, { document, roleIds, earlierTasks = {}, versions = {} }] of stacks) {
    const { accountId, region } = document;
    for (const role of document.roles) {
      roles.set(roleArn(accountId, role.name), { role, roleId: roleIds[role.name], accountId });
    }
    for (const item of document.functions) functions.set(functionArn(region, accountId, item.name), item);
    for (const item of Object.values(versions).flat()) {
      functions.set(`${functionArn(region, accountId, item.name)}:${item.version}`, item);
    }
    for (const name of document.clusters) clusters.add(clusterArn(region, accountId, name));
    for (const item of [...Object.values(earlierTasks).flat(), ...document.taskDefinitions]) {
      const arn = taskDefinitionArn(region, accountId, item.family);
      const revision = (taskDefinitions.get(arn)?.revision ?? 0) + 1;
      taskDefinitions.set(arn, { ...item, revision });
      taskDefinitions.set(`${arn}:${revision}`, { ...item, revision });
    }
    for (const item of document.stateMachines) {
      stateMachines.set(stateMachineArn(region, accountId, item.name), item);
    }
    for (const arn of arnsOf(document)) holders.set(arn, key);
  }
  return { roles, functions, clusters, taskDefinitions, stateMachines, holders };
}

/** ARNs of everything in a stack but its buckets and tables. */
export function arnsOf(document: StackDocument): string[] {
  const { accountId, region } = document;
  return [
    ...document.roles.map(({ name }) => roleArn(accountId, name)),
    ...document.functions.map(({ name }) => functionArn(region, accountId, name)),
    ...document.clusters.map((name) => clusterArn(region, accountId, name)),
    ...document.taskDefinitions.map(({ family }) => taskDefinitionArn(region, accountId, family)),
    ...document.stateMachines.map(({ name }) => stateMachineArn(region, accountId, name)),
  ];
}
