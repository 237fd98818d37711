/** Jobs that one process has in hand: their steps are under way, or wait for a lane. */

export interface Held {
  has(jobId: string): boolean;
  take(jobId: string): void;
  /** Says of which unit a job is, once it was read. */
  belongs(jobId: string, unitId: string): void;
  release(jobId: string): void;
  size(): number;
  /** How many of one unit. */
  ofUnit(unitId: string): number;
}

/** Creates the empty hands of one process. */
export function createHeld(): Held {
  const held = new Map<string, string | undefined>();
  const units = new Map<string, number>();

  function count(unitId: string | undefined, by: 1 | -1): void {
    if (unitId === undefined) return;
    const next = (units.get(unitId) ?? 0) + by;
    if (next > 0) units.set(unitId, next);
    else units.delete(unitId);
  }

  function put(jobId: string, unitId: string | undefined): void {
    count(held.get(jobId), -1);
    held.set(jobId, unitId);
    count(unitId, 1);
  }

  return {
    has: (jobId) => held.has(jobId),
    take: (jobId) => put(jobId, undefined),
    belongs: put,
    release(jobId) {
      count(held.get(jobId), -1);
      held.delete(jobId);
    },
    size: () => held.size,
    ofUnit: (unitId) => units.get(unitId) ?? 0,
  };
}
