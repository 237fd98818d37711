/**
 * Computing units over time: looked at on a schedule and before a launch, recovered by themselves, degraded
 * loudly. Every stored round is conditional on the version that was read, so several brokers may watch.
 */
import { AppError } from '../../src/errors.ts';
import type { Unit, UnitCheck } from '../../src/schemas/unit.ts';
import type { Audit } from '../audit/audit.ts';
import { createFailing } from '../clockwork/failing.ts';
import { inLanes } from '../clockwork/lanes.ts';
import { type Clock, CloudError, type Log, type UnitCloud, type UserStore } from '../ports.ts';
import type { Canary } from '../preflight/canary.ts';
import { failed, merged } from '../preflight/catalogue.ts';
import { isAway, type TrustChecks } from '../preflight/trust.ts';
import type { UnitStore } from './ports.ts';
import { isProven, isSamePlace, judged, mayRun } from './status.ts';
import { ownerIsThere } from './usable-units.ts';

/** A launch within this time of the last look at the role does not look again. */
const TRUST_LIFE_MS = 15 * 60_000;
/** Who looks at a unit holds it this long; afterwards another broker may. */
const LEASE_MS = 2 * 60_000;
/** The store is asked for due units this often. */
const POLL_MS = 5_000;
const BATCH = 20;
/** Side by side: an account that hangs holds up its own lane. */
const CONCURRENCY = 4;
/** How often a test job that is under way is looked at. */
const CANARY_POLL_MS = 2_000;
/** Test jobs follow a registration and failures of their own; otherwise the jobs of people show enough. */
const CANARY_RETRY_MS = 3_600_000;
/** After this it is asked again whether the owner of a unit is back. */
const OWNERLESS_PAUSE_MS = 3_600_000;
/** Rounds against others who change the same unit. */
const MAX_ROUNDS = 5;

export interface UnitWatch {
  /** Looks at all units that are due; returns how many. Never throws for a single unit; `beat` after each. */
  tick(beat?: () => void): Promise<number>;
  idleMs(): number;
  onWake(wake: () => void): void;
  /** The unit as it may be launched on: its role was looked at within 15 minutes, or is now. */
  forLaunch(unit: Unit): Promise<Unit>;
  /** Ends the test job of a unit that is removed, or is another one from now on. */
  dropTestJob(unit: Unit): Promise<void>;
  /** Looks at everything now; a test job is started too if wished. */
  recheck(unit: Unit, options?: { canary: boolean }): Promise<Unit>;
}

export interface UnitWatchDeps {
  units: UnitStore;
  users: Pick<UserStore, 'get'>;
  cloud: Pick<UnitCloud, 'forget'>;
  check: (unit: Unit) => Promise<UnitCheck[]>;
  checkTrust: TrustChecks;
  canary: Canary;
  audit: Pick<Audit, 'record'>;
  /** Whether this process looks at units that are due; another one does otherwise. Default: it does. */
  mine?: () => boolean;
  /** Looks for executions that nobody waits for, with every round of checks. */
  visit?: (unit: Unit) => Promise<void>;
  /** Brings forward the jobs that wait for a unit, if it is open. */
  goOn?: (unitId: string) => Promise<void>;
  clock: Clock;
  log: Log;
}

/** Creates the watch of one broker process. */
export function createUnitWatch(deps: UnitWatchDeps): UnitWatch {
  const { units, users, cloud, check, checkTrust, canary, audit, clock, log } = deps;
  const launching = new Map<string, Promise<Unit>>();
  const failing = createFailing(clock);
  let nextPoll = 0;
  let wake = (): void => {};

  /**
   * Stores what a round has found. If the unit was changed meanwhile, it is judged as it is now, so that no
   * finding is lost to a change of something else; one that names another place now was not looked at.
   * `stored`: undefined if the judgement is none of its business any more.
   */
  async function settle(
    unit: Unit,
    judge: (latest: Unit) => Unit | undefined,
  ): Promise<{ stored: Unit | undefined; now: Unit }> {
    let latest = unit;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const after = judge(latest);
      if (!after) return { stored: undefined, now: latest };
      const next = { ...after, version: latest.version + 1 };
      // A look that is due, after an opening perhaps, is put off by this: what it begins with comes first.
      if ((latest.nextCheckAt ?? Number.POSITIVE_INFINITY) <= clock()) await deps.goOn?.(unit.unitId);
      if ((await units.put(next)) === 'stored') {
        if (next.status !== latest.status) await tell(latest, next);
        return { stored: next, now: next };
      }
      const changed = await units.get(unit.unitId);
      if (!changed || !isSamePlace(changed, unit)) return { stored: undefined, now: changed ?? unit };
      latest = changed;
    }
    throw new AppError('conflict', 'the computing unit is being changed by too many at once');
  }

  async function tell(before: Unit, after: Unit): Promise<void> {
    const { unitId, ownerId, status, missing } = after;
    if (status !== 'ready') cloud.forget(unitId);
    const fields = { unitId, from: before.status, to: status, missing };
    if (status === 'ready') log.info(fields, 'a computing unit is ready again');
    else log.warn(fields, 'a computing unit cannot be used');
    await audit.record({
      ownerId,
      action: 'unit.status',
      subject: unitId,
      outcome: status,
      details: { from: before.status, ...(missing[0] ? { because: missing[0].slice(0, 300) } : {}) },
    });
    if (before.status === 'pending') await goOn(unitId);
  }

  /** What waited for the proof. If this fails the jobs look by themselves. */
  async function goOn(unitId: string): Promise<void> {
    try {
      await deps.goOn?.(unitId);
    } catch (error) {
      log.warn({ unitId, err: error }, 'jobs that wait could not be brought forward');
    }
  }

  async function round(unit: Unit, work: (unit: Unit) => Promise<UnitCheck[]>): Promise<UnitCheck[]> {
    try {
      return await work(unit);
    } catch (error) {
      if (!(error instanceof CloudError) || !isAway(error)) throw error;
      const where = `${error.operation} in ${unit.region}: ${error.awsCode}`;
      return [failed('reachable', `AWS does not answer for this account (${where})`, clock())];
    }
  }

  async function recheck(unit: Unit, { canary: wished } = { canary: false }): Promise<Unit> {
    if (!isProven(unit) || unit.paused) return unit;
    const found = await round(unit, check);
    const begins = wished && !unit.canary && found.every(({ status }) => status !== 'failed');
    if (begins) return withCanary(unit, found);
    return (await settle(unit, (latest) => judged(latest, found, clock()))).now;
  }

  /** Starts a test job, and stores it with what else was found. */
  async function withCanary(unit: Unit, checks: readonly UnitCheck[]): Promise<Unit> {
    let run: Unit['canary'];
    const found = await round(unit, async () => {
      const begun = await canary.begin(unit);
      run = begun.run;
      return begun.found;
    });
    const { stored, now } = await settle(unit, (latest) => {
      // Somebody else has begun one: theirs is looked at.
      if (latest.canary) return undefined;
      const at = clock();
      const canaryDueAt = run ? undefined : at + CANARY_RETRY_MS;
      const next = judged({ ...latest, canary: run, canaryDueAt }, [...checks, ...found], at);
      return run ? { ...next, nextCheckAt: at + CANARY_POLL_MS } : next;
    });
    if (run && !stored) await cleared(unit, run);
    wakeIn(CANARY_POLL_MS);
    return now;
  }

  async function lookAtCanary(unit: Unit, run: NonNullable<Unit['canary']>): Promise<void> {
    const found = await round(unit, async () => (await canary.look(unit, run)) ?? []);
    const ended = found.length > 0 && found.every(({ code }) => code !== 'reachable');
    if (!ended) {
      wakeIn(CANARY_POLL_MS);
      await settle(unit, (latest) => ({ ...latest, nextCheckAt: clock() + CANARY_POLL_MS }));
      return;
    }
    await settle(unit, (latest) => {
      if (latest.canary?.jobId !== run.jobId) return undefined;
      const now = clock();
      // Of stopping too, which was tried when the test job began.
      const known = merged(latest.checks, found).filter(({ code }) => code.startsWith('canary_'));
      const again = known.some(
        ({ code, status }) => status === 'failed' || (code === 'canary_run' && status === 'skipped'),
      );
      const canaryDueAt = again ? now + CANARY_RETRY_MS : undefined;
      return judged({ ...latest, canary: undefined, canaryDueAt }, found, now);
    });
    // Only now: what was found is stored, or is nobody's business any more.
    await cleared(unit, run);
  }

  /** Deletes what a test job has left. What cannot be deleted is in the log: no check depends on it. */
  async function cleared(unit: Unit, run: NonNullable<Unit['canary']>): Promise<void> {
    try {
      await canary.clear(unit, run);
    } catch (error) {
      log.warn({ unitId: unit.unitId, jobId: run.jobId, err: error }, 'a test job has left something behind');
    }
  }

  /** One due unit: held against other brokers, then looked at. */
  async function advance(unitId: string): Promise<void> {
    const unit = await units.get(unitId);
    if (!unit || unit.nextCheckAt === undefined || unit.nextCheckAt > clock()) return;
    if (unit.paused || !(await ownerIsThere(users, unit))) return leaveAlone(unit);
    // Before it is held: should this fail, it is tried again at once.
    await deps.goOn?.(unitId);
    const held = { ...unit, nextCheckAt: clock() + LEASE_MS, version: unit.version + 1 };
    if ((await units.put(held)) !== 'stored') return;
    if (held.canary) return lookAtCanary(held, held.canary);
    const now = await recheck(held, { canary: (held.canaryDueAt ?? Number.POSITIVE_INFINITY) <= clock() });
    if (mayRun(now)) await deps.visit?.(now);
  }

  /** An account is not entered while the owner of its unit is shut out; after a deletion, never again. */
  async function leaveAlone(unit: Unit): Promise<void> {
    const { unitId, ownerId } = unit;
    cloud.forget(unitId);
    if ((await users.get(ownerId))?.status === 'deleted') {
      await units.remove(unit);
      await audit.record({ ownerId, action: 'unit.remove', subject: unitId, outcome: 'the owner is gone' });
      return;
    }
    const nextCheckAt = clock() + OWNERLESS_PAUSE_MS;
    // In a conflict, who has changed it has also said when to look again.
    await units.put({ ...unit, nextCheckAt, version: unit.version + 1 });
  }

  function wakeIn(ms: number): void {
    nextPoll = Math.min(nextPoll, clock() + ms);
    wake();
  }

  async function trusted(unit: Unit): Promise<Unit> {
    try {
      const found = await checkTrust(unit);
      const { now } = await settle(unit, (latest) => {
        const next = judged(latest, found, clock());
        // The rest has not been looked at, so the next full round stays where it was.
        return next.status === 'ready'
          ? { ...next, nextCheckAt: latest.nextCheckAt ?? next.nextCheckAt }
          : next;
      });
      return now;
    } catch (error) {
      // Nothing is known, and the start itself will meet the same silence and try again.
      if (isAway(error)) return unit;
      throw error;
    }
  }

  return {
    async tick(beat) {
      const now = clock();
      if (now < nextPoll) return 0;
      nextPoll = now + POLL_MS;
      if (deps.mine?.() === false) return 0;
      const found = await units.dueForCheck(now, BATCH + failing.waiting());
      const due = found.filter(failing.mayTry);
      await inLanes(due, CONCURRENCY, async (unitId) => {
        try {
          await advance(unitId);
          failing.cleared(unitId);
        } catch (error) {
          failing.failed(unitId, error);
          log.error({ unitId, err: error }, 'the check of a computing unit failed');
        }
        beat?.();
      });
      return due.length;
    },

    idleMs: () => Math.max(0, nextPoll - clock()),
    onWake(callback) {
      wake = callback;
    },
    recheck,

    async dropTestJob(unit) {
      if (unit.canary) await cleared(unit, unit.canary);
    },

    async forLaunch(unit) {
      if (unit.mode === 'mode_1' || !isProven(unit) || unit.paused) return unit;
      const fresh = clock() - (unit.trustCheckedAt ?? 0) < TRUST_LIFE_MS;
      if (fresh && mayRun(unit)) return unit;
      // Many jobs of one unit at once ask once.
      const flight = launching.get(unit.unitId) ?? trusted(unit);
      launching.set(unit.unitId, flight);
      try {
        return await flight;
      } finally {
        launching.delete(unit.unitId);
      }
    },
  };
}
