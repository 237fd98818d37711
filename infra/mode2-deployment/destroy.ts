/** `destroy`: takes the unit off the broker, deletes the stack, and the data if that was asked for. Then it looks. */
import { adviceFor } from './advice.ts';
import { ourBuckets } from './checks/account.ts';
import { tellEvent } from './deploy.ts';
import { emptyBucket, lookInto } from './empty-bucket.ts';
import { DeployFailure, failure } from './failure.ts';
import { stackNameProblem } from './names.ts';
import { type Result, type Session, whoAmI } from './session.ts';
import { firstFailure, follow, readEvents, readStack, type Stack } from './stack.ts';
import { hasToken, signIn } from './token.ts';
import { unitOf } from './unit.ts';

/** The command; may be repeated, and goes on where it was interrupted. */
export async function destroy(session: Session): Promise<Result> {
  const { aws, values, dialogue } = session;
  const stackName = values['stack-name'] ?? '';
  const problem = stackNameProblem(stackName);
  if (problem) throw failure('stack_name_invalid', problem);
  const { accountId } = await whoAmI(aws);
  const stack = await readStack(aws, stackName);
  const buckets = await ourBuckets(session, accountId);
  if (!stack && (buckets.length === 0 || !values['delete-data'])) {
    if (buckets.length > 0)
      dialogue.say(`The stack is gone; ${buckets.join(', ')} hold its data (--delete-data).`);
    else dialogue.say(`There is nothing of ${stackName} in account ${accountId}, ${aws.region}.`);
    return { stackName, stack: 'absent', retained: buckets };
  }
  await announce(session, stackName, accountId, stack, buckets);
  if (values['dry-run']) {
    dialogue.say('Dry run: nothing was deleted.');
    return { dryRun: true, stackName, buckets };
  }
  await mustBeMeant(session, stackName);
  const unit = stack ? await deregister(session, stack) : 'unknown';
  // Before the stack: a bucket that is not retained could not be deleted while it holds anything.
  if (values['delete-data']) for (const bucket of buckets) await empty(session, bucket);
  if (stack) await deleteStack(session, stack);
  const retained = await ourBuckets(session, accountId);
  if (values['delete-data'])
    for (const bucket of retained) await aws.call('s3api', 'delete-bucket', { Bucket: bucket });
  const left = values['delete-data'] ? [] : retained;
  dialogue.say(left.length === 0 ? 'Nothing is left.' : `What is left is your data: ${left.join(', ')}`);
  return { stackName, stack: 'deleted', unit, retained: left };
}

async function announce(
  { aws, values, dialogue }: Session,
  stackName: string,
  accountId: string,
  stack: Stack | undefined,
  buckets: readonly string[],
): Promise<void> {
  dialogue.say(
    `Account ${accountId}, region ${aws.region}: stack ${stackName} is ${stack?.status ?? 'gone already'}.`,
  );
  for (const bucket of buckets) {
    const { objects, bytes, more } = await lookInto(aws, bucket);
    const size = `${more ? 'more than ' : ''}${objects} versions, ${(bytes / 1e6).toFixed(1)} MB`;
    dialogue.say(`  ${bucket}: ${size}; ${values['delete-data'] ? 'WILL BE DELETED' : 'stays'}`);
  }
}

/** Data that is deleted is gone: its name is typed. @throws DeployFailure canceled, not_confirmed */
async function mustBeMeant({ values, dialogue }: Session, stackName: string): Promise<void> {
  if (values.yes) return;
  if (!dialogue.interactive) throw failure('not_confirmed', 'this deletes');
  const what = values['delete-data'] ? 'the stack and ALL ITS DATA' : 'the stack';
  const typed = await dialogue.ask(`Type ${stackName} to delete ${what}`);
  if (typed !== stackName) throw failure('canceled', 'the name was not typed');
}

/** The stack does it too when it goes; this says whether it worked. A broker that is away blocks nothing. */
async function deregister(session: Session, stack: Stack): Promise<'removed' | 'absent' | 'unknown'> {
  const { dialogue } = session;
  if (!hasToken(session) && !dialogue.interactive) {
    dialogue.say(
      'Without a token the unit stays on the broker, as one that is gone; remove it on the web page.',
    );
    return 'unknown';
  }
  try {
    const { broker } = await signIn(session);
    const unit = await unitOf(broker, stack);
    if (!unit) return 'absent';
    await broker.remove(unit.computingUnitId);
    dialogue.say(`The unit ${unit.computingUnitId} is off the broker.`);
    return 'removed';
  } catch (error) {
    if (!(error instanceof DeployFailure) || error.code === 'canceled') throw error;
    dialogue.say(`The unit could not be taken off the broker: ${error.message}\n  ${error.remedy}`);
    return 'unknown';
  }
}

async function empty({ aws, dialogue }: Session, bucket: string): Promise<void> {
  const count = await emptyBucket(aws, bucket, (deleted) => dialogue.say(`  ${bucket}: ${deleted} deleted`));
  dialogue.say(`  ${bucket} is empty${count > 0 ? '' : ' already'}.`);
}

async function deleteStack(session: Session, stack: Stack): Promise<void> {
  const { aws, dialogue } = session;
  const known = new Set((await readEvents(aws, stack.id)).map(({ EventId }) => EventId));
  await aws.call('cloudformation', 'delete-stack', { StackName: stack.id });
  const { status, events } = await follow(aws, stack.id, known, tellEvent(session), session.pollMs);
  if (status !== 'DELETE_COMPLETE') throw adviceFor(firstFailure(events, stack.name), status);
  dialogue.say(`The stack ${stack.name} is deleted.`);
}
