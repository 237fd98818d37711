/** What a registration must be before anything is asked of AWS, and which unit comes first. Pure. */
import { AppError } from '../../src/errors.ts';
import { accountOfArn, partitionOf, regionOfArn } from '../../src/schemas/ids.ts';
import { isRegion } from '../../src/schemas/regions.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import type { Principal } from '../principal.ts';

/** A registration in its canonical form; the dialects of old callers are resolved at the door. */
export interface Registration {
  appId: string;
  mode: Mode;
  alias?: string;
  awsAccountId: string;
  region: string;
  stateMachineArn: string;
  resultsBucket: string;
  failedBucket: string;
  dataBucket: string;
  crossAccountRoleArn?: string;
  externalId?: string;
  isDefault?: boolean;
}

/** @throws AppError naming everything that does not fit together; not_allowed for Mode 1 by who is no administrator. */
export function mustBeConsistent(who: Principal, registration: Registration, hubAccountId: string): void {
  const wrong: string[] = [];
  const account = registration.awsAccountId;
  if (accountOfArn(registration.stateMachineArn) !== account) {
    wrong.push('stateMachineArn: belongs to another account than awsAccountId');
  }
  const misplaced = whereWrong(registration);
  wrong.push(...misplaced);
  const roleArn = registration.crossAccountRoleArn;
  if (roleArn && accountOfArn(roleArn) !== account) {
    wrong.push('crossAccountRoleArn: belongs to another account than awsAccountId');
  }
  if (roleArn && partitionOf(roleArn) !== partitionOf(registration.stateMachineArn)) {
    wrong.push('crossAccountRoleArn: lies in another partition than stateMachineArn');
  }
  if (registration.mode === 'mode_1') {
    if (who.role !== 'admin') throw new AppError('not_allowed', 'only administrators register Mode 1 units');
    if (account !== hubAccountId) wrong.push('awsAccountId: Mode 1 units run in the account of the platform');
  } else if (account === hubAccountId) {
    wrong.push('awsAccountId: Mode 2 units run in your own account, not in the one of the platform');
  }
  if (wrong.length > 0) {
    const remedy = misplaced.length > 0 ? REGION_REMEDY : undefined;
    throw new AppError('invalid_request', wrong.join('; '), { details: { issues: wrong }, remedy });
  }
}

const REGION_REMEDY =
  'Register with the region in which the stack was deployed: it stands in the ARN of the state machine, after arn:aws:states.';

/** What does not fit about the region. */
function whereWrong({ region, stateMachineArn }: Pick<Registration, 'region' | 'stateMachineArn'>): string[] {
  const wrong: string[] = [];
  if (!isRegion(partitionOf(stateMachineArn), region)) {
    wrong.push(`region: AWS has no region ${region} in the partition of stateMachineArn`);
  }
  if (regionOfArn(stateMachineArn) !== region) {
    wrong.push('stateMachineArn: lies in another region than region');
  }
  return wrong;
}

/** All that is given must hold. */
export interface UnitFilter {
  /** One's own alone, at the cost of these. */
  own?: boolean;
  mode?: Mode;
  /** A part of the alias or of the account's number, in any case. */
  search?: string;
}

/** True if the unit is one that a filter asks for. */
export function passes(unit: Unit, { mode, search }: Omit<UnitFilter, 'own'>): boolean {
  const text = `${unit.alias} ${unit.awsAccountId}`.toLowerCase();
  return (!mode || unit.mode === mode) && (!search || text.includes(search.toLowerCase()));
}

/** Default first, then ready before all others, then the newest. */
export function byPreference(a: Unit, b: Unit): number {
  const rank = (unit: Unit): number => (unit.status === 'ready' ? 0 : 2) + (unit.isDefault ? 0 : 1);
  return rank(a) - rank(b) || b.createdAt - a.createdAt;
}
