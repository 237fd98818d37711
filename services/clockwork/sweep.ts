/**
 * Looking at many jobs of one computing unit at once: one list says which still run, and only the others are looked
 * at one by one. The same list shows executions that nobody waits for: they are stopped, because they cost money.
 */
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { isTerminal } from '../jobs/lifecycle.ts';
import { jobOfExecution } from '../jobs/naming.ts';
import { unitOfJob } from '../jobs/place.ts';
import {
  type Clock,
  CloudError,
  type ExecutionState,
  type JobStore,
  type ListedExecution,
  type Log,
  type UnitCloud,
} from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';

/** With fewer jobs, looking at each is as cheap. */
const MIN_LISTED = 3;
/** A unit that may not be listed is not asked again for this long. */
const REFUSED_MS = 3_600_000;
/** Executions that nobody waits for are looked for this often, per unit. */
const ORPHANS_MS = 10 * 60_000;
/** What is younger may be about to be noted in its job. */
const YOUNG_MS = 2 * 60_000;
/** Executions of a list whose jobs are read at one visit, at most; the next one goes on behind them. */
const MAX_LOOKED_UP = 50;
/** Where a visit did not come to the end of the list, the next one is due after this. */
const REST_MS = 60_000;
const MAX_REMEMBERED = 10_000;
/** Then the next visit goes on: others wait while an account hangs. */
const ORPHANS_LOOK_MS = 60_000;

type Apply = (job: Job, seen: ExecutionState) => Promise<unknown>;

export interface Sweep {
  /**
   * Moves on those of the due jobs that their unit's list shows as running; returns the others, which have to be
   * looked at one by one. `apply` takes what is known of an execution to its job, and never throws. Nor does this: the
   * jobs of a unit that cannot be read are among those returned, so that each fails by itself.
   */
  sift(due: readonly Job[], apply: Apply): Promise<Job[]>;
  /** Looks for executions that nobody waits for, if that was not done lately. Never throws. */
  visit(unit: Unit): Promise<void>;
  stats(): { readonly lists: number; readonly listed: number; readonly orphansStopped: number };
}

export interface SweepDeps {
  jobs: Pick<JobStore, 'get'>;
  units: Pick<UnitStore, 'get'>;
  cloud: Pick<UnitCloud, 'runningExecutions' | 'stopExecution'>;
  lookForLost: (jobId: string) => Promise<void>;
  clock: Clock;
  log: Log;
}

/** Creates the sweep of one broker process. */
export function createSweep(deps: SweepDeps): Sweep {
  const { jobs, units, cloud, lookForLost, clock, log } = deps;
  const refused = new Map<string, number>();
  /** When executions were looked through, per state machine, and the last one where some were left for next time. */
  const visited = new Map<string, { at: number; last?: ListedExecution }>();
  /** Executions of unknown jobs that the log has named. */
  const named = new Map<string, true>();
  const stats = { lists: 0, listed: 0, orphansStopped: 0 };

  /** What runs on a unit; undefined if it cannot be listed. */
  async function list(unit: Unit): Promise<Awaited<ReturnType<UnitCloud['runningExecutions']>> | undefined> {
    if ((refused.get(unit.unitId) ?? 0) > clock()) return undefined;
    try {
      stats.lists++;
      return await cloud.runningExecutions(unit);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const { problem, awsCode } = error;
      log.warn({ unitId: unit.unitId, problem, awsCode }, 'the executions of a unit cannot be listed');
      // Roles of older stacks may not list; each job is then looked at by itself.
      if (problem === 'denied') remember(refused, unit.unitId, clock() + REFUSED_MS);
      return undefined;
    }
  }

  async function siftGroup(group: readonly Job[], apply: Apply): Promise<Job[]> {
    try {
      const [first] = group;
      const unit = group.length < MIN_LISTED ? undefined : await units.get(first.unitId);
      const place = unit && unitOfJob(unit, first);
      const found = place && (await list(place));
      if (!found) return [...group];
      const running = new Map(found.executions.map((execution) => [execution.arn, execution]));
      const others: Job[] = [];
      for (const job of group) {
        const execution = running.get(job.executionArn ?? '');
        if (!execution) {
          others.push(job);
          continue;
        }
        stats.listed++;
        await apply(job, stillRuns(execution));
      }
      await orphans(place, found.executions);
      return others;
    } catch (error) {
      // One unit must never stop the others. Each of its jobs fails in a step of its own, where that is counted.
      log.warn({ unitId: group[0].unitId, err: error }, 'the jobs of a unit cannot be looked at together');
      return [...group];
    }
  }

  /** Whether executions of the unit may be looked through again. */
  function mayVisit({ unitId, stateMachineArn }: Unit): boolean {
    const before = visited.get(`${unitId} ${stateMachineArn}`);
    if (!before) return true;
    return before.at <= clock() - (before.last ? REST_MS : ORPHANS_MS);
  }

  /** Stops what runs under the name of a job that does not wait for it. */
  async function orphans(unit: Unit, executions: readonly ListedExecution[]): Promise<void> {
    if (!mayVisit(unit)) return;
    const now = clock();
    const key = `${unit.unitId} ${unit.stateMachineArn}`;
    const behind = visited.get(key)?.last;
    // The oldest first: the younger ones are most probably waited for. What has no name of ours is the owner's own.
    const old = executions
      .filter(({ name, startedAt = now }) => jobOfExecution(name) && now - startedAt > YOUNG_MS)
      .sort(byAge)
      .filter((execution) => !behind || byAge(behind, execution) < 0);
    const looked = old.slice(0, MAX_LOOKED_UP);
    remember(visited, key, { at: now, last: old.length > looked.length ? looked.at(-1) : undefined });
    for (const [index, execution] of looked.entries()) {
      if (clock() - now > ORPHANS_LOOK_MS) {
        remember(visited, key, { at: now, last: looked[index - 1] });
        return;
      }
      try {
        await orphan(unit, execution);
      } catch (error) {
        // Its job cannot be read, or the store is away: those behind it are looked at all the same.
        log.warn({ executionArn: execution.arn, err: error }, 'whether somebody waits for it is not known');
      }
    }
  }

  async function orphan(unit: Unit, { name, arn }: ListedExecution): Promise<void> {
    const jobId = jobOfExecution(name);
    const job = jobId === undefined ? undefined : await jobs.get(jobId);
    if (!job) nameUnknown(unit, arn);
    // What this broker knows nothing of may be another's.
    if (!job || job.unitId !== unit.unitId) return;
    if (job.executionName === name && job.state === 'lost') await lookForLost(job.jobId);
    else if (job.executionName !== name || isTerminal(job.state)) await stop(unit, arn, job);
  }

  /** Says once per process what may have been begun before the table was restored: a person has to judge it. */
  function nameUnknown({ unitId }: Unit, executionArn: string): void {
    if (named.has(executionArn)) return;
    remember(named, executionArn, true);
    log.warn({ unitId, executionArn }, 'an execution of an unknown job runs');
  }

  async function stop(unit: Unit, arn: string, { jobId, state, attempt }: Job): Promise<void> {
    try {
      await cloud.stopExecution(unit, arn, 'nobody waits for this execution');
      stats.orphansStopped++;
      log.warn(
        { jobId, state, attempt, executionArn: arn },
        'an execution that nobody waits for was stopped',
      );
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      log.warn({ jobId, executionArn: arn, awsCode: error.awsCode }, 'an execution could not be stopped');
    }
  }

  return {
    async sift(due, apply) {
      const groups = new Map<string, Job[]>();
      const single: Job[] = [];
      for (const job of due) {
        const listable =
          job.executionArn !== undefined && job.state !== 'canceling' && clock() <= job.deadlineAt;
        const key = listable ? `${job.unitId} ${unitKeyOf(job)}` : undefined;
        if (key === undefined) single.push(job);
        else groups.set(key, [...(groups.get(key) ?? []), job]);
      }
      const rests = await Promise.all([...groups.values()].map((group) => siftGroup(group, apply)));
      return [...single, ...rests.flat()];
    },

    async visit(unit) {
      if (!mayVisit(unit)) return;
      try {
        const found = await list(unit);
        if (found) await orphans(unit, found.executions);
      } catch (error) {
        // The next visit looks again.
        log.warn({ unitId: unit.unitId, err: error }, 'executions that nobody waits for were not looked for');
      }
    },

    stats: () => ({ ...stats }),
  };
}

/** Jobs with the same state machine and buckets are looked at in one session. */
function unitKeyOf({ executionArn = '', place, document, result, failureBundle }: Job): string {
  const machine = executionArn.slice(0, executionArn.lastIndexOf(':'));
  const way = [place?.crossAccountRoleArn, place?.externalId];
  return [machine, ...way, document.bucket, result.bucket, failureBundle.bucket].join(' ');
}

function stillRuns({ arn, startedAt }: ListedExecution): ExecutionState {
  const nothing = { input: undefined, output: undefined, error: undefined, cause: undefined };
  return { ...nothing, arn, status: 'RUNNING', startedAt, stoppedAt: undefined };
}

/** Older executions first; of the same age, in one order. */
function byAge(one: ListedExecution, two: ListedExecution): number {
  return (one.startedAt ?? 0) - (two.startedAt ?? 0) || (one.arn < two.arn ? -1 : Number(one.arn > two.arn));
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAX_REMEMBERED) map.clear();
  map.set(key, value);
}
