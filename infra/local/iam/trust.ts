/** Trust policies: who may take on a role. Source: "How to use trust policies with IAM roles". */
import { rootArn } from '../arn.ts';
import type { Caller } from '../contract.ts';
import type { RoleRecord } from '../registry/catalog.ts';
import type { CloudRegistry } from '../registry.ts';
import type { Authorizer, Identity } from './authorize.ts';
import type { ConditionKeys } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import { type Policy, type Principals, policyOf } from './policy.ts';

export interface Trust {
  /**
   * The role, if the caller may take it on by each of `actions` (sts:AssumeRole, sts:SetSourceIdentity);
   * undefined both when it may not and when there is no such role, so that nobody can probe for names.
   */
  assumable(
    identity: Identity,
    roleArn: string,
    actions: readonly string[],
    keys: ConditionKeys,
  ): RoleRecord | undefined;
  /** The role, if it trusts an AWS service such as `lambda.amazonaws.com`. */
  assumableByService(service: string, roleArn: string): RoleRecord | undefined;
}

export function createTrust(deps: {
  registry: Pick<CloudRegistry, 'roleRecord'>;
  authorizer: Authorizer;
}): Trust {
  const allows = (
    identity: Identity,
    record: RoleRecord,
    roleArn: string,
    action: string,
    keys: ConditionKeys,
  ): boolean => {
    const { caller } = identity;
    const trust = policyOf(record.role.trust, 'trust');
    const verdict = (isPrincipal: (principals: Principals) => boolean) =>
      evaluate([trust], { action, keys, isPrincipal });
    if (verdict((named) => namesAccount(named, caller) || namesCaller(named, caller)) !== 'allow')
      return false;
    const own = deps.authorizer.decide(identity, action, roleArn, keys);
    if (own.verdict === 'allow') return true;
    // Within one account a trust policy that names the caller itself is permission enough; one that names
    // the account only hands the decision to the account's own policies.
    return (
      own.verdict === 'no_allow' &&
      identity.sessionPolicy === undefined &&
      record.accountId === caller.accountId &&
      verdict((named) => namesCaller(named, caller)) === 'allow'
    );
  };

  return {
    assumable(identity, roleArn, actions, keys) {
      const record = deps.registry.roleRecord(roleArn);
      if (!record || identity.caller.kind === 'root') return undefined;
      return actions.every((action) => allows(identity, record, roleArn, action, keys)) ? record : undefined;
    },
    assumableByService(service, roleArn) {
      const record = deps.registry.roleRecord(roleArn);
      if (!record) return undefined;
      const trust: Policy = policyOf(record.role.trust, 'trust');
      const verdict = evaluate([trust], {
        action: 'sts:AssumeRole',
        keys: { 'aws:SourceAccount': record.accountId },
        isPrincipal: ({ services }) => services.includes(service),
      });
      return verdict === 'allow' ? record : undefined;
    },
  };
}

function namesAccount({ aws }: Principals, { accountId }: Caller): boolean {
  return aws.some((name) => name === '*' || name === accountId || name === rootArn(accountId));
}

function namesCaller({ aws }: Principals, { arn, principalArn }: Caller): boolean {
  return aws.includes(principalArn) || aws.includes(arn);
}
