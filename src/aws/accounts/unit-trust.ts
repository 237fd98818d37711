/** The ways into a role, tried: with the unit's external ID, without any, and with a wrong one. */
import { randomBytes } from 'node:crypto';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { CloudError } from '../../../services/ports.ts';
import type { RoleUse, TrustFindings, UnitTrust } from '../../../services/units/ports.ts';
import type { Unit } from '../../schemas/unit.ts';
import { toCloudError } from '../cloud-errors.ts';
import { sessionName, sourceIdentityOf } from './session-name.ts';
import { sessionPolicy } from './session-policy.ts';
import { mustBeOneAccount } from './unit-checks.ts';
import { type Platform, roleOf, type UnitRole } from './unit-role.ts';

/** What these sessions may do: nothing. They are never used. */
const NOTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
});
/** The shortest that AWS gives. */
const SECONDS = 900;

export interface UnitTrustDeps {
  readonly platform: Platform;
  /** Asked before every use. @throws CloudError `paused` */
  readonly mustBeOpen?: () => Promise<void>;
  readonly sts: STSClient;
  /** Told how AWS answered to the way in, and to those that must be closed. */
  readonly onAssumed?: (use: RoleUse) => Promise<void>;
}

/** Creates the probe. */
export function createUnitTrust({ sts, platform, mustBeOpen, onAssumed }: UnitTrustDeps): UnitTrust {
  interface Way {
    readonly externalId: string | undefined;
    readonly policy: string;
    readonly sourceIdentity?: string;
  }

  /** AWS answers the packed size of the policy; a refusal is a CloudError. */
  async function enter(unit: Unit, roleArn: string, way: Way): Promise<number | undefined> {
    try {
      const { PackedPolicySize } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: sessionName('check', unit.unitId),
          ExternalId: way.externalId,
          SourceIdentity: way.sourceIdentity,
          DurationSeconds: SECONDS,
          Policy: way.policy,
        }),
      );
      return PackedPolicySize;
    } catch (error) {
      throw toCloudError('AssumeRole', error);
    }
  }

  /** Whether it was granted; any other answer than yes and no is an error. */
  async function tried<T>(work: Promise<T>): Promise<{ readonly granted: T } | undefined> {
    try {
      return { granted: await work };
    } catch (error) {
      if (error instanceof CloudError && error.problem === 'trust_denied') return undefined;
      throw error;
    }
  }

  async function note(unit: Unit, outcome: string, more: Pick<RoleUse, 'sourceIdentity' | 'tried'> = {}) {
    const roleSessionName = sessionName('check', unit.unitId);
    await onAssumed?.({ unit, purpose: 'trust', forUserId: undefined, roleSessionName, outcome, ...more });
  }

  /** As it is entered for work: with a source identity if the role allows one. */
  async function enterAsForWork(unit: Unit, { roleArn, externalId }: UnitRole) {
    // The largest policy of all purposes, so that none can be too large later.
    const way = { externalId, policy: JSON.stringify(sessionPolicy({ kind: 'check' }, unit)) };
    try {
      const sourceIdentity = sourceIdentityOf(undefined);
      const named = await tried(enter(unit, roleArn, { ...way, sourceIdentity }));
      const policyPercent = named ? named.granted : await enter(unit, roleArn, way);
      return { policyPercent, sourceIdentity: named !== undefined };
    } catch (error) {
      await note(unit, error instanceof CloudError ? error.awsCode : 'error');
      throw error;
    }
  }

  return {
    async probe(unit) {
      await mustBeOpen?.();
      mustBeOneAccount(unit, 'AssumeRole');
      const role = roleOf(unit, platform);
      const found = await enterAsForWork(unit, role);
      if (role.externalId === undefined) {
        await note(unit, 'ok');
        return { ...found, open: [] };
      }
      const wrong = { externalId: `cloudmr-${randomBytes(24).toString('hex')}`, policy: NOTHING };
      const named = { ...wrong, sourceIdentity: sourceIdentityOf(undefined) };
      const [without, withWrong, withWrongNamed] = await Promise.all([
        tried(enter(unit, role.roleArn, { externalId: undefined, policy: NOTHING })),
        tried(enter(unit, role.roleArn, wrong)),
        // A trust policy may insist on a source identity, and on nothing else.
        found.sourceIdentity ? tried(enter(unit, role.roleArn, named)) : undefined,
      ]);
      const open: TrustFindings['open'][number][] = [];
      if (without) open.push('without an external ID');
      if (withWrong ?? withWrongNamed) open.push('with a wrong external ID');
      await note(unit, 'ok', {
        tried: {
          withoutExternalId: without ? 'granted' : 'refused',
          wrongExternalId: (withWrong ?? withWrongNamed) ? 'granted' : 'refused',
        },
      });
      return { ...found, open };
    },
  };
}
