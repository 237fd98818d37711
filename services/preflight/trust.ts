/** Whether the role of a unit lets the broker in, and nobody else through the broker. */
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { type Clock, CloudError } from '../ports.ts';
import type { UnitTrust } from '../units/ports.ts';
import { type CheckFix, failed, passed, skipped, warning } from './catalogue.ts';

/** A session policy that takes more of its room than this may become too large with longer names. */
const MAX_POLICY_PERCENT = 80;

export interface TrustChecksDeps {
  trust: UnitTrust;
  clock: Clock;
  brokerRoleArn: string;
}

/** Creates the checks of trust. Mode 1 units are in the broker's own account and need no external ID. */
export function createTrustChecks({ trust, clock, brokerRoleArn }: TrustChecksDeps) {
  /** @throws CloudError `unavailable` or `throttled` if AWS does not answer. */
  return async function checkTrust(unit: Unit): Promise<UnitCheck[]> {
    const at = clock();
    const fix = { policy: trustPolicy(brokerRoleArn, unit.externalId ?? '') };
    try {
      const { open, policyPercent, sourceIdentity } = await trust.probe(unit);
      const named = sourceIdentityCheck(sourceIdentity, at, fix);
      if (unit.mode === 'mode_1') {
        const evidence = "the role of the platform's own account lets the broker in";
        const none = skipped('external_id_required', "within the platform's own account there is none", at);
        return [passed('assume_role', evidence, at), none, policyCheck(policyPercent, at), named];
      }
      return [
        passed('assume_role', 'the role lets the broker in with the external ID', at),
        open.length === 0
          ? passed('external_id_required', 'without it and with a wrong one the role refuses', at)
          : failed('external_id_required', `the role lets the broker in ${open.join(' and ')}`, at, fix),
        policyCheck(policyPercent, at),
        named,
      ];
    } catch (error) {
      if (!(error instanceof CloudError) || isAway(error)) throw error;
      // Says nothing of the role.
      if (error.problem === 'clock_skew') return [failed('clock', error.message, at)];
      if (error.problem === 'invalid') return [failed('session_policy', error.message, at)];
      // Absent, of somebody else, or closed: AWS does not tell, and neither does the broker.
      return [failed('assume_role', 'the role does not let the broker in with this external ID', at, fix)];
    }
  };
}

export type TrustChecks = ReturnType<typeof createTrustChecks>;

/** AWS gave no answer, so nothing is known about the unit. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof CloudError && ['unavailable', 'throttled', 'expired', 'paused'].includes(error.problem)
  );
}

function policyCheck(percent: number | undefined, at: number): UnitCheck {
  const evidence = `the session policies take ${percent ?? 'an unknown part'}${percent === undefined ? '' : ' %'} of their room`;
  return (percent ?? 0) < MAX_POLICY_PERCENT
    ? passed('session_policy', evidence, at)
    : warning('session_policy', evidence, at);
}

function sourceIdentityCheck(allowed: boolean, at: number, fix: CheckFix): UnitCheck {
  return allowed
    ? passed('source_identity', 'CloudTrail names the person for whom the broker signs', at)
    : warning('source_identity', 'the role does not let sessions say for whom they are', at, fix);
}

/** The statement that the role's trust policy should be. */
function trustPolicy(brokerRoleArn: string, externalId: string): object {
  return {
    Effect: 'Allow',
    Principal: { AWS: brokerRoleArn },
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  };
}
