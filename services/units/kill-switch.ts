/**
 * Stops the broker's use of accounts at once: of one unit by its owner or an administrator (stored with the unit, which
 * every operation reads), of all units by an administrator (stored once, known to every broker within two seconds).
 * Nothing is asked of an account that is stopped, not even whether it is in order. URLs that were signed before end by
 * themselves within the hour; who wants them to end sooner revokes the sessions of the role in AWS.
 */
import { AppError } from '../../src/errors.ts';
import type { Switch } from '../../src/schemas/switch.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type UnitCloud } from '../ports.ts';
import { byUser, type Principal } from '../principal.ts';
import type { UnitStore } from './ports.ts';

export interface SwitchStore {
  get(): Promise<Switch | undefined>;
  put(next: Switch): Promise<void>;
}

export interface KillSwitch {
  /** For the adapters, before each use of an account. @throws CloudError `paused`, or `unavailable` if nobody knows. */
  mustBeOpen(): Promise<void>;
  /** Whether all units are stopped, since when and by whom. */
  state(): Promise<Switch>;
  /** Stops or opens all units; for administrators, whom the door admits. */
  setAll(who: Principal, stopped: boolean): Promise<Switch>;
  /** Stops one unit. Its owner may, and an administrator; for everybody else it is not there. */
  pause(who: Principal, unitId: string): Promise<Unit>;
  /** Opens it again. What an administrator has stopped only an administrator opens. */
  resume(who: Principal, unitId: string): Promise<Unit>;
}

/** Other brokers hear of a change within this time. */
const FRESH_MS = 2_000;
const OPEN: Switch = { stopped: false, at: 0, by: 'broker' };

/** Creates the switch of one broker process. */
export function createKillSwitch(deps: {
  store: SwitchStore;
  units: UnitStore;
  cloud: Pick<UnitCloud, 'forget'>;
  clock: Clock;
}): KillSwitch {
  const { store, units, cloud, clock } = deps;
  let known: { value: Switch; at: number } | undefined;
  let flight: Promise<Switch> | undefined;

  async function read(): Promise<Switch> {
    try {
      const value = (await store.get()) ?? OPEN;
      known = { value, at: clock() };
      return value;
    } finally {
      flight = undefined;
    }
  }

  async function state(): Promise<Switch> {
    if (known && clock() - known.at < FRESH_MS) return known.value;
    flight ??= read();
    return flight;
  }

  async function change(
    who: Principal,
    unitId: string,
    decide: (unit: Unit) => Unit['paused'],
  ): Promise<Unit> {
    const unit = await units.get(unitId);
    if (!unit || (unit.ownerId !== who.userId && who.role !== 'admin')) {
      throw new AppError('not_found', `no computing unit ${unitId}`);
    }
    const paused = decide(unit);
    if (paused?.at === unit.paused?.at) return unit;
    // Looked at as soon as it is open: much may have happened meanwhile.
    const nextCheckAt = paused || unit.nextCheckAt === undefined ? unit.nextCheckAt : clock();
    const next = { ...unit, paused, nextCheckAt, updatedAt: clock(), version: unit.version + 1 };
    if ((await units.put(next)) !== 'stored') {
      throw new AppError('conflict', 'the computing unit was changed at the same time');
    }
    cloud.forget(unitId);
    return next;
  }

  return {
    state,
    async mustBeOpen() {
      let now: Switch;
      try {
        now = await state();
      } catch {
        throw new CloudError(
          'unavailable',
          'AssumeRole',
          'Unknown',
          'nobody knows whether accounts may be entered',
        );
      }
      if (now.stopped) throw pausedError('an administrator has stopped all computing units');
    },
    async setAll(who, stopped) {
      const value = { stopped, at: clock(), by: byUser(who) };
      await store.put(value);
      known = { value, at: clock() };
      return value;
    },
    pause(who, unitId) {
      return change(who, unitId, (unit) => {
        const by = unit.ownerId === who.userId ? 'owner' : 'administrator';
        // Who has less to say does not take the place of who has more.
        return unit.paused && (unit.paused.by === by || by === 'owner') ? unit.paused : { at: clock(), by };
      });
    },
    resume(who, unitId) {
      return change(who, unitId, ({ paused }) => {
        if (paused?.by !== 'administrator' || who.role === 'admin') return undefined;
        throw new AppError('unit_paused', 'an administrator has stopped this computing unit', {
          remedy: 'Ask an administrator to open it again.',
        });
      });
    },
  };
}

/** Nothing may be asked of the account now. */
export function pausedError(message: string): CloudError {
  return new CloudError('paused', 'AssumeRole', 'Paused', message);
}
