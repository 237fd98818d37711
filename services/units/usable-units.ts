/**
 * Units that hold what people left there, and who may still have something done in them. A unit is its owner's:
 * when it is shared with a person no longer, or when the owner's account is disabled or deleted, nothing is signed
 * or started in the owner's AWS account for others any more. Cleaning up is not asked here: whoever deletes a file
 * of one's own may always do so.
 */
import type { Unit } from '../../src/schemas/unit.ts';
import { isActiveUser } from '../identity/change.ts';
import type { UserStore } from '../ports.ts';
import type { UnitStore } from './ports.ts';

/** The unit for this person now; undefined if it was removed, not shared any more, or if its owner is gone. */
export type UsableUnit = (userId: string, unitId: string) => Promise<Unit | undefined>;

/** Creates the look-up. */
export function createUsableUnit(deps: {
  units: Pick<UnitStore, 'get'>;
  users: Pick<UserStore, 'get'>;
}): UsableUnit {
  return async (userId, unitId) => {
    const unit = await deps.units.get(unitId);
    if (!unit || !mayUse(userId, unit)) return undefined;
    return unit.ownerId === userId || (await ownerIsThere(deps.users, unit)) ? unit : undefined;
  };
}

/** Its owner, everybody for a unit of the platform, and those it is shared with. */
export function mayUse(userId: string, { ownerId, isShared, sharedWith = [] }: Unit): boolean {
  return ownerId === userId || isShared || sharedWith.includes(userId);
}

/** The units of the platform are nobody's own. */
export async function ownerIsThere(
  users: Pick<UserStore, 'get'>,
  { ownerId, mode }: Pick<Unit, 'ownerId' | 'mode'>,
): Promise<boolean> {
  return mode === 'mode_1' || isActiveUser(await users.get(ownerId));
}
