/**
 * Registration of computing units: an upsert that ends in a stored unit with what was found. Nothing is asked
 * of an account before its owner is proven, and a role that lets in whoever asks is refused.
 */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import { isActiveUser } from '../identity/change.ts';
import { tooMany } from '../limits/allowances.ts';
import type { Clock, Ids, UnitCloud, UserStore } from '../ports.ts';
import { failed } from '../preflight/catalogue.ts';
import { isAway } from '../preflight/trust.ts';
import type { Principal } from '../principal.ts';
import type { ExternalIds } from './external-ids.ts';
import { challengeUsed, type Ownership } from './ownership.ts';
import type { SignedIdentity, UnitStore } from './ports.ts';
import { covers } from './proven-resources.ts';
import { mustBeConsistent, type Registration } from './rules.ts';
import { isProven, judged } from './status.ts';
import type { UnitWatch } from './watch.ts';

/** The test jobs come a little later: a registration is quick, and a first job does not wait for them. */
export const CANARY_DELAY_MS = 60_000;

export interface Registered {
  unit: Unit;
  action: 'created' | 'updated';
}

/** What of a unit its owner may change without registering it again. */
export type UnitChange = Partial<
  Pick<
    Registration,
    | 'alias'
    | 'stateMachineArn'
    | 'resultsBucket'
    | 'failedBucket'
    | 'dataBucket'
    | 'crossAccountRoleArn'
    | 'externalId'
  >
>;

export interface Register {
  register(who: Principal, registration: Registration, signed?: SignedIdentity): Promise<Registered>;
  /** The same by the one-time code of a challenge: for a stack, which has nobody's password. */
  enrol(enrolmentCode: string, registration: Registration, signed: SignedIdentity): Promise<Registered>;
  /** The unit as its owner wants it now; a change of role, machine or bucket asks for another proof. */
  update(who: Principal, unit: Unit, change: UnitChange, signed?: SignedIdentity): Promise<Unit>;
}

export interface RegisterDeps {
  units: UnitStore;
  users: Pick<UserStore, 'get'>;
  cloud: Pick<UnitCloud, 'forget'>;
  ownership: Ownership;
  externalIds: ExternalIds;
  watch: Pick<UnitWatch, 'dropTestJob'>;
  /** All checks that need no test job. @throws CloudError if AWS does not answer. */
  check: (unit: Unit) => Promise<UnitCheck[]>;
  clock: Clock;
  ids: Ids;
  hubAccountId: string;
}

/** Creates the registration. */
export function createRegister(deps: RegisterDeps): Register {
  const { units, cloud, ownership, externalIds, clock, ids, hubAccountId } = deps;

  async function settle(
    who: Principal,
    wanted: Unit,
    existing: Unit | undefined,
    offeredId: string | undefined,
    signed: SignedIdentity | undefined,
  ): Promise<Unit> {
    const kept = covers(existing?.proof, wanted) ? existing?.proof : undefined;
    const shown =
      wanted.mode === 'mode_2' && signed ? await ownership.prove(who.userId, wanted, signed) : undefined;
    // Who has shown nothing hears nothing of what others have registered: every such answer is alike.
    if (shown?.roleArn) await mustNotBeTaken(who, shown.roleArn);
    const proof = shown ?? kept;
    const externalId =
      wanted.mode === 'mode_1' ? undefined : await externalIds.chosen(who, offeredId, wanted, existing);
    const sameResources = existing !== undefined && covers(proof, existing);
    const candidate: Unit = {
      ...wanted,
      externalId,
      proof,
      // What was found of other resources says nothing of these.
      checks: [],
      lastValidatedAt: sameResources || wanted.mode === 'mode_1' ? existing?.lastValidatedAt : undefined,
      canaryDueAt: clock() + CANARY_DELAY_MS,
      canary: undefined,
      version: (existing?.version ?? 0) + 1,
    };
    const unit = judged(candidate, await findings(candidate), clock());
    const stored = await units.put(unit, MOST_HELD.units);
    if (stored === 'full') throw tooMany('units');
    if (stored === 'role_taken') throw taken();
    if (stored === 'conflict')
      throw new AppError('conflict', 'the computing unit was changed at the same time');
    if (proof && externalId) await externalIds.bind(externalId, unit.awsAccountId);
    if (existing) await deps.watch.dropTestJob(existing);
    cloud.forget(unit.unitId);
    return unit;
  }

  async function mustNotBeTaken(who: Principal, roleArn: string): Promise<void> {
    const holder = await units.roleHolder(roleArn);
    if (holder !== undefined && holder !== who.userId) throw taken();
  }

  async function findings(unit: Unit): Promise<UnitCheck[]> {
    const incomplete = whatIsIncomplete(unit, clock());
    if (incomplete.length > 0) return incomplete;
    try {
      const found = await deps.check(unit);
      const unsafe = found.find(
        (check) => check.code === 'external_id_required' && check.status === 'failed',
      );
      if (unsafe) {
        throw new AppError('trust_unsafe', `the registration is refused: ${unsafe.evidence}`, {
          details: { policy: unsafe.policy },
        });
      }
      return found;
    } catch (error) {
      if (!isAway(error)) throw error;
      throw new AppError('unavailable', 'the account of the computing unit does not answer');
    }
  }

  async function register(
    who: Principal,
    registration: Registration,
    signed?: SignedIdentity,
  ): Promise<Registered> {
    mustBeConsistent(who, registration, hubAccountId);
    const existing = await units.findSame({ ownerId: who.userId, ...registration });
    const { externalId, ...wanted } = registration;
    const unit = await settle(who, canonical(who, wanted, existing), existing, externalId, signed);
    return { unit, action: existing ? 'updated' : 'created' };
  }

  function canonical(
    who: Principal,
    wanted: Omit<Registration, 'externalId'>,
    existing: Unit | undefined,
  ): Unit {
    const now = clock();
    const shared = wanted.mode === 'mode_1';
    return {
      ...existing,
      ...wanted,
      unitId: existing?.unitId ?? ids.next(),
      ownerId: who.userId,
      provider: shared ? 'cloudmrhub' : 'user',
      alias: wanted.alias ?? existing?.alias ?? (shared ? 'Mode 1' : 'Mode 2'),
      crossAccountRoleArn: wanted.crossAccountRoleArn,
      isDefault: wanted.isDefault ?? existing?.isDefault ?? shared,
      isShared: shared,
      status: existing?.status ?? 'pending',
      missing: [],
      createdAt: existing?.createdAt ?? now,
      updatedAt: now,
      version: existing?.version ?? 0,
    };
  }

  return {
    register,

    async enrol(enrolmentCode, registration, signed) {
      const userId = await ownership.enrolling(enrolmentCode, signed);
      // Nobody is signed in here: the code is worth no more than the account it was given to.
      if (!isActiveUser(await deps.users.get(userId))) throw challengeUsed();
      const done = await register({ userId, role: 'user' }, registration, signed);
      await ownership.enrolled(enrolmentCode, userId, done.unit.unitId);
      return done;
    },

    async update(who, unit, change, signed) {
      const { externalId, ...rest } = change;
      const wanted = { ...unit, ...rest };
      mustBeConsistent(who, wanted, hubAccountId);
      return settle(who, wanted, unit, externalId, signed);
    },
  };
}

/** What must be there before the account is entered at all. */
function whatIsIncomplete(unit: Unit, at: number): UnitCheck[] {
  if (unit.mode === 'mode_1') return [];
  const found: UnitCheck[] = [];
  if (!isProven(unit)) {
    const evidence = `nobody has shown yet that account ${unit.awsAccountId} is theirs`;
    found.push(failed('ownership_proof', evidence, at));
  }
  if (!unit.crossAccountRoleArn || !unit.externalId) {
    const names = [
      ...(unit.crossAccountRoleArn ? [] : ['crossAccountRoleArn, the role that the broker assumes']),
      ...(unit.externalId ? [] : ['externalId, issued by this broker and required by the role']),
    ];
    found.push(failed('registration', `missing: ${names.join('; ')}`, at));
  }
  return found;
}

function taken(): AppError {
  return new AppError('already_exists', 'this role belongs to a computing unit of somebody else');
}
