/**
 * Computing units: register (upsert), list, choose, share, remove. The broker issues the external ID before a
 * stack is deployed; a registration that cannot be used yet is stored as `pending` and says what is missing.
 */
import { AppError } from '../src/errors.ts';
import type { Mode, Unit } from '../src/schemas/unit.ts';
import type { ExternalIds, IssuedExternalId } from './external-ids.ts';
import type { Challenge, Ownership } from './ownership.ts';
import type { UnitCloud, UnitStore } from './ports.ts';
import type { Principal } from './principal.ts';
import type { SignedIdentity } from './unit-ports.ts';
import type { Register, Registered, UnitChange } from './units-register.ts';
import { byPreference, type Registration } from './units-rules.ts';

export interface Units {
  /** A random external ID for one stack of this user. Not a secret, but chosen by the broker alone. */
  issueExternalId(who: Principal): Promise<IssuedExternalId>;
  /** What to sign to show that an account is one's own, with an external ID for its stack. */
  challenge(who: Principal, unitId?: string): Promise<Challenge & IssuedExternalId>;
  register(who: Principal, registration: Registration, signed?: SignedIdentity): Promise<Registered>;
  enrol(enrolmentCode: string, registration: Registration, signed: SignedIdentity): Promise<Registered>;
  update(who: Principal, unitId: string, change: UnitChange, signed?: SignedIdentity): Promise<Unit>;
  /** Own and shared units of an app; the one to use first comes first. */
  list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]>;
  get(who: Principal, unitId: string): Promise<Unit>;
  /** True if something was removed; removing twice is fine. */
  remove(
    who: Principal,
    which: { unitId: string } | { appId: string; stateMachineArn: string },
  ): Promise<boolean>;
  /** By id, then by mode, then one's own default, then mode_1; only units this person may use. */
  choose(who: Principal, appId: string, wish: { unitId?: string; mode?: Mode }): Promise<Unit>;
}

export interface UnitsDeps {
  units: UnitStore;
  cloud: Pick<UnitCloud, 'forget'>;
  registering: Register;
  ownership: Ownership;
  externalIds: ExternalIds;
}

/** Creates the service of computing units. */
export function createUnits(deps: UnitsDeps): Units {
  const { units, cloud, registering, ownership, externalIds } = deps;

  async function list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]> {
    const visible = await units.listVisible(who.userId, appId);
    return visible.filter((unit) => !mode || unit.mode === mode).sort(byPreference);
  }

  async function get(who: Principal, unitId: string): Promise<Unit> {
    const unit = await units.get(unitId);
    if (!unit || !mayUse(who, unit)) throw notFound(unitId);
    return unit;
  }

  /** The unit of an owner; for everybody else it is not there. */
  async function owned(who: Principal, unitId: string): Promise<Unit> {
    const unit = await units.get(unitId);
    if (!unit || unit.ownerId !== who.userId) throw notFound(unitId);
    return unit;
  }

  async function byStateMachine(
    who: Principal,
    which: { appId: string; stateMachineArn: string },
  ): Promise<Unit | undefined> {
    const mine = await units.listVisible(who.userId, which.appId);
    return mine.find((unit) => unit.ownerId === who.userId && unit.stateMachineArn === which.stateMachineArn);
  }

  return {
    issueExternalId: (who) => externalIds.issue(who.userId),

    async challenge(who, unitId) {
      const unit = unitId === undefined ? undefined : await owned(who, unitId);
      const issued = await externalIds.issue(who.userId);
      const challenge = await ownership.challenge(who.userId);
      return { ...issued, ...challenge, externalId: unit?.externalId ?? issued.externalId };
    },

    register: registering.register,
    enrol: registering.enrol,
    async update(who, unitId, change, signed) {
      return registering.update(who, await owned(who, unitId), change, signed);
    },

    list,
    get,

    async remove(who, which) {
      const unit = 'unitId' in which ? await units.get(which.unitId) : await byStateMachine(who, which);
      if (!unit || unit.ownerId !== who.userId) return false;
      await units.remove(unit);
      cloud.forget(unit.unitId);
      return true;
    },

    async choose(who, appId, wish) {
      if (wish.unitId) return get(who, wish.unitId);
      const visible = await list(who, appId, wish.mode);
      const own = visible.find((unit) => unit.ownerId === who.userId && unit.isDefault);
      const first = wish.mode ? visible[0] : (own ?? visible.find((unit) => unit.mode === 'mode_1'));
      if (!first) throw new AppError('no_unit', `there is no computing unit for ${wish.mode ?? 'mode_1'}`);
      return first;
    },
  };
}

function mayUse(who: Principal, unit: Unit): boolean {
  return unit.ownerId === who.userId || unit.isShared || (unit.sharedWith ?? []).includes(who.userId);
}

function notFound(unitId: string): AppError {
  return new AppError('not_found', `no computing unit ${unitId}`);
}
