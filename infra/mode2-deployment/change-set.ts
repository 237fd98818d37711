/** What CloudFormation would do, asked before it is done. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Aws } from './aws-cli.ts';
import { AwsRefusal } from './aws-refusals.ts';
import { failure } from './failure.ts';
import type { StackParameter } from './parameters.ts';
import type { Stack } from './stack.ts';

export interface ChangeSet {
  readonly id: string;
  readonly stackId: string;
  readonly kind: 'CREATE' | 'UPDATE';
  readonly changes: readonly Change[];
}

export interface Change {
  readonly action: string;
  readonly logicalId: string;
  readonly type: string;
  readonly replacement: boolean;
}

export interface ChangeSetWish {
  readonly stackName: string;
  /** What is there already: none, or one that only waits for its first change set, means CREATE. */
  readonly existing: Stack | undefined;
  readonly body: string;
  readonly parameters: readonly StackParameter[];
  /** Names the change set; unique for the stack. */
  readonly name: string;
  /** What an earlier stack of this name has left is taken over. */
  readonly adopt: boolean;
  /** With which CloudFormation works; without, with the rights of who calls. */
  readonly roleArn?: string;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
}

interface Described {
  Status: string;
  StatusReason?: string;
  StackId: string;
  Changes?: {
    ResourceChange?: {
      Action: string;
      LogicalResourceId: string;
      ResourceType: string;
      Replacement?: string;
    };
  }[];
}

const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'];
const TAGS = [
  { Key: 'App', Value: 'CloudMR' },
  { Key: 'Mode', Value: 'mode2' },
];
const NO_CHANGES = /didn't contain changes|No updates are to be performed/i;

/**
 * Creates a change set and waits until it can be executed.
 * @throws DeployFailure template_invalid, nothing_to_change; then nothing of the change set is left
 */
export async function createChangeSet(aws: Aws, wish: ChangeSetWish, pollMs: number): Promise<ChangeSet> {
  const kind = wish.existing && wish.existing.status !== 'REVIEW_IN_PROGRESS' ? 'UPDATE' : 'CREATE';
  const { Id, StackId } = await asked(
    aws.call<{ Id: string; StackId: string }>('cloudformation', 'create-change-set', {
      StackName: wish.stackName,
      ChangeSetName: wish.name,
      ChangeSetType: kind,
      TemplateBody: wish.body,
      Parameters: wish.parameters,
      Capabilities: CAPABILITIES,
      Tags: wish.tags ?? TAGS,
      ...(wish.roleArn ? { RoleARN: wish.roleArn } : {}),
      // A stack that never was is not left as a ruin that has to be deleted by hand. What it has taken over is not
      // deleted with it: then the next attempt takes the ruin away.
      ...(kind === 'CREATE' ? { OnStackFailure: wish.adopt ? 'ROLLBACK' : 'DELETE' } : {}),
      ...(wish.adopt ? { ImportExistingResources: true } : {}),
    }),
  );
  const made = { id: Id, stackId: StackId, kind } as const;
  for (;;) {
    const described = await aws.call<Described>('cloudformation', 'describe-change-set', {
      ChangeSetName: Id,
    });
    if (described.Status === 'CREATE_COMPLETE') return { ...made, changes: changesOf(described) };
    if (described.Status === 'FAILED') {
      await dropChangeSet(aws, { ...made, changes: [] });
      const reason = described.StatusReason ?? 'without a reason';
      if (NO_CHANGES.test(reason)) throw failure('nothing_to_change');
      throw failure('template_invalid', reason);
    }
    await pause(pollMs);
  }
}

function changesOf({ Changes = [] }: Described): Change[] {
  return Changes.flatMap(({ ResourceChange: change }) =>
    change
      ? {
          action: change.Action,
          logicalId: change.LogicalResourceId,
          type: change.ResourceType,
          replacement: change.Replacement === 'True',
        }
      : [],
  );
}

/** Takes a change set away, and with it the empty stack that it made. Nothing is left. */
export async function dropChangeSet(aws: Aws, { id, stackId, kind }: ChangeSet): Promise<void> {
  await aws.call('cloudformation', 'delete-change-set', { ChangeSetName: id });
  if (kind === 'CREATE') await aws.call('cloudformation', 'delete-stack', { StackName: stackId });
}

/** Lets CloudFormation do what the change set says. */
export async function executeChangeSet(aws: Aws, { id }: ChangeSet): Promise<void> {
  await aws.call('cloudformation', 'execute-change-set', { ChangeSetName: id });
}

async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const invalid = error instanceof AwsRefusal && error.awsCode === 'ValidationError';
    if (invalid) throw failure('template_invalid', error.reason);
    throw error;
  }
}
