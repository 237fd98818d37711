/** Who may do what: identities, and the authorizer that services ask. */

import type { Caller, Clock, RoleAuthorizer } from '../contract.ts';
import type { CloudRegistry } from '../registry.ts';
import { parseArn } from '../runtime/arn.ts';
import { authError } from '../sigv4/auth-errors.ts';
import type { ConditionKeys } from './conditions.ts';
import { evaluate, type Verdict } from './evaluate.ts';
import { type Policy, policyOf } from './policy.ts';

/** A verified signer: what services see of it, and what only IAM and STS need to know. */
export interface Identity {
  readonly caller: Caller;
  readonly secretAccessKey: string;
  readonly expiresAt?: number;
  /** As GetCallerIdentity answers: account id, or `AROA...:SESSION`. */
  readonly userId: string;
  /** Narrows what the role's policies allow. */
  readonly sessionPolicy?: Policy;
  readonly sourceIdentity?: string;
}

export interface Authorizer {
  /** What the caller's own policies say, session policy included; root may do everything. */
  decide(identity: Identity, action: string, resource: string, keys: ConditionKeys): Decision;
  /** The authorizer that a service gets for one request. */
  forRequest(
    identity: Identity,
    service: string,
    region: string,
  ): (action: string, resource: string, keys?: Readonly<Record<string, string>>) => void;
  forRole: RoleAuthorizer;
  /** The global condition keys of a request. */
  globalKeys(caller: Caller, userId: string, region: string): ConditionKeys;
}

/** `by` is the policy that decided. */
export interface Decision {
  readonly verdict: Verdict;
  readonly by: 'identity-based' | 'session';
}

export function createAuthorizer(deps: {
  registry: Pick<CloudRegistry, 'role' | 'bucketOwner'>;
  clock: Clock;
}): Authorizer {
  const rolePolicies = (roleArn: string): Policy[] =>
    (deps.registry.role(roleArn)?.policies ?? []).map((document) => policyOf(document, 'identity'));

  const globalKeys: Authorizer['globalKeys'] = (caller, userId, region) => {
    const now = deps.clock();
    return {
      'aws:CurrentTime': new Date(now).toISOString(),
      'aws:EpochTime': String(Math.floor(now / 1_000)),
      'aws:PrincipalAccount': caller.accountId,
      'aws:PrincipalArn': caller.principalArn,
      'aws:PrincipalType': caller.kind === 'session' ? 'AssumedRole' : 'Account',
      'aws:RequestedRegion': region,
      // Loopback never leaves the machine; policies that demand TLS must work here as deployed.
      'aws:SecureTransport': 'true',
      'aws:userid': userId,
    };
  };

  /** The account a resource belongs to; undefined if the ARN does not tell. */
  const ownerOf = (resource: string): string | undefined => {
    const arn = parseArn(resource);
    if (arn?.service === 's3') return deps.registry.bucketOwner(arn.resource.split('/', 1)[0]);
    return arn?.accountId || undefined;
  };

  const decide: Authorizer['decide'] = (identity, action, resource, keys) => {
    if (identity.caller.kind === 'root') return { verdict: 'allow', by: 'identity-based' };
    const question = { action, resource, keys };
    const verdict = evaluate(rolePolicies(identity.caller.principalArn), question);
    if (verdict !== 'allow' || !identity.sessionPolicy) return { verdict, by: 'identity-based' };
    return { verdict: evaluate([identity.sessionPolicy], question), by: 'session' };
  };

  return {
    decide,
    globalKeys,
    forRequest(identity, service, region) {
      const { caller } = identity;
      return (action, resource, own = {}) => {
        const owner = ownerOf(resource);
        if (owner !== undefined && owner !== caller.accountId) {
          throw denied(service, caller, action, resource, 'no resource-based policy allows it');
        }
        const keys = {
          ...globalKeys(caller, identity.userId, region),
          'aws:ResourceAccount': owner ?? caller.accountId,
          ...own,
        };
        const { verdict, by } = decide(identity, action, resource, keys);
        if (verdict !== 'allow') throw denied(service, caller, action, resource, reason(verdict, by, action));
      };
    },
    forRole(roleArn, action, resource, own = {}) {
      const accountId = parseArn(roleArn)?.accountId ?? '';
      const owner = ownerOf(resource) ?? accountId;
      const caller: Caller = { accountId, arn: roleArn, principalArn: roleArn, kind: 'session' };
      const keys = {
        ...globalKeys(caller, '', parseArn(resource)?.region ?? ''),
        'aws:ResourceAccount': owner,
        // Only state machines ask on behalf of roles, and they pass roles only to tasks.
        'iam:PassedToService': action === 'iam:PassRole' ? 'ecs-tasks.amazonaws.com' : undefined,
        ...own,
      };
      return owner === accountId && evaluate(rolePolicies(roleArn), { action, resource, keys }) === 'allow';
    },
  };
}

function reason(verdict: Verdict, by: Decision['by'], action: string): string {
  return verdict === 'explicit_deny'
    ? `an explicit deny in ${by === 'session' ? 'a session' : 'an identity-based'} policy`
    : `no ${by} policy allows the ${action} action`;
}

function denied(service: string, caller: Caller, action: string, resource: string, why: string) {
  return authError(
    service,
    'denied',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because ${why}`,
  );
}
