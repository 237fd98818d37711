/**
 * Computing units: register (upsert), list, choose, share, remove. The broker issues the external ID before a
 * stack is deployed; a registration that cannot be used yet is stored as `pending` and says what is missing.
 */
import { AppError } from '../../src/errors.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import type { Clock, Page, UnitCloud, UserStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { ExternalIds, IssuedExternalId } from './external-ids.ts';
import type { Challenge, Ownership } from './ownership.ts';
import type { SignedIdentity, UnitStore } from './ports.ts';
import type { Register, Registered, UnitChange } from './register.ts';
import { byPreference, passes, type Registration, type UnitFilter } from './rules.ts';
import { mayRun } from './status.ts';
import { mayUse, ownerIsThere } from './usable-units.ts';
import type { UnitWatch } from './watch.ts';

/** People a unit may be shared with. */
const MAX_MEMBERS = 50;
/** Pages that one request for a page of a filtered list looks through. */
const MAX_READS = 10;
/** A unit that cannot run jobs is looked at again for a submit, but not more often than this. */
const RECHECK_PAUSE_MS = 15_000;
/** While AWS does not answer for a unit, new jobs wait in its queue for this long; then they are refused at once. */
const PATIENCE_MS = 2 * 60_000;
/** It is looked at this often meanwhile (unit-status.ts). */
const RETRY_SECONDS = 60;
/** Where the units of people are. If they named other apps, the schedule finds those (unit-watch.ts). */
const APP = 'mroptimum';

export interface Units {
  /** A random external ID for one stack of this user. Not a secret, but chosen by the broker alone. */
  issueExternalId(who: Principal): Promise<IssuedExternalId>;
  /** What to sign to show that an account is one's own, with an external ID for its stack. */
  challenge(who: Principal, unitId?: string): Promise<Challenge & IssuedExternalId>;
  register(who: Principal, registration: Registration, signed?: SignedIdentity): Promise<Registered>;
  enrol(enrolmentCode: string, registration: Registration, signed: SignedIdentity): Promise<Registered>;
  /**
   * The stack that enrolled a unit is being deleted: the unit goes, if it still is that stack's. Undefined if the
   * code has brought nothing in, or has done this before.
   */
  withdraw(enrolmentCode: string, stateMachineArn: string): Promise<Unit | undefined>;
  update(who: Principal, unitId: string, change: UnitChange, signed?: SignedIdentity): Promise<Unit>;
  /** Own and shared units of an app; the one to use first comes first. */
  list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]>;
  /**
   * The same a page at a time: those of the platform, those shared with this person, their own; each newest first. Its
   * cost is that of the page. A page may hold fewer than `limit` although more follow.
   */
  page(
    who: Principal,
    appId: string,
    options: { limit: number; cursor?: string } & UnitFilter,
  ): Promise<Page<Unit>>;
  get(who: Principal, unitId: string): Promise<Unit>;
  /** True if something was removed; removing twice is fine. */
  remove(
    who: Principal,
    which: { unitId: string } | { appId: string; stateMachineArn: string },
  ): Promise<boolean>;
  /**
   * Removes the units of a person who is gone, and frees their roles; the units of the platform stay. The account
   * is not entered, and jobs under way there come to their end.
   */
  removeAll(ownerId: string): Promise<Unit[]>;
  /** One's own default from now on; the others of its mode are it no longer. */
  setDefault(who: Principal, unitId: string): Promise<Unit>;
  /** Lets another person run jobs here, or no longer. `person`: e-mail address or id. */
  share(who: Principal, unitId: string, person: string): Promise<Unit>;
  unshare(who: Principal, unitId: string, person: string): Promise<Unit>;
  /** Runs all checks now and starts the test job; its findings follow in the unit. */
  preflight(who: Principal, unitId: string): Promise<Unit>;
  /** The unit with its findings, for its owner. */
  report(who: Principal, unitId: string): Promise<Unit>;
  /**
   * By id, then by mode, then one's own default, then mode_1; only units this person may use. A unit that could
   * not run jobs is looked at again first. @throws AppError unit_not_ready if it still cannot.
   */
  choose(who: Principal, appId: string, wish: { unitId?: string; mode?: Mode }): Promise<Unit>;
}

export interface UnitsDeps {
  units: UnitStore;
  users: Pick<UserStore, 'get' | 'findByEmail'>;
  watch: Pick<UnitWatch, 'recheck' | 'dropTestJob'>;
  clock: Clock;
  cloud: Pick<UnitCloud, 'forget'>;
  registering: Register;
  ownership: Ownership;
  externalIds: ExternalIds;
}

/** Creates the service of computing units. */
export function createUnits(deps: UnitsDeps): Units {
  const { units, users, cloud, registering, ownership, externalIds, watch, clock } = deps;

  async function list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]> {
    const visible = await units.listVisible(who.userId, appId);
    const wanted = visible.filter((unit) => !mode || unit.mode === mode);
    const usableNow = await Promise.all(wanted.map((unit) => isThereFor(who, unit)));
    return wanted.filter((_, i) => usableNow[i]).sort(byPreference);
  }

  async function page(
    who: Principal,
    appId: string,
    { limit, cursor, own, ...filter }: { limit: number; cursor?: string } & UnitFilter,
  ): Promise<Page<Unit>> {
    const items: Unit[] = [];
    let next = cursor;
    // Never more than is still wanted, so that the cursor always stands right behind the last one shown.
    for (let read = 0; read < MAX_READS && items.length < limit; read++) {
      const found = await units.pageVisible(who.userId, appId, {
        limit: limit - items.length,
        cursor: next,
        own,
        mode: filter.mode,
      });
      const wanted = found.items.filter((unit) => passes(unit, filter));
      const usableNow = await Promise.all(wanted.map((unit) => isThereFor(who, unit)));
      items.push(...wanted.filter((_, i) => usableNow[i]));
      next = found.cursor;
      if (next === undefined) break;
    }
    return { items, cursor: next };
  }

  async function get(who: Principal, unitId: string): Promise<Unit> {
    const unit = await units.get(unitId);
    if (!unit || !(await isThereFor(who, unit))) throw notFound(unitId);
    return unit;
  }

  /** What a person shared goes with that person: while the owner is away, it is there for nobody else. */
  async function isThereFor({ userId }: Principal, unit: Unit): Promise<boolean> {
    return unit.ownerId === userId || (mayUse(userId, unit) && ownerIsThere(users, unit));
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

  /** Stores a change of a unit that no check depends on. */
  async function changed(unit: Unit, change: Partial<Unit>): Promise<Unit> {
    const next = { ...unit, ...change, updatedAt: clock(), version: unit.version + 1 };
    if ((await units.put(next)) === 'stored') return next;
    throw new AppError('conflict', 'the computing unit was changed at the same time');
  }

  async function personOf(person: string): Promise<string> {
    const user = person.includes('@') ? await users.findByEmail(person) : await users.get(person);
    if (user?.status !== 'active') throw new AppError('not_found', 'there is no such active account');
    return user.userId;
  }

  async function usable(unit: Unit): Promise<Unit> {
    if (unit.paused) throw new AppError('unit_paused', `the use of "${unit.alias}" was stopped`);
    const stale = clock() - unit.updatedAt > RECHECK_PAUSE_MS;
    const now = mayRun(unit) || !stale ? unit : await watch.recheck(unit);
    const away = now.status === 'unreachable' ? clock() - (now.statusSince ?? clock()) : 0;
    if (away > PATIENCE_MS) throw unreachable(now);
    if (mayRun(now)) return now;
    throw new AppError('unit_not_ready', `the computing unit "${now.alias}" cannot run jobs`, {
      details: { computingUnitId: now.unitId, status: now.status, missing: now.missing },
    });
  }

  async function onlyDefault(unit: Unit): Promise<void> {
    const others = await list({ userId: unit.ownerId, role: 'user' }, unit.appId, unit.mode);
    for (const other of others) {
      if (other.ownerId !== unit.ownerId || other.unitId === unit.unitId || !other.isDefault) continue;
      await changed(other, { isDefault: false });
    }
  }

  async function removed(unit: Unit): Promise<boolean> {
    await units.remove(unit);
    await watch.dropTestJob(unit);
    cloud.forget(unit.unitId);
    return true;
  }

  async function withOneDefault(done: Promise<Registered>): Promise<Registered> {
    const registered = await done;
    if (registered.unit.isDefault) await onlyDefault(registered.unit);
    return registered;
  }

  return {
    issueExternalId: (who) => externalIds.issue(who.userId),

    async challenge(who, unitId) {
      const unit = unitId === undefined ? undefined : await owned(who, unitId);
      const externalId = unit?.externalId ?? (await externalIds.issue(who.userId)).externalId;
      const { brokerRoleArn } = externalIds;
      return { ...(await ownership.challenge(who.userId)), externalId, brokerRoleArn };
    },

    register: (who, registration, signed) => withOneDefault(registering.register(who, registration, signed)),
    enrol: (code, registration, signed) => withOneDefault(registering.enrol(code, registration, signed)),

    async withdraw(enrolmentCode, stateMachineArn) {
      const enrolled = await ownership.withdrawing(enrolmentCode);
      const unit = enrolled && (await units.get(enrolled.unitId));
      if (!unit || unit.ownerId !== enrolled.userId || unit.stateMachineArn !== stateMachineArn)
        return undefined;
      return (await removed(unit)) ? unit : undefined;
    },

    async update(who, unitId, change, signed) {
      return registering.update(who, await owned(who, unitId), change, signed);
    },

    list,
    page,
    get,

    async remove(who, which) {
      const unit = 'unitId' in which ? await units.get(which.unitId) : await byStateMachine(who, which);
      return unit?.ownerId === who.userId && removed(unit);
    },

    async removeAll(ownerId) {
      const removed: Unit[] = [];
      for (const unit of await units.listVisible(ownerId, APP)) {
        if (unit.ownerId !== ownerId || unit.mode === 'mode_1') continue;
        await units.remove(unit);
        cloud.forget(unit.unitId);
        removed.push(unit);
      }
      return removed;
    },

    async setDefault(who, unitId) {
      const unit = await owned(who, unitId);
      const stored = unit.isDefault ? unit : await changed(unit, { isDefault: true });
      await onlyDefault(stored);
      return stored;
    },

    async share(who, unitId, person) {
      const unit = await owned(who, unitId);
      if (unit.isShared) throw new AppError('conflict', 'this unit is shared with everybody');
      const userId = await personOf(person);
      const members = unit.sharedWith ?? [];
      if (userId === who.userId || members.includes(userId)) return unit;
      if (members.length >= MAX_MEMBERS) {
        throw new AppError('conflict', `a unit is shared with at most ${MAX_MEMBERS} people`);
      }
      return changed(unit, { sharedWith: [...members, userId] });
    },

    async unshare(who, unitId, person) {
      const unit = await owned(who, unitId);
      // Somebody who has no account any more is named by the id.
      const userId = person.includes('@') ? await personOf(person) : person;
      const left = (unit.sharedWith ?? []).filter((id) => id !== userId);
      return left.length === unit.sharedWith?.length ? unit : changed(unit, { sharedWith: left });
    },

    async preflight(who, unitId) {
      return watch.recheck(await owned(who, unitId), { canary: true });
    },

    report: owned,

    async choose(who, appId, wish) {
      if (wish.unitId) return usable(await get(who, wish.unitId));
      const visible = await list(who, appId, wish.mode);
      const own = visible.find((unit) => unit.ownerId === who.userId && unit.isDefault);
      const first = wish.mode ? visible[0] : (own ?? visible.find((unit) => unit.mode === 'mode_1'));
      if (!first) throw new AppError('no_unit', `there is no computing unit for ${wish.mode ?? 'mode_1'}`);
      return usable(first);
    },
  };
}

function notFound(unitId: string): AppError {
  return new AppError('not_found', `no computing unit ${unitId}`);
}

/** An outage of AWS: refused without asking it, because everybody who waits for it would hold up the others. */
function unreachable({ unitId, alias, region, statusSince }: Unit): AppError {
  return new AppError('unavailable', `AWS (${region}) does not answer for the computing unit "${alias}"`, {
    remedy: 'Try again after Retry-After, or use a computing unit in another region.',
    details: { computingUnitId: unitId, region, since: statusSince, retryAfterSeconds: RETRY_SECONDS },
  });
}
