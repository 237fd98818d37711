/**
 * Computing units: register (upsert), list, remove. The broker issues the external ID before a stack is
 * deployed; a registration that cannot be used yet is stored as `pending` and says what is missing.
 */
import { AppError } from '../src/errors.ts';
import { accountOfArn, regionOfArn } from '../src/schemas/ids.ts';
import type { Mode, Unit } from '../src/schemas/unit.ts';
import { hashSecret } from './job-token.ts';
import {
  type Clock,
  CloudError,
  type Ids,
  type TokenStore,
  type UnitCloud,
  type UnitStore,
} from './ports.ts';
import type { Principal } from './principal.ts';

/** An external ID that was never used for a registration ends after this. */
const EXTERNAL_ID_LIFE_MS = 7 * 24 * 3_600_000;

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

export interface IssuedExternalId {
  externalId: string;
  /** The only principal that the role's trust policy should name. */
  brokerRoleArn: string;
  expiresAt: number;
}

export interface Units {
  /** A random external ID for one stack of this user. Not a secret, but chosen by the broker alone. */
  issueExternalId(who: Principal): Promise<IssuedExternalId>;
  register(
    who: Principal,
    registration: Registration,
  ): Promise<{ unit: Unit; action: 'created' | 'updated' }>;
  /** Own and shared units of an app; the one to use first comes first. */
  list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]>;
  get(who: Principal, unitId: string): Promise<Unit>;
  /** True if something was removed; removing twice is fine. */
  remove(
    who: Principal,
    which: { unitId: string } | { appId: string; stateMachineArn: string },
  ): Promise<boolean>;
  /** By id, then by mode, then the default of mode_1; only units this person may use. */
  choose(who: Principal, appId: string, wish: { unitId?: string; mode?: Mode }): Promise<Unit>;
}

export interface UnitsDeps {
  units: UnitStore;
  tokens: TokenStore;
  cloud: UnitCloud;
  clock: Clock;
  ids: Ids;
  hubAccountId: string;
  brokerRoleArn: string;
}

/** Creates the service of computing units. */
export function createUnits(deps: UnitsDeps): Units {
  const { units, tokens, cloud, clock, ids } = deps;

  async function list(who: Principal, appId: string, mode?: Mode): Promise<Unit[]> {
    const visible = await units.listVisible(who.userId, appId);
    return visible.filter((unit) => !mode || unit.mode === mode).sort(byPreference);
  }

  async function get(who: Principal, unitId: string): Promise<Unit> {
    const unit = await units.get(unitId);
    if (!unit || (unit.ownerId !== who.userId && !unit.isShared)) {
      throw new AppError('not_found', `no computing unit ${unitId}`);
    }
    return unit;
  }

  return {
    async issueExternalId(who) {
      // AWS allows letters, digits and +=,.@:/- ; no underscore, which base64url may contain.
      const externalId = `cloudmr-${ids.secret(24).replaceAll('_', '.')}`;
      const expiresAt = clock() + EXTERNAL_ID_LIFE_MS;
      await tokens.put({
        hash: hashSecret(externalId),
        kind: 'external_id',
        userId: who.userId,
        createdAt: clock(),
        expiresAt,
        attributes: {},
      });
      return { externalId, brokerRoleArn: deps.brokerRoleArn, expiresAt };
    },

    async register(who, registration) {
      mustBeConsistent(who, registration, deps.hubAccountId);
      const now = clock();
      const key = { ownerId: who.userId, ...registration };
      const existing = await units.findSame(key);
      const externalId = await acceptedExternalId(who, registration, existing);
      const shared = registration.mode === 'mode_1';
      const candidate: Unit = {
        unitId: existing?.unitId ?? ids.next(),
        ownerId: who.userId,
        appId: registration.appId,
        mode: registration.mode,
        provider: shared ? 'cloudmrhub' : 'user',
        alias: registration.alias ?? existing?.alias ?? (shared ? 'Mode 1' : 'Mode 2'),
        awsAccountId: registration.awsAccountId,
        region: registration.region,
        stateMachineArn: registration.stateMachineArn,
        resultsBucket: registration.resultsBucket,
        failedBucket: registration.failedBucket,
        dataBucket: registration.dataBucket,
        crossAccountRoleArn: registration.crossAccountRoleArn,
        externalId,
        isDefault: registration.isDefault ?? existing?.isDefault ?? shared,
        isShared: shared,
        status: 'pending',
        missing: [],
        createdAt: existing?.createdAt ?? now,
        updatedAt: now,
        version: (existing?.version ?? 0) + 1,
      };
      const missing = await whatIsMissing(candidate);
      const unit: Unit = { ...candidate, missing, status: missing.length === 0 ? 'ready' : 'pending' };
      const stored = await units.put(unit);
      if (stored === 'role_taken') {
        throw new AppError('already_exists', 'this role belongs to a computing unit of somebody else');
      }
      if (stored === 'conflict')
        throw new AppError('conflict', 'the computing unit was changed at the same time');
      cloud.forget(unit.unitId);
      return { unit, action: existing ? 'updated' : 'created' };
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
      const mode = wish.mode ?? 'mode_1';
      const [first] = await list(who, appId, mode);
      if (!first) throw new AppError('no_unit', `there is no computing unit for ${mode}`);
      return first;
    },
  };

  async function byStateMachine(
    who: Principal,
    which: { appId: string; stateMachineArn: string },
  ): Promise<Unit | undefined> {
    const mine = await units.listVisible(who.userId, which.appId);
    return mine.find((unit) => unit.ownerId === who.userId && unit.stateMachineArn === which.stateMachineArn);
  }

  /** The external ID of a unit is one that the broker issued to this person; anything else is ignored. */
  async function acceptedExternalId(
    who: Principal,
    registration: Registration,
    existing: Unit | undefined,
  ): Promise<string | undefined> {
    if (registration.mode === 'mode_1') return undefined;
    const offered = registration.externalId;
    if (!offered || offered === existing?.externalId) return existing?.externalId;
    const issued = await tokens.get(hashSecret(offered));
    const usable =
      issued?.kind === 'external_id' && issued.userId === who.userId && !issued.attributes['account'];
    const sameAccount =
      issued?.userId === who.userId && issued.attributes['account'] === registration.awsAccountId;
    if (!issued || !(usable || sameAccount)) return existing?.externalId;
    // Bound to the first account it is used for, and kept as long as the unit.
    await tokens.put({ ...issued, expiresAt: undefined, attributes: { account: registration.awsAccountId } });
    return offered;
  }

  /** What keeps a unit from running jobs, in words for its owner. */
  async function whatIsMissing(unit: Unit): Promise<string[]> {
    if (unit.mode === 'mode_2' && !unit.crossAccountRoleArn) {
      return ['crossAccountRoleArn: the role that the broker assumes in your account'];
    }
    if (unit.mode === 'mode_2' && !unit.externalId) {
      return [
        'externalId: an ID issued by this broker (POST /api/computing-unit/external-id), set in the stack',
      ];
    }
    try {
      await cloud.headObject(unit, { bucket: unit.resultsBucket, key: `${unit.appId}/probe` });
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem === 'trust_denied') {
        return ["trust: the role's trust policy does not let the broker's role in with this external ID"];
      }
      if (error.problem === 'unavailable' || error.problem === 'throttled') {
        throw new AppError('unavailable', 'the account of the computing unit does not answer');
      }
      if (error.problem !== 'not_found') {
        return [`resultsBucket: ${error.awsCode} when looking into ${unit.resultsBucket}`];
      }
    }
    return [];
  }
}

/** Default first, then ready before pending, then the newest. */
function byPreference(a: Unit, b: Unit): number {
  const rank = (unit: Unit): number => (unit.status === 'ready' ? 0 : 2) + (unit.isDefault ? 0 : 1);
  return rank(a) - rank(b) || b.createdAt - a.createdAt;
}

function mustBeConsistent(who: Principal, registration: Registration, hubAccountId: string): void {
  const wrong: string[] = [];
  const account = registration.awsAccountId;
  if (accountOfArn(registration.stateMachineArn) !== account) {
    wrong.push('stateMachineArn: belongs to another account than awsAccountId');
  }
  if (regionOfArn(registration.stateMachineArn) !== registration.region) {
    wrong.push('stateMachineArn: lies in another region than region');
  }
  const roleArn = registration.crossAccountRoleArn;
  if (roleArn && accountOfArn(roleArn) !== account) {
    wrong.push('crossAccountRoleArn: belongs to another account than awsAccountId');
  }
  if (registration.mode === 'mode_1') {
    if (who.role !== 'admin') throw new AppError('not_allowed', 'only administrators register Mode 1 units');
    if (account !== hubAccountId) wrong.push('awsAccountId: Mode 1 units run in the account of the platform');
    if (roleArn) wrong.push('crossAccountRoleArn: Mode 1 units have none');
  } else if (account === hubAccountId) {
    wrong.push('awsAccountId: Mode 2 units run in your own account, not in the one of the platform');
  }
  if (wrong.length > 0) {
    throw new AppError('invalid_request', wrong.join('; '), { details: { issues: wrong } });
  }
}
