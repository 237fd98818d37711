/** Policy documents: read strictly; what is not emulated is refused by name. */
import { z } from 'zod';
import { AwsError, type PolicyDocument } from '../contract.ts';
import { type ConditionBlock, isOperator } from './conditions.ts';

export interface Principals {
  /** Account ids, ARNs or `*`. */
  readonly aws: readonly string[];
  readonly services: readonly string[];
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  /** True for NotAction: the statement covers every action but these. */
  readonly exceptActions: boolean;
  readonly resources: readonly string[];
  readonly exceptResources: boolean;
  /** Undefined in identity and session policies. */
  readonly principals: Principals | undefined;
  readonly conditions: ConditionBlock;
}

export type Policy = readonly Statement[];

/** Keys whose values the gateway or a service knows; a policy on another key would decide at random. */
const CONDITION_KEYS = new Set(
  [
    'aws:CurrentTime',
    'aws:EpochTime',
    'aws:PrincipalAccount',
    'aws:PrincipalArn',
    'aws:PrincipalType',
    'aws:RequestedRegion',
    'aws:SecureTransport',
    'aws:userid',
    'ecs:cluster',
    'kms:ViaService',
    // No resource here has tags: what asks for one is never allowed.
    'aws:RequestTag/App',
    'aws:ResourceTag/App',
    'aws:SourceAccount',
    'aws:ResourceAccount',
    'iam:PassedToService',
    's3:delimiter',
    's3:max-keys',
    's3:prefix',
    'sts:ExternalId',
    'sts:RoleSessionName',
    'sts:SourceIdentity',
  ].map((key) => key.toLowerCase()),
);

const oneOrMore = z.union([z.string().max(2_048), z.array(z.string().max(2_048)).max(200)]);
const scalar = z.union([z.string().max(2_048), z.number(), z.boolean()]);
const statement = z.strictObject({
  Sid: z.string().max(100).optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Principal: z
    .union([z.literal('*'), z.strictObject({ AWS: oneOrMore.optional(), Service: oneOrMore.optional() })])
    .optional(),
  Condition: z
    .record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar).max(200)])))
    .optional(),
});
const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().max(100).optional(),
  Statement: z.union([statement, z.array(statement).max(100)]),
});

/** `trust` policies say who (Principal), the others say on what (Resource). */
export type PolicyKind = 'trust' | 'identity';

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

/** Throws MalformedPolicyDocument, naming what is wrong or not emulated. */
export function readPolicy(input: unknown, kind: PolicyKind): Policy {
  const parsed = document.safeParse(input);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  const text = JSON.stringify(parsed.data);
  if (text.includes('${')) throw malformed('the embedded cloud does not emulate policy variables');
  return [parsed.data.Statement].flat().map((raw): Statement => {
    if ((raw.Action === undefined) === (raw.NotAction === undefined)) {
      throw malformed('a statement needs exactly one of Action and NotAction');
    }
    const resources = [raw.Resource, raw.NotResource].filter((given) => given !== undefined).length;
    if (kind === 'trust' ? resources > 0 || raw.Principal === undefined : resources !== 1 || raw.Principal) {
      throw malformed(
        kind === 'trust'
          ? 'a trust statement needs a Principal and no Resource'
          : 'a statement needs exactly one of Resource and NotResource, and no Principal',
      );
    }
    return {
      effect: raw.Effect,
      actions: list(raw.Action ?? raw.NotAction).map((action) => action.toLowerCase()),
      exceptActions: raw.NotAction !== undefined,
      resources: list(raw.Resource ?? raw.NotResource),
      exceptResources: raw.NotResource !== undefined,
      principals: readPrincipals(raw.Principal),
      conditions: readConditions(raw.Condition ?? {}),
    };
  });
}

function readPrincipals(raw: z.infer<typeof statement>['Principal']): Principals | undefined {
  if (raw === undefined) return undefined;
  if (raw === '*') return { aws: ['*'], services: [] };
  return { aws: list(raw.AWS), services: list(raw.Service) };
}

function readConditions(raw: NonNullable<z.infer<typeof statement>['Condition']>): ConditionBlock {
  const block: Record<string, Record<string, string[]>> = {};
  for (const [operator, byKey] of Object.entries(raw)) {
    if (!isOperator(operator))
      throw malformed(`the embedded cloud does not emulate the condition ${operator}`);
    block[operator] = {};
    for (const [key, values] of Object.entries(byKey)) {
      if (!CONDITION_KEYS.has(key.toLowerCase())) {
        throw malformed(`the embedded cloud does not emulate the condition key ${key}`);
      }
      block[operator][key] = [values].flat().map(String);
    }
  }
  return block;
}

function malformed(what: string): AwsError {
  return new AwsError('MalformedPolicyDocument', `The policy document is refused: ${what}.`);
}

// Policies of the registry are read once; the documents themselves are the keys.
const compiled = new WeakMap<PolicyDocument, Policy>();

/** `readPolicy` with a memory per document object. */
export function policyOf(given: PolicyDocument, kind: PolicyKind): Policy {
  let policy = compiled.get(given);
  if (!policy) compiled.set(given, (policy = readPolicy(given, kind)));
  return policy;
}
