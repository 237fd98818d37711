/**
 * Jobs that wait because their unit is closed. Each looks at it again by itself, ever more seldom; and each is in a list
 * of its unit, so that whoever opens the unit brings them forward: at a bounded cost, whatever else the table holds.
 */
import type { FailureCode } from '../../src/schemas/failures.ts';
import type { Job } from '../../src/schemas/job.ts';
import { D_JOB_MS, D_OPEN_MANY_MS } from '../clockwork/deadlines.ts';
import { passes } from '../clockwork/failing.ts';
import { inLanes } from '../clockwork/lanes.ts';
import type { Clock, Log } from '../ports.ts';
import type { KillSwitch } from '../units/kill-switch.ts';
import type { UnitStore } from '../units/ports.ts';
import { isTerminal, isUnstarted } from './lifecycle.ts';
import type { Moves } from './moves.ts';

/** A job whose unit is closed looks at it again after this, later after up to D_OPEN_MANY_MS; and gives up after a day. */
const WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;
/** Jobs that an opening brings forward: one page. The others look by themselves. */
export const AT_ONCE = 200;
const CONCURRENCY = 8;
const WAITS = 'waits: ';

export interface Waiter {
  readonly unitId: string;
  readonly jobId: string;
  /** Epoch milliseconds; whoever still waits then is not in the list any more. */
  readonly until: number;
}

export interface WaiterStore {
  put(waiter: Waiter): Promise<void>;
  /** Newest jobs first; of one unit, or of all. */
  list(unitId: string | undefined, limit: number): Promise<Waiter[]>;
  remove(waiter: Waiter): Promise<void>;
}

export interface Waiting {
  /** Has the job look at its unit again later; its time to run is not spent by waiting. False: it has waited for too long. */
  wait(job: Job, code: FailureCode): Promise<boolean>;
  /** Brings forward what waits for units that are open now: of one, or of all. */
  goOn(unitId?: string): Promise<void>;
  /** The switch, with what waits brought forward by an opening. If that fails the jobs look by themselves. */
  opening(killSwitch: KillSwitch): KillSwitch;
}

/** Creates it. */
export function createWaiting(deps: {
  waiters: WaiterStore;
  units: Pick<UnitStore, 'get'>;
  moves: Pick<Moves, 'move'>;
  clock: Clock;
  log: Log;
}): Waiting {
  const { waiters, units, moves, clock, log } = deps;

  async function isClosed(unitId: string): Promise<boolean> {
    const unit = await units.get(unitId);
    return unit !== undefined && (unit.paused !== undefined || unit.status === 'pending');
  }

  async function bringForward(waiter: Waiter): Promise<void> {
    let done = false;
    const note = 'goes on: its computing unit is open';
    const job = await moves.move(waiter.jobId, { by: 'broker', note }, (latest) => {
      done = isWaiting(latest);
      return done ? { dueAt: clock() } : undefined;
    });
    // One that is only about to wait stays in the list.
    if (!job || done || isTerminal(job.state) || job.executionArn) await waiters.remove(waiter);
  }

  async function goOn(unitId?: string): Promise<void> {
    const found = await waiters.list(unitId, AT_ONCE);
    const named = [...new Set(found.map((waiter) => waiter.unitId))];
    const closed = new Set<string>();
    await inLanes(named, CONCURRENCY, async (id) => (await isClosed(id)) && closed.add(id));
    const free = found.filter((waiter) => !closed.has(waiter.unitId));
    await inLanes(free, CONCURRENCY, async (waiter) => {
      try {
        await bringForward(waiter);
      } catch (error) {
        // A store that is away holds up all of this. A job that cannot be read holds up nobody.
        if (passes(error)) throw error;
        log.warn(
          { unitId: waiter.unitId, jobId: waiter.jobId, err: error },
          'a job that waits was passed over',
        );
      }
    });
  }

  async function tryToGoOn(unitId?: string): Promise<void> {
    try {
      await goOn(unitId);
    } catch (error) {
      log.warn({ unitId, err: error }, 'jobs that wait could not be brought forward');
    }
  }

  return {
    goOn,

    async wait(job, code) {
      const now = clock();
      const note = WAITS + code;
      const last = job.history.at(-1);
      const since = last?.note === note ? last.at : undefined;
      if (since !== undefined && now - since > LONGEST_WAIT_MS) return false;
      const { unitId, jobId } = job;
      // Listed first: who is listed and does not wait costs one look.
      if (since === undefined) await waiters.put({ unitId, jobId, until: now + LONGEST_WAIT_MS });
      const pause = Math.round(Math.min(Math.max((now - (since ?? now)) / 4, WAIT_MS), D_OPEN_MANY_MS));
      await moves.move(jobId, { by: 'broker', note: since === undefined ? note : undefined }, (latest) =>
        latest.version === job.version ? { dueAt: now + pause, deadlineAt: now + D_JOB_MS } : undefined,
      );
      return true;
    },

    opening: (killSwitch) => ({
      ...killSwitch,
      async resume(who, unitId) {
        const unit = await killSwitch.resume(who, unitId);
        await tryToGoOn(unitId);
        return unit;
      },
      async setAll(who, stopped) {
        const set = await killSwitch.setAll(who, stopped);
        if (!stopped) await tryToGoOn();
        return set;
      },
    }),
  };
}

function isWaiting(job: Job): boolean {
  return isUnstarted(job) && (job.history.at(-1)?.note?.startsWith(WAITS) ?? false);
}
