/** One stack in CloudFormation: what it is now, and what has happened to it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Aws } from './aws-cli.ts';
import { AwsRefusal } from './aws-refusals.ts';

export interface Stack {
  /** The ARN: it names this stack even when it is gone. */
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly updatedAt: string | undefined;
}

export interface StackEvent {
  readonly EventId: string;
  readonly Timestamp: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceStatus: string;
  readonly ResourceStatusReason?: string;
}

export interface StackResource {
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
  readonly ResourceStatus: string;
}

interface RawStack {
  StackId: string;
  StackName: string;
  StackStatus: string;
  StackStatusReason?: string;
  Parameters?: { ParameterKey: string; ParameterValue?: string }[];
  Outputs?: { OutputKey: string; OutputValue: string }[];
  CreationTime?: string;
  LastUpdatedTime?: string;
}

/** By name or ARN; undefined if there is none. A deleted one is found by its ARN only. */
export async function readStack(aws: Aws, nameOrId: string): Promise<Stack | undefined> {
  try {
    const { Stacks } = await aws.call<{ Stacks: RawStack[] }>('cloudformation', 'describe-stacks', {
      StackName: nameOrId,
    });
    return Stacks[0] && toStack(Stacks[0]);
  } catch (error) {
    if (error instanceof AwsRefusal && /does not exist/i.test(error.reason)) return undefined;
    throw error;
  }
}

function toStack(raw: RawStack): Stack {
  return {
    id: raw.StackId,
    name: raw.StackName,
    status: raw.StackStatus,
    reason: raw.StackStatusReason,
    parameters: Object.fromEntries(
      (raw.Parameters ?? []).map((each) => [each.ParameterKey, each.ParameterValue ?? '']),
    ),
    outputs: Object.fromEntries((raw.Outputs ?? []).map((each) => [each.OutputKey, each.OutputValue])),
    updatedAt: raw.LastUpdatedTime ?? raw.CreationTime,
  };
}

/** All events of a stack, oldest first. */
export async function readEvents(aws: Aws, stackId: string): Promise<StackEvent[]> {
  const { StackEvents } = await aws.call<{ StackEvents: StackEvent[] }>(
    'cloudformation',
    'describe-stack-events',
    { StackName: stackId },
  );
  return StackEvents.reverse();
}

/** What the stack holds now. */
export async function readResources(aws: Aws, stackId: string): Promise<StackResource[]> {
  const { StackResourceSummaries } = await aws.call<{ StackResourceSummaries: StackResource[] }>(
    'cloudformation',
    'list-stack-resources',
    { StackName: stackId },
  );
  return StackResourceSummaries;
}

/** The event that everything else follows from: the first failure that is not the stopping of others. */
export function firstFailure(events: readonly StackEvent[], stackName: string): StackEvent | undefined {
  return events.find(
    ({ ResourceStatus, ResourceStatusReason, LogicalResourceId }) =>
      ResourceStatus.endsWith('_FAILED') &&
      LogicalResourceId !== stackName &&
      !/cancell?ed/i.test(ResourceStatusReason ?? ''),
  );
}

export interface Ended {
  readonly status: string;
  readonly events: readonly StackEvent[];
}

/** Tells every event since `known` until the stack is at rest. A stack that is gone counts as DELETE_COMPLETE. */
export async function follow(
  aws: Aws,
  stackId: string,
  known: ReadonlySet<string>,
  tell: (event: StackEvent) => void,
  pollMs: number,
): Promise<Ended> {
  const seen = new Set(known);
  for (;;) {
    const stack = await readStack(aws, stackId);
    const status = stack?.status ?? 'DELETE_COMPLETE';
    const events = await eventsOf(aws, stackId);
    for (const event of events) {
      if (seen.has(event.EventId)) continue;
      seen.add(event.EventId);
      tell(event);
    }
    if (!status.endsWith('_IN_PROGRESS'))
      return { status, events: events.filter(({ EventId }) => !known.has(EventId)) };
    await pause(pollMs);
  }
}

async function eventsOf(aws: Aws, stackId: string): Promise<StackEvent[]> {
  try {
    return await readEvents(aws, stackId);
  } catch (error) {
    if (error instanceof AwsRefusal && /does not exist/i.test(error.reason)) return [];
    throw error;
  }
}
