/** The role through which the broker enters the account of a unit. No unit is worked on with the broker's own. */

import { CloudError } from '../../../services/ports.ts';
import { pausedError } from '../../../services/units/kill-switch.ts';
import { coversRole } from '../../../services/units/proven-resources.ts';
import { accountOfArn } from '../../schemas/ids.ts';
import type { Unit } from '../../schemas/unit.ts';

/** The account of the broker, the only one where units need no external ID. */
export interface Platform {
  readonly accountId: string;
  /** For Mode 1 units that name no role of their own. The broker's own role, if it may assume itself. */
  readonly mode1RoleArn: string;
}

export interface UnitRole {
  readonly roleArn: string;
  /** Undefined in the account of the platform. */
  readonly externalId: string | undefined;
}

/** @throws CloudError `trust_denied`, before anything is sent, for a unit that no role may be asked for. */
export function roleOf(unit: Unit, { accountId, mode1RoleArn }: Platform): UnitRole {
  if (unit.paused) throw pausedError('the use of the computing unit was stopped');
  const { crossAccountRoleArn, externalId } = unit;
  if (unit.mode === 'mode_1') {
    const roleArn = crossAccountRoleArn ?? mode1RoleArn;
    if (unit.awsAccountId === accountId && accountOfArn(roleArn) === accountId) {
      return { roleArn, externalId: undefined };
    }
    throw denied('NoRole', 'the computing unit is not in the account of the platform');
  }
  if (!crossAccountRoleArn) throw denied('NoRole', 'the computing unit names no role');
  if (!externalId) throw denied('NoExternalId', 'no external ID');
  return { roleArn: crossAccountRoleArn, externalId };
}

/** The role may be anybody's: it is entered for work only once it is proven. @throws CloudError `trust_denied` */
export function mustBeProven(unit: Unit): void {
  if (unit.mode === 'mode_1' || coversRole(unit.proof, unit)) return;
  throw denied('NoProof', 'nobody has proven that this role is theirs');
}

function denied(awsCode: string, message: string): CloudError {
  return new CloudError('trust_denied', 'AssumeRole', awsCode, message);
}
