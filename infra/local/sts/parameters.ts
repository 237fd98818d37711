/** Parameters of AssumeRole, with the limits and the words of the STS API reference. */
import { AwsError, notEmulated } from '../contract.ts';
import { type Policy, readPolicy } from '../iam/policy.ts';

export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly durationSeconds: number;
  /** JSON text and what it says. */
  readonly policy: { readonly text: string; readonly parsed: Policy } | undefined;
}

/** Characters of a session policy; the answer tells how many percent of them are used. */
export const MAX_POLICY_CHARACTERS = 2_048;
const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;

const KNOWN = new Set([
  'Action',
  'Version',
  'RoleArn',
  'RoleSessionName',
  'ExternalId',
  'SourceIdentity',
  'DurationSeconds',
  'Policy',
]);

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

function constraint(name: string, value: string, what: string): AwsError {
  return validationError(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${what}`,
  );
}

/** Throws ValidationError, MalformedPolicyDocument or, for parameters not emulated, their name. */
export function readAssumeRole(form: URLSearchParams): AssumeRoleInput {
  for (const name of form.keys()) {
    if (!KNOWN.has(name) && !name.startsWith('X-Amz-'))
      throw notEmulated(`the parameter ${name} of AssumeRole`);
    if (form.getAll(name).length > 1) throw validationError(`${name} is given more than once.`);
  }
  const roleArn = form.get('RoleArn') ?? '';
  if (roleArn.length < 20 || roleArn.length > 2_048) {
    throw constraint('roleArn', roleArn.slice(0, 64), 'have length between 20 and 2048');
  }
  if (!/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(roleArn))
    throw validationError(`${roleArn} is invalid`);
  return {
    roleArn,
    sessionName: text(form, 'RoleSessionName', /^[\w+=,.@-]{2,64}$/, '[\\w+=,.@-]{2,64}') ?? missing(),
    externalId: text(form, 'ExternalId', /^[\w+=,.@:/-]{2,1224}$/, '[\\w+=,.@:\\/-]{2,1224}'),
    sourceIdentity: text(form, 'SourceIdentity', /^[\w+=,.@-]{2,64}$/, '[\\w+=,.@-]{2,64}'),
    durationSeconds: readDuration(form.get('DurationSeconds')),
    policy: readSessionPolicy(form.get('Policy')),
  };
}

function missing(): never {
  throw constraint('roleSessionName', 'null', 'not be null');
}

function text(form: URLSearchParams, name: string, pattern: RegExp, shown: string): string | undefined {
  const value = form.get(name) ?? undefined;
  if (value === undefined || pattern.test(value)) return value;
  const member = name[0].toLowerCase() + name.slice(1);
  throw constraint(member, value.slice(0, 64), `satisfy regular expression pattern: ${shown}`);
}

function readDuration(given: string | null): number {
  if (given === null) return 3_600;
  const seconds = Number(given);
  if (!/^\d{1,9}$/.test(given)) throw constraint('durationSeconds', given.slice(0, 16), 'be a whole number');
  if (seconds < MIN_SECONDS) {
    throw constraint('durationSeconds', given, `have value greater than or equal to ${MIN_SECONDS}`);
  }
  if (seconds > MAX_SECONDS) {
    throw constraint('durationSeconds', given, `have value less than or equal to ${MAX_SECONDS}`);
  }
  return seconds;
}

function readSessionPolicy(text: string | null): AssumeRoleInput['policy'] {
  if (text === null) return undefined;
  if (text.length > MAX_POLICY_CHARACTERS) {
    throw constraint('policy', '...', `have length less than or equal to ${MAX_POLICY_CHARACTERS}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'The policy is not in the valid JSON format.');
  }
  return { text, parsed: readPolicy(json, 'identity') };
}
