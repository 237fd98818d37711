/**
 * Caps: fair use of Mode 1 per person, and what the owner of a unit allows on it, for all and per member.
 * A job is counted when it is accepted, in the transaction that stores it; who is at the limit of jobs at once
 * has those looked up that have ended since. So nothing needs to be written when a job ends.
 */
import { AppError } from '../../src/errors.ts';
import type { Limits, UnitLimits, Usage } from '../../src/schemas/limits.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { createLanes } from '../clockwork/lanes.ts';
import { isTerminal } from '../jobs/lifecycle.ts';
import type { Clock, JobStore, UsageStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { type Cap, excessOf } from './limit-excess.ts';

/** Writers of the same usage in other processes; more rounds than this mean a store that does not work. */
const MAX_ROUNDS = 12;

/** The clocks of processes differ by less. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** A job that is about to be stored. */
export interface Admission {
  readonly jobId: string;
  /** The most likely price. */
  readonly usd: number;
}

export interface LimitsService {
  /**
   * Calls `store` with the usages that must be written with the job. `store` answers `usage_changed` if they
   * have moved; then it is called again. Throws AppError limit_reached before anything is written.
   */
  admit<T>(
    who: Principal,
    unit: Unit,
    admission: Admission,
    store: (usages: Usage[]) => Promise<T | 'usage_changed'>,
  ): Promise<T>;
  /** What this person has used of every cap that counts on a unit, the strictest first as they are checked. */
  caps(who: Principal, unit: Unit): Promise<{ cap: Cap; usage: Usage }[]>;
  /** The caps of a unit; only for its owner. */
  ofUnit(who: Principal, unit: Unit): Promise<UnitLimits>;
  setForUnit(who: Principal, unit: Unit, limits: Pick<UnitLimits, 'all' | 'perMember'>): Promise<UnitLimits>;
}

export interface LimitsDeps {
  usage: UsageStore;
  jobs: Pick<JobStore, 'get'>;
  clock: Clock;
  /** What one person may use of Mode 1, and of a unit that somebody shares without saying how much. */
  fairUse: Limits;
}

/** Creates the service of caps. */
export function createLimits({ usage, jobs, clock, fairUse }: LimitsDeps): LimitsService {
  const lanes = createLanes();

  async function capsOf(who: Principal, unit: Unit): Promise<Cap[]> {
    const set = await usage.limitsOfUnit(unit.unitId);
    const guest = unit.ownerId !== who.userId;
    const caps: Cap[] = [];
    if (unit.mode === 'mode_1') caps.push({ scope: `user:${who.userId}`, kind: 'fair_use', limits: fairUse });
    if (guest && (set || unit.mode === 'mode_2')) {
      caps.push({
        scope: `unit:${unit.unitId}:user:${who.userId}`,
        kind: 'member',
        limits: set?.perMember ?? fairUse,
      });
    }
    if (set) caps.push({ scope: `unit:${unit.unitId}`, kind: 'unit', limits: set.all });
    return caps.filter(({ limits }) => Object.values(limits).some((limit) => limit !== undefined));
  }

  async function current(scope: string): Promise<Usage> {
    const month = monthOf(clock());
    const stored = await usage.get(scope);
    if (!stored) return { scope, month, jobs: 0, usd: 0, open: [], version: 0 };
    // Where another process has begun the next month, all go on in that.
    const counts = stored.month === month || stored.month === monthOf(clock() + CLOCKS_DIFFER_MS);
    return counts ? stored : { ...stored, month, jobs: 0, usd: 0 };
  }

  /** Without the jobs that have ended. */
  async function pruned(found: Usage): Promise<Usage> {
    const open = await Promise.all(
      found.open.map(async (jobId) => {
        const job = await jobs.get(jobId);
        return job && !isTerminal(job.state) ? [jobId] : [];
      }),
    );
    return { ...found, open: open.flat() };
  }

  /** The usage with one more job. */
  async function withOneMore(unit: Unit, cap: Cap, { jobId, usd }: Admission): Promise<Usage> {
    const { jobsAtOnce } = cap.limits;
    let found = await current(cap.scope);
    if (jobsAtOnce !== undefined && found.open.length >= jobsAtOnce) found = await pruned(found);
    const excess = excessOf(cap, found, usd, { mode: unit.mode, now: clock() });
    if (excess) throw new AppError('limit_reached', excess.message, { details: excess.details });
    return {
      ...found,
      jobs: found.jobs + 1,
      usd: found.usd + usd,
      open: jobsAtOnce === undefined ? [] : [...found.open.filter((id) => id !== jobId), jobId],
      version: found.version + 1,
    };
  }

  function mustOwn(who: Principal, unit: Unit): void {
    if (unit.ownerId !== who.userId) throw new AppError('not_found', `no computing unit ${unit.unitId}`);
  }

  return {
    async admit(who, unit, admission, store) {
      const caps = await capsOf(who, unit);
      // Submits of one person wait for each other here, instead of failing in each other's transactions.
      return lanes.within(
        caps.map(({ scope }) => scope),
        async () => {
          for (let round = 0; round < MAX_ROUNDS; round++) {
            const usages: Usage[] = [];
            for (const cap of caps) usages.push(await withOneMore(unit, cap, admission));
            const stored = await store(usages);
            if (stored !== 'usage_changed') return stored;
          }
          throw new AppError('unavailable', 'too many jobs are being submitted at once');
        },
      );
    },

    async caps(who, unit) {
      const caps = await capsOf(who, unit);
      return Promise.all(caps.map(async (cap) => ({ cap, usage: await pruned(await current(cap.scope)) })));
    },

    async ofUnit(who, unit) {
      mustOwn(who, unit);
      const set = await usage.limitsOfUnit(unit.unitId);
      return set ?? { unitId: unit.unitId, all: {}, perMember: fairUse, updatedAt: unit.updatedAt };
    },

    async setForUnit(who, unit, { all, perMember }) {
      mustOwn(who, unit);
      const set: UnitLimits = { unitId: unit.unitId, all, perMember, updatedAt: clock() };
      await usage.putLimitsOfUnit(set);
      return set;
    },
  };
}

/** The calendar month in UTC, as 2026-11. */
export function monthOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 7);
}
