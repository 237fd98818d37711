/** Decides by policies. Source: "Policy evaluation logic" (IAM user guide). */
import { type ConditionKeys, conditionsHold } from './conditions.ts';
import type { Policy, Principals, Statement } from './policy.ts';
import { matchesWildcard } from './wildcard.ts';

export type Verdict = 'allow' | 'explicit_deny' | 'no_allow';

/** A request as policies see it. */
export interface Question {
  /** As in IAM: `s3:GetObject`. */
  readonly action: string;
  /** Undefined for trust policies. */
  readonly resource?: string;
  readonly keys: ConditionKeys;
  /** Tells whether a trust statement's principals include the caller. */
  readonly isPrincipal?: (principals: Principals) => boolean;
}

/** An explicit deny of any statement wins over every allow. */
export function evaluate(policies: readonly Policy[], question: Question): Verdict {
  let verdict: Verdict = 'no_allow';
  for (const policy of policies) {
    for (const statement of policy) {
      if (!covers(statement, question)) continue;
      if (statement.effect === 'Deny') return 'explicit_deny';
      verdict = 'allow';
    }
  }
  return verdict;
}

function covers(statement: Statement, { action, resource, keys, isPrincipal }: Question): boolean {
  const lower = action.toLowerCase();
  if (statement.actions.some((pattern) => matchesWildcard(pattern, lower)) === statement.exceptActions) {
    return false;
  }
  if (resource !== undefined) {
    const named = statement.resources.some((pattern) => matchesWildcard(pattern, resource));
    if (named === statement.exceptResources) return false;
  }
  if (statement.principals && !isPrincipal?.(statement.principals)) return false;
  return conditionsHold(statement.conditions, keys);
}
