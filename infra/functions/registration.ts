/**
 * Custom resource of the Mode 2 stack: registers the stack as a computing unit. It holds nobody's token: the
 * enrolment code is good once, and a signed GetCallerIdentity shows that the code is used in this account.
 */
import { createHash } from 'node:crypto';
import { signRequest } from '../local/sigv4/sign.ts';
import { type Attributes, pause, type ResourceEvent } from './custom-resource.ts';
import type { FunctionEnvironment } from './environment.ts';
import { CallError, jsonCall } from './signed-call.ts';

export interface RegistrationProperties {
  EnrolmentCode: string;
  BrokerRoleArn: string;
  /** Where the unit is remembered for later updates. */
  ParameterName: string;
  /** What the broker is told, as `POST /api/computing-unit/enrol` takes it. */
  Unit: Record<string, string>;
}

const TRIES = 5;
const NOT_REGISTERED = 'not-registered';
const AGAIN =
  'Ask for a new enrolment code and update the stack with it, or run register-mode2.sh; nothing else is missing.';

/** Signs what the challenge behind the code asks for. The request itself is never sent from here. */
function proofOf(
  { region, endpoint, credentials }: FunctionEnvironment,
  { EnrolmentCode, BrokerRoleArn }: RegistrationProperties,
): { headers: Record<string, string> } {
  const nonce = createHash('sha256').update(EnrolmentCode).digest('hex');
  const request = {
    method: 'POST',
    url: new URL(endpoint('sts')),
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-cloudmr-challenge': `${BrokerRoleArn};${nonce}`,
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  };
  return { headers: signRequest(request, { credentials, service: 'sts', region, clock: Date.now }) };
}

async function post(
  { apiUrl }: FunctionEnvironment,
  path: string,
  body: object,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${apiUrl}/api/computing-unit/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(25_000),
  });
  return {
    status: response.status,
    answer: (await response.json().catch(() => ({}))) as Record<string, unknown>,
  };
}

async function enrol(environment: FunctionEnvironment, properties: RegistrationProperties) {
  const { EnrolmentCode: enrolmentCode, Unit } = properties;
  let problem = '';
  for (let left = TRIES; left > 0; left--) {
    try {
      const body = { ...Unit, enrolmentCode, proof: proofOf(environment, properties) };
      const { status, answer } = await post(environment, 'enrol', body);
      if (status < 300) {
        const missing = ((answer['missing'] ?? []) as string[]).join('; ');
        const unit = { ComputingUnitId: String(answer['computingUnitId']), Status: String(answer['status']) };
        return { ...unit, Message: missing || 'registered' };
      }
      problem = `${answer['code'] ?? status}: ${answer['detail'] ?? answer['message'] ?? 'refused'}`;
      if (status < 500 && status !== 429) break;
    } catch (error) {
      problem = `the broker at ${environment.apiUrl} does not answer (${(error as Error).name})`;
    }
    await pause(5_000);
  }
  return notRegistered(problem);
}

function notRegistered(why: string): Attributes {
  return {
    ComputingUnitId: NOT_REGISTERED,
    Status: NOT_REGISTERED,
    Message: `${why}. ${AGAIN}`.slice(0, 1_000),
  };
}

/** What was remembered at the last registration. */
async function remembered(environment: FunctionEnvironment, Name: string): Promise<Attributes | undefined> {
  try {
    const { Parameter } = await jsonCall(environment, 'ssm', 'AmazonSSM.GetParameter', { Name });
    return JSON.parse((Parameter as { Value: string }).Value);
  } catch (error) {
    if (error instanceof CallError && error.code === 'ParameterNotFound') return undefined;
    throw error;
  }
}

/**
 * Registers, brings up to date, or withdraws. Whatever the broker says, the stack stands: a registration can be
 * repeated in a minute, a stack that is rolled back costs ten. The outputs say what happened.
 */
export async function registration(
  event: Pick<
    ResourceEvent<RegistrationProperties>,
    'RequestType' | 'ResourceProperties' | 'OldResourceProperties'
  >,
  environment: FunctionEnvironment,
): Promise<Attributes> {
  const { ResourceProperties: wanted, OldResourceProperties: before } = event;
  const { ParameterName: Name, EnrolmentCode: enrolmentCode, Unit } = wanted;
  if (event.RequestType === 'Delete') {
    // The code that brought the unit in also lets it go; a broker that is away finds out by itself.
    if (enrolmentCode) {
      const { stateMachineArn } = Unit;
      await post(environment, 'withdraw', { enrolmentCode, stateMachineArn }).catch((error: Error) =>
        console.warn(JSON.stringify({ message: 'not withdrawn', reason: error.name })),
      );
    }
    await jsonCall(environment, 'ssm', 'AmazonSSM.DeleteParameter', { Name });
    return {};
  }
  const known = await remembered(environment, Name);
  const usedBefore = before !== undefined && before.EnrolmentCode === enrolmentCode;
  if (usedBefore && known && JSON.stringify(before.Unit) === JSON.stringify(Unit)) return known;
  if (usedBefore || !enrolmentCode) {
    return (
      known ?? notRegistered(enrolmentCode ? 'the enrolment code is used up' : 'no enrolment code was given')
    );
  }
  const found = await enrol(environment, wanted);
  if (found.Status === NOT_REGISTERED) return known ? { ...known, Message: found.Message } : found;
  const Value = JSON.stringify(found);
  await jsonCall(environment, 'ssm', 'AmazonSSM.PutParameter', {
    Name,
    Value,
    Type: 'String',
    Overwrite: true,
  });
  return found;
}
