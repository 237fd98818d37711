/** The three ways into a role, tried: with the unit's external ID, without any, and with a wrong one. */
import { randomBytes } from 'node:crypto';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { CloudError } from '../../services/ports.ts';
import type { RoleUse, TrustFindings, UnitTrust } from '../../services/unit-ports.ts';
import type { Unit } from '../schemas/unit.ts';
import { toCloudError } from './cloud-errors.ts';
import { sessionName } from './session-name.ts';
import { sessionPolicy } from './session-policy.ts';
import { mustBeOneAccount } from './unit-checks.ts';

/** What these sessions may do: nothing. They are never used. */
const NOTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
});
/** The shortest that AWS gives. */
const SECONDS = 900;

export interface UnitTrustDeps {
  readonly sts: STSClient;
  /** Told of the way in that was granted or refused, and of every one that should have been refused. */
  readonly onAssumed?: (use: RoleUse) => Promise<void>;
}

/** Creates the probe. */
export function createUnitTrust({ sts, onAssumed }: UnitTrustDeps): UnitTrust {
  /** AWS answers the packed size of the policy; a refusal is a CloudError. */
  async function enter(
    unit: Unit,
    externalId: string | undefined,
    Policy: string,
  ): Promise<number | undefined> {
    try {
      const { PackedPolicySize } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: unit.crossAccountRoleArn,
          RoleSessionName: sessionName('check', unit.unitId),
          ExternalId: externalId,
          DurationSeconds: SECONDS,
          Policy,
        }),
      );
      return PackedPolicySize;
    } catch (error) {
      throw toCloudError('AssumeRole', error);
    }
  }

  async function note(unit: Unit, purpose: string, outcome: string): Promise<void> {
    await onAssumed?.({
      unit,
      purpose,
      forUserId: undefined,
      roleSessionName: sessionName('check', unit.unitId),
      outcome,
    });
  }

  /** True if this way in, which must be closed, is open. */
  async function isOpen(unit: Unit, externalId: string | undefined): Promise<boolean> {
    try {
      await enter(unit, externalId, NOTHING);
    } catch (error) {
      if (error instanceof CloudError && error.problem === 'trust_denied') return false;
      throw error;
    }
    await note(unit, 'trust-without-external-id', 'ok');
    return true;
  }

  return {
    async probe(unit) {
      mustBeOneAccount(unit, 'AssumeRole');
      if (!unit.crossAccountRoleArn || !unit.externalId) {
        throw new CloudError(
          'trust_denied',
          'AssumeRole',
          'NoRole',
          'no role or no external ID is registered',
        );
      }
      // The largest policy of all purposes, so that none can be too large later.
      const policy = JSON.stringify(sessionPolicy({ kind: 'check' }, unit));
      let policyPercent: number | undefined;
      try {
        policyPercent = await enter(unit, unit.externalId, policy);
        await note(unit, 'trust', 'ok');
      } catch (error) {
        await note(unit, 'trust', error instanceof CloudError ? error.awsCode : 'error');
        throw error;
      }
      const [without, wrong] = await Promise.all([
        isOpen(unit, undefined),
        isOpen(unit, `cloudmr-${randomBytes(24).toString('hex')}`),
      ]);
      const open: TrustFindings['open'][number][] = [];
      if (without) open.push('without an external ID');
      if (wrong) open.push('with a wrong external ID');
      return { policyPercent, open };
    },
  };
}
