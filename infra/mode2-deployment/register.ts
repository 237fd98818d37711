/** `register`: verifies that the broker knows a stack, registers it if not, and checks everything. */
import { signRequest } from '../local/sigv4/sign.ts';
import { run } from './aws-cli.ts';
import type { Broker } from './broker.ts';
import { failure } from './failure.ts';
import { type Result, type Session, whoAmI } from './session.ts';
import { readStack, type Stack } from './stack.ts';
import { signIn } from './token.ts';
import { stateMachineOf, unitOf, watchUnit } from './unit.ts';

interface Exported {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken?: string;
}

/** The command. A unit that is registered and proven is only checked. */
export async function register(session: Session): Promise<Result> {
  const { aws, values, dialogue } = session;
  const stackName = values['stack-name'] ?? '';
  const stack = await readStack(aws, stackName);
  if (!stack) throw failure('stack_missing', `${stackName} in ${aws.region}`);
  const { broker } = await signIn(session);
  const unit = await unitOf(broker, stack);
  const proven = unit !== undefined && unit.missing.length === 0 && unit.status !== 'pending';
  if (proven) dialogue.say(`Computing unit registered: ${unit.computingUnitId} (${unit.alias}).`);
  const unitId = proven ? unit.computingUnitId : await registerNow(session, broker, stack);
  const report = await watchUnit(session, broker, unitId);
  return { stackName, computingUnitId: unitId, registered: proven ? 'before' : 'now', unit: report };
}

/** Registers by the outputs of the stack, with a proof that is signed by the person's own credentials. */
export async function registerNow(session: Session, broker: Broker, stack: Stack): Promise<string> {
  const { aws, dialogue } = session;
  const { accountId } = await whoAmI(aws);
  const challenge = await broker.challenge();
  const done = await broker.register({
    appId: stack.parameters['AppId'] ?? 'mroptimum',
    mode: 'mode2',
    provider: 'user-owned',
    awsAccountId: accountId,
    region: aws.region,
    stateMachineArn: stateMachineOf(stack),
    crossAccountRoleArn: output(stack, 'CrossAccountRoleArn'),
    resultsBucket: output(stack, 'ResultsBucketName'),
    failedBucket: output(stack, 'FailedBucketName'),
    dataBucket: output(stack, 'DataBucketName'),
    externalId: stack.parameters['ExternalId'],
    proof: { headers: await signed(session, challenge.request) },
  });
  dialogue.say(`Computing unit registered: ${done.computingUnitId} (${done.action}).`);
  return done.computingUnitId;
}

function output({ outputs, name }: Stack, key: string): string {
  const value = outputs[key];
  if (value) return value;
  throw failure('stack_missing', `${name} is not a stack of this template: it has no output ${key}`);
}

interface Request {
  method: 'POST';
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** The headers of the request of a challenge, signed and not sent. */
async function signed(
  { aws, values, environment, clock }: Session,
  request: Request,
): Promise<Record<string, string>> {
  const profile = values.profile ? ['--profile', values.profile] : [];
  const args = ['configure', 'export-credentials', '--format', 'process', ...profile];
  const found = JSON.parse(await run(args, environment.forAws)) as Exported;
  const credentials = {
    accessKeyId: found.AccessKeyId,
    secretAccessKey: found.SecretAccessKey,
    sessionToken: found.SessionToken,
  };
  const { method, headers, body } = request;
  const url = new URL(request.url);
  const region = /^sts\.([a-z0-9-]+)\.amazonaws\./.exec(url.hostname)?.[1] ?? aws.region;
  return signRequest({ method, url, headers, body }, { credentials, service: 'sts', region, clock });
}
