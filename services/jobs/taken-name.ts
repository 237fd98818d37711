/**
 * An attempt whose name is taken by an execution that was stopped before the attempt asked for its own: after a restore
 * of the state, attempts are counted again from where they were then. Nobody has canceled this one, and only another
 * attempt has another name.
 */
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { CloudError } from '../ports.ts';
import { attemptNames } from './attempts.ts';
import type { Moves } from './moves.ts';
import { automaticAttempt, MAX_ATTEMPTS } from './new-attempts.ts';
import { failureBody } from './start-failures.ts';

/** What has the name was stopped, and is not an execution of this attempt. */
export class NameTaken extends CloudError {
  constructor(arn: string) {
    super('already_exists', 'StartExecution', 'ExecutionAlreadyExists', `${arn} was stopped before`);
  }
}

/** Begins the next attempt in the place of `job`, if that is still as it was; false if it has had too many. */
export type Renamed = (unit: Unit, job: Job, error: NameTaken) => Promise<boolean>;

/** Creates the way out of a taken name. */
export function createRenamed({ moves, tokenSecret }: { moves: Moves; tokenSecret: string }): Renamed {
  return async function renamed(unit, job, { message }) {
    if (job.attempt + 1 >= MAX_ATTEMPTS) return false;
    await moves.attempt(job.jobId, (latest, now) => {
      if (latest.version !== job.version) return undefined;
      const names = attemptNames(unit, { ...latest, attempt: latest.attempt + 1 }, tokenSecret, now);
      const way = { waitMs: 0, platform: latest.forcedPlatform, note: 'name_conflict' };
      return automaticAttempt(latest, failureBody('name_conflict', message), way, names, now);
    });
    return true;
  };
}
