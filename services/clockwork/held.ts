/** Jobs that one process has in hand: their steps are under way, or wait for a lane. */
import type { Clock } from '../ports.ts';

export interface Held {
  has(jobId: string): boolean;
  take(jobId: string): void;
  /** Says of which unit a job is, once it was read. */
  belongs(jobId: string, unitId: string): void;
  release(jobId: string): void;
  size(): number;
  /** Ids, the latest first. */
  names(): string[];
  /** True if one was taken less than `ms` ago. */
  younger(ms: number): boolean;
  /** How many of one unit. */
  ofUnit(unitId: string): number;
}

/** Creates the empty hands of one process. */
export function createHeld(clock: Clock): Held {
  const held = new Map<string, { unitId?: string; since: number }>();
  const units = new Map<string, number>();

  function count(unitId: string | undefined, by: 1 | -1): void {
    if (unitId === undefined) return;
    const next = (units.get(unitId) ?? 0) + by;
    if (next > 0) units.set(unitId, next);
    else units.delete(unitId);
  }

  function release(jobId: string): void {
    count(held.get(jobId)?.unitId, -1);
    held.delete(jobId);
  }

  return {
    has: (jobId) => held.has(jobId),
    take(jobId) {
      release(jobId);
      held.set(jobId, { since: clock() });
    },
    belongs(jobId, unitId) {
      const entry = held.get(jobId);
      if (!entry) return;
      count(entry.unitId, -1);
      entry.unitId = unitId;
      count(unitId, 1);
    },
    release,
    size: () => held.size,
    names: () => [...held.keys()].reverse(),
    younger(ms) {
      const now = clock();
      return [...held.values()].some(({ since }) => now - since < ms);
    },
    ofUnit: (unitId) => units.get(unitId) ?? 0,
  };
}
