/** What of a stack AWS numbers when it is registered, and keeps: revisions of task definitions, versions of functions. */
import { isDeepStrictEqual } from 'node:util';
import {
  AwsError,
  type FunctionResource,
  type FunctionVersion,
  type StackDocument,
  type StateMachineResource,
  type TaskDefinitionResource,
} from '../contract.ts';
import { functionArn, type StoredStack, taskDefinitionArn } from './catalog.ts';

/**
 * A stack with its numbers. They are known when something is registered, not when a template is resolved, which calls
 * every one 1: whatever names them gets the newest, as CloudFormation gives it to them.
 * @throws AwsError AlreadyExistsException for a new version of a function that has not changed
 */
export function numbered(
  given: StackDocument,
  before: StoredStack | undefined,
): Required<Omit<StoredStack, 'roleIds'>> {
  const earlier = earlierTasks(before, given);
  const withTasks = withRevisions(given, earlier);
  const versions = publishedVersions(before, withTasks);
  return { document: withVersions(withTasks, versions), earlierTasks: earlier, versions };
}

/** What has changed becomes an earlier revision. */
function earlierTasks(
  before: StoredStack | undefined,
  { taskDefinitions }: StackDocument,
): Record<string, readonly TaskDefinitionResource[]> {
  const earlier = { ...before?.earlierTasks };
  for (const old of before?.document.taskDefinitions ?? []) {
    const now = taskDefinitions.find(({ family }) => family === old.family);
    if (isDeepStrictEqual(now, old)) continue;
    earlier[old.family] = [...(earlier[old.family] ?? []), old];
  }
  return earlier;
}

/** Machines name a task by its ARN, descriptions of functions by family and revision. */
function withRevisions(
  document: StackDocument,
  earlier: Record<string, readonly TaskDefinitionResource[]>,
): StackDocument {
  const { accountId, region } = document;
  let { functions, stateMachines } = document;
  for (const { family } of document.taskDefinitions) {
    const revision = (earlier[family]?.length ?? 0) + 1;
    stateMachines = naming(stateMachines, taskDefinitionArn(region, accountId, family), revision);
    const first = new RegExp(`(?<![\\w-])${family}:1(?!\\d)`, 'g');
    const said = (text: string | undefined) => text?.replace(first, `${family}:${revision}`);
    functions = functions.map(({ description, versionDescription, ...item }) => ({
      ...item,
      ...(description !== undefined && { description: said(description) }),
      ...(versionDescription !== undefined && { versionDescription: said(versionDescription) }),
    }));
  }
  return { ...document, functions, stateMachines };
}

/** A version is published when the text of its resource is new: as the function is then. */
function publishedVersions(
  before: StoredStack | undefined,
  { functions }: StackDocument,
): Record<string, readonly FunctionVersion[]> {
  return Object.fromEntries(
    functions.map((item) => {
      const known = before?.versions?.[item.name] ?? [];
      const last = known.at(-1);
      const { versionDescription: text } = item;
      if (text === undefined || text === last?.versionDescription) return [item.name, known];
      if (last && isDeepStrictEqual(configurationOf(last), configurationOf(item))) {
        const why = `A version for this Lambda function exists ( ${last.version} ). Modify the function to create a new version.`;
        throw new AwsError('AlreadyExistsException', why);
      }
      return [item.name, [...known, { ...item, version: (last?.version ?? 0) + 1 }]];
    }),
  );
}

function configurationOf(item: FunctionResource & Partial<FunctionVersion>): object {
  const { version: _number, versionDescription: _text, ...configuration } = item;
  return configuration;
}

function withVersions(
  document: StackDocument,
  versions: Readonly<Record<string, readonly FunctionVersion[]>>,
): StackDocument {
  const { accountId, region } = document;
  let { stateMachines } = document;
  for (const [name, published] of Object.entries(versions)) {
    const newest = published.at(-1)?.version;
    if (newest) stateMachines = naming(stateMachines, functionArn(region, accountId, name), newest);
  }
  return { ...document, stateMachines };
}

/** Machines that name the first one of an ARN name this one. */
function naming(machines: StateMachineResource[], arn: string, number: number): StateMachineResource[] {
  return machines.map((machine) => ({
    ...machine,
    definition: machine.definition.replaceAll(`"${arn}:1"`, `"${arn}:${number}"`),
  }));
}
