/**
 * The accounts of computing units, as the background work asks them: one that has just given no answer is not asked
 * again for a moment. Its other jobs are put off at once, instead of each waiting for its own time-out.
 */
import type { Unit } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type Ids, type UnitCloud } from '../ports.ts';
import { backoffMs } from './backoff.ts';

/** A call with all its tries takes about as long; who waited so long is not asked again sooner. */
const LONGEST_CALL_MS = 30_000;
/** What is put off comes back within this time of the pause's end. */
const SPREAD_MS = 2_000;
const MAX_REMEMBERED = 5_000;

/** Nobody was asked: another call has just got no answer. It says nothing of this job. */
export class NotAsked extends CloudError {
  /** Milliseconds after which it is worth a try. */
  readonly waitMs: number;
  constructor(operation: string, waitMs: number) {
    super('unavailable', operation, 'NotAsked', `${operation}: the account gave no answer a moment ago`);
    this.waitMs = waitMs;
  }
}

export interface PatientCloudDeps {
  clock: Clock;
  ids: Pick<Ids, 'random'>;
}

/** Wraps what the steps of jobs wait for. Throws NotAsked where it does not ask. */
export function patientCloud(cloud: UnitCloud, { clock, ids }: PatientCloudDeps): UnitCloud {
  /**
   * Failures in a row, and until when nobody is asked; by unit and kind of call: what cannot be stopped may be looked at.
   */
  const away = new Map<string, { failures: number; since: number; until: number }>();

  async function asked<T>(
    { unitId }: Unit,
    kind: string,
    operation: string,
    call: () => Promise<T>,
  ): Promise<T> {
    const key = `${unitId} ${kind}`;
    const began = clock();
    const pause = (away.get(key)?.until ?? 0) - began;
    if (pause > 0)
      throw new NotAsked(operation, pause + Math.round(Math.min(pause, SPREAD_MS) * ids.random()));
    try {
      const answer = await call();
      away.delete(key);
      return answer;
    } catch (error) {
      if (error instanceof CloudError && error.problem === 'unavailable') failed(key, began);
      else away.delete(key);
      throw error;
    }
  }

  function failed(key: string, began: number): void {
    const before = away.get(key);
    // Calls that were under way together fail together: that is one failure.
    if (before && began < before.since) return;
    const now = clock();
    const failures = (before?.failures ?? 0) + 1;
    const took = Math.min(now - began, LONGEST_CALL_MS);
    const [oldest] = away.keys();
    if (away.size >= MAX_REMEMBERED) away.delete(oldest);
    const until = now + Math.max(took, backoffMs('unavailable', failures, ids.random()));
    away.set(key, { failures, since: now, until });
  }

  return {
    ...cloud,
    putJobDocument: (unit, ...rest) =>
      asked(unit, 'put', 'PutObject', () => cloud.putJobDocument(unit, ...rest)),
    startExecution: (unit, ...rest) =>
      asked(unit, 'start', 'StartExecution', () => cloud.startExecution(unit, ...rest)),
    describeExecution: (unit, ...rest) =>
      asked(unit, 'look', 'DescribeExecution', () => cloud.describeExecution(unit, ...rest)),
    runningExecutions: (unit) => asked(unit, 'look', 'ListExecutions', () => cloud.runningExecutions(unit)),
    stopExecution: (unit, ...rest) =>
      asked(unit, 'stop', 'StopExecution', () => cloud.stopExecution(unit, ...rest)),
  };
}
