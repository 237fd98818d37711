/**
 * `deploy` and `update`: token -> checks -> challenge -> change set -> summary -> stack -> registration -> findings.
 * Until the summary is agreed to, nothing is created but a change set, which goes again.
 */
import { adviceFor } from './advice.ts';
import { type ChangeSet, createChangeSet, dropChangeSet, executeChangeSet } from './change-set.ts';
import { bucketStates } from './checks/account.ts';
import { chooseNetwork, type Place } from './choose-network.ts';
import { examine, mustBeHealthy } from './doctor.ts';
import { failure } from './failure.ts';
import { stackNameProblem } from './names.ts';
import { isPublic, readNetwork } from './network.ts';
import { givenParameters, type StackParameter, stackParameters } from './parameters.ts';
import { registerNow } from './register.ts';
import { type Identity, type Result, type Session, whoAmI } from './session.ts';
import { firstFailure, follow, readEvents, readStack, type Stack, type StackEvent } from './stack.ts';
import { showSummary } from './summary.ts';
import { withNamesWrittenOut } from './template-file.ts';
import { hasToken, type SignedIn, signIn } from './token.ts';
import { unitOf, watchUnit } from './unit.ts';

/** The code of a challenge is good for 10 minutes; a stack needs some of them before it registers. */
const FRESH_MS = 4 * 60_000;
const DEAD = ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED', 'REVIEW_IN_PROGRESS'];

/** Creates the stack, or updates the one that is there. */
export async function deploy(session: Session): Promise<Result> {
  const { aws, values, request, dialogue, template } = session;
  const stackName = values['stack-name'] ?? '';
  const nameProblem = stackNameProblem(stackName);
  if (nameProblem) throw failure('stack_name_invalid', nameProblem);
  const given = givenParameters(request, template);
  const identity = await whoAmI(aws);
  dialogue.say(`AWS account ${identity.accountId} as ${identity.arn}, region ${aws.region}.`);
  const existing = await settled(session, stackName);
  if (!existing && request.command === 'update') throw failure('stack_missing', stackName);
  const signedIn = existing && !hasToken(session) ? undefined : await signIn(session);
  const place = await placeFor(session, existing);
  const buckets = existing ? new Map() : await bucketStates(session, identity.accountId);
  if (!existing) mustBeHealthy(session, await examine(session, { identity, signedIn, place, buckets }));
  const adopted = [...buckets].flatMap(([name, state]) => (state === 'ours' ? name : []));

  const fixedNetwork = place && {
    VpcId: place.vpcId,
    SubnetId1: place.subnets[0].subnetId,
    SubnetId2: place.subnets[1].subnetId,
    AssignPublicIp: place.subnets.every(isPublic) ? 'ENABLED' : 'DISABLED',
  };
  const prepare = async (): Promise<{ changeSet: ChangeSet; parameters: StackParameter[]; at: number }> => {
    const at = session.clock();
    const secrets = signedIn ? await enrolment(signedIn, existing) : {};
    const fixed = {
      ...fixedNetwork,
      ...secrets,
      ...(existing ? refreshed(given, at) : { CloudMRApiUrl: session.apiUrl }),
    };
    const parameters = stackParameters(template, given, fixed, existing);
    const body = withNamesWrittenOut(template.body, adopted, identity.accountId);
    const wish = { stackName, existing, body, parameters, adopt: adopted.length > 0 };
    const name = `cloudmr-${at.toString(36)}`;
    return { changeSet: await createChangeSet(aws, { ...wish, name }, session.pollMs), parameters, at };
  };

  let prepared = await prepare();
  const undo = async (): Promise<void> => dropChangeSet(aws, prepared.changeSet);
  try {
    showSummary(session, { identity, stackName, place, adopted, ...prepared });
    if (values['dry-run']) {
      await undo();
      dialogue.say('Dry run: nothing was created, nothing is left.');
      return { dryRun: true, stackName, identity, changes: prepared.changeSet.changes };
    }
    await mustBeAgreed(session);
    if (signedIn && session.clock() - prepared.at > FRESH_MS) {
      await undo();
      prepared = await prepare();
    }
  } catch (error) {
    await undo();
    throw error;
  }
  const stack = await carryOut(session, prepared.changeSet);
  return report(session, stack, signedIn, identity);
}

/** @throws DeployFailure canceled, not_confirmed */
async function mustBeAgreed({ dialogue, values }: Session): Promise<void> {
  if (values.yes) return;
  if (!dialogue.interactive) throw failure('not_confirmed', 'this changes your account');
  if (!(await dialogue.confirm('Proceed with deployment?'))) throw failure('canceled');
}

/** The stack, if it is there and can be updated. One that never came to be is taken away. */
async function settled(session: Session, stackName: string): Promise<Stack | undefined> {
  const { aws, dialogue } = session;
  const stack = await readStack(aws, stackName);
  if (!stack) return undefined;
  if (DEAD.includes(stack.status)) {
    if (stack.status.endsWith('_FAILED')) throw failure('stack_broken', `${stackName} is ${stack.status}`);
    dialogue.say(`Taking away what an earlier attempt has left: ${stackName} is ${stack.status}.`);
    await aws.call('cloudformation', 'delete-stack', { StackName: stack.id });
    await follow(aws, stack.id, new Set(), () => undefined, session.pollMs);
    return undefined;
  }
  if (stack.status.endsWith('_IN_PROGRESS')) throw failure('stack_busy', `${stackName} is ${stack.status}`);
  if (stack.status.endsWith('ROLLBACK_FAILED'))
    throw failure('stack_broken', `${stackName} is ${stack.status}`);
  return stack;
}

/** For a new stack, or where an update names one. */
async function placeFor(session: Session, existing: Stack | undefined): Promise<Place | undefined> {
  const { values, aws, dialogue } = session;
  const named = {
    vpcId: values['vpc-id'],
    subnetId1: values['subnet-id-1'],
    subnetId2: values['subnet-id-2'],
  };
  if (existing && Object.values(named).every((value) => value === undefined)) return undefined;
  return chooseNetwork(await readNetwork(aws), named, dialogue);
}

/** An update also finds out what a tag such as `latest` means today. */
function refreshed(given: ReadonlyMap<string, string>, at: number): Record<string, string> {
  return given.has('ImageRefresh') ? {} : { ImageRefresh: new Date(at).toISOString() };
}

/** What the stack needs to register itself. An external ID that the role has already stays. */
async function enrolment({ broker }: SignedIn, existing: Stack | undefined): Promise<Record<string, string>> {
  const { externalId, brokerRoleArn, enrolmentCode } = await broker.challenge();
  return {
    CloudMRUserToken: enrolmentCode,
    BrokerRoleArn: brokerRoleArn,
    ...(existing ? {} : { ExternalId: externalId }),
  };
}

/** @throws DeployFailure with what failed first */
async function carryOut(session: Session, changeSet: ChangeSet): Promise<Stack> {
  const { aws, dialogue } = session;
  const before = changeSet.kind === 'CREATE' ? [] : await readEvents(aws, changeSet.stackId);
  await executeChangeSet(aws, changeSet);
  dialogue.say('CloudFormation is at work; Ctrl-C ends this display, not the work.');
  const known = new Set(before.map(({ EventId }) => EventId));
  const ended = await follow(aws, changeSet.stackId, known, tellEvent(session), session.pollMs);
  const stack = await readStack(aws, changeSet.stackId);
  if (!stack || !['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'].includes(ended.status)) {
    throw adviceFor(firstFailure(ended.events, session.values['stack-name'] ?? ''), ended.status);
  }
  return stack;
}

/** One line per resource that has come to an end. */
export function tellEvent({ dialogue }: Pick<Session, 'dialogue'>): (event: StackEvent) => void {
  return ({ ResourceStatus: status, LogicalResourceId, ResourceType, ResourceStatusReason, Timestamp }) => {
    if (status.endsWith('_IN_PROGRESS')) return;
    const mark = status.endsWith('_FAILED') ? '\u2717' : '\u2713';
    const reason = status.endsWith('_FAILED') && ResourceStatusReason ? `: ${ResourceStatusReason}` : '';
    const time = new Date(Timestamp).toISOString().slice(11, 19);
    dialogue.say(`  ${time} ${mark} ${status.toLowerCase()} ${LogicalResourceId} (${ResourceType})${reason}`);
  };
}

async function report(
  session: Session,
  stack: Stack,
  signedIn: SignedIn | undefined,
  identity: Identity,
): Promise<Result> {
  const { dialogue } = session;
  dialogue.say();
  dialogue.say(`The stack ${stack.name} is ${stack.status}.`);
  for (const [name, value] of Object.entries(stack.outputs)) dialogue.say(`  ${name} = ${value}`);
  const base = {
    stackName: stack.name,
    stackId: stack.id,
    status: stack.status,
    outputs: stack.outputs,
    identity,
  };
  if (!signedIn) return { ...base, unit: null };
  const unit = await unitOf(signedIn.broker, stack);
  if (!unit) dialogue.say(`The stack could not register itself (${stack.outputs['RegistrationStatus']}).`);
  const unitId = unit?.computingUnitId ?? (await registerNow(session, signedIn.broker, stack));
  return { ...base, unit: await watchUnit(session, signedIn.broker, unitId) };
}
