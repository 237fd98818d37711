/**
 * Units that hold what people left there. A unit that a person shared goes with that person: when the owner's
 * account is disabled or deleted, nobody signs anything in the owner's AWS account any more. Cleaning up is not
 * asked here: whoever deletes a file of one's own may always do so.
 */
import type { Unit } from '../src/schemas/unit.ts';
import { isActiveUser } from './identity-change.ts';
import type { UserStore } from './ports.ts';
import type { UnitStore } from './unit-ports.ts';

/** The unit for this person now; undefined if it was removed, or if its owner is gone. */
export type UsableUnit = (userId: string, unitId: string) => Promise<Unit | undefined>;

/** Creates the look-up. */
export function createUsableUnit(deps: {
  units: Pick<UnitStore, 'get'>;
  users: Pick<UserStore, 'get'>;
}): UsableUnit {
  return async (userId, unitId) => {
    const unit = await deps.units.get(unitId);
    return unit && (unit.ownerId === userId || (await ownerIsThere(deps.users, unit))) ? unit : undefined;
  };
}

/** The units of the platform are nobody's own. */
export async function ownerIsThere(
  users: Pick<UserStore, 'get'>,
  { ownerId, mode }: Pick<Unit, 'ownerId' | 'mode'>,
): Promise<boolean> {
  return mode === 'mode_1' || isActiveUser(await users.get(ownerId));
}
