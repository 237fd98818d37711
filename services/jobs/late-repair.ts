/**
 * Lost jobs are looked for again: for a week, less and less often. If the execution has turned up (its account was
 * out of reach, its history came late), a new attempt takes it up and follows it to its end. `lost` itself stays a
 * sink: what was told of the lost attempt remains true of it, and nothing is started. Lost attempts that another one has
 * followed are looked for when that one has ended: what still runs of them is stopped.
 */
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { D_JOB_MS, REPAIR_MS } from '../clockwork/deadlines.ts';
import { createFailing } from '../clockwork/failing.ts';
import { inLanes } from '../clockwork/lanes.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import { within } from '../context.ts';
import { type Clock, CloudError, type JobStore, type Log, type UnitCloud } from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';
import { earlierRuns, TRIED_AGAIN } from './earlier-runs.ts';
import { isTerminal } from './lifecycle.ts';
import type { Moves } from './moves.ts';
import { executionArn } from './naming.ts';
import { adoptingAttempt, LOOK_AGAIN_MS, MAX_ATTEMPTS } from './new-attempts.ts';
import { unitOfJob } from './place.ts';

const POLL_MS = 30_000;
const BATCH = 50;
/** Side by side: an account that hangs holds up its own lane. */
const CONCURRENCY = 4;
/** Between full batches. */
const FULL_MS = 1_000;

export interface LateRepair {
  /** Looks for the lost jobs that are due; returns how many. Never throws for a single job; `beat` after each. */
  tick(beat?: () => void): Promise<number>;
  idleMs(): number;
  onWake(wake: () => void): void;
  /** Looks for one lost job now, because something has been heard of it. Throws only if the store does not answer. */
  look(jobId: string): Promise<void>;
  /** Jobs that this process has taken up again. */
  repaired(): number;
}

export interface LateRepairDeps {
  jobs: Pick<JobStore, 'get' | 'lostDue'>;
  units: UnitStore;
  cloud: Pick<UnitCloud, 'describeExecution' | 'stopExecution'>;
  moves: Moves;
  ticker: Pick<Ticker, 'nudge'>;
  /** Whether this process looks for lost jobs; another one does otherwise. */
  mine: () => boolean;
  clock: Clock;
  log: Log;
}

/** Creates the repair of lost jobs. */
export function createLateRepair(deps: LateRepairDeps): LateRepair {
  const { jobs, units, cloud, moves, ticker, clock, log } = deps;
  const failing = createFailing(clock);
  let nextPoll = 0;
  let repaired = 0;

  /** True if some could not be stopped: they may not be known yet. */
  async function stopEarlier(unit: Unit, job: Job): Promise<boolean> {
    let left = false;
    for (const { attempt, executionArn } of earlierRuns(job, clock())) {
      try {
        await cloud.stopExecution(unitOfJob(unit, attempt), executionArn, TRIED_AGAIN);
      } catch (error) {
        if (!(error instanceof CloudError)) throw error;
        left = true;
      }
    }
    return left;
  }

  async function look(jobId: string): Promise<void> {
    const job = await jobs.get(jobId);
    if (!job || !isTerminal(job.state) || job.lookAgainAt === undefined) return;
    const unit = (await units.get(job.unitId)) ?? (await units.getRemoved(job.unitId));
    const since = clock() - (job.finishedAt ?? job.updatedAt);
    const pause = LOOK_AGAIN_MS.find((ms) => ms > since) ?? LOOK_AGAIN_MS[LOOK_AGAIN_MS.length - 1];
    const again = unit !== undefined && (await stopEarlier(unit, job)) ? clock() + pause : undefined;
    if (job.state !== 'lost') {
      await moves.lookAgain(jobId, job.version, again);
      return;
    }
    if (!unit || since > REPAIR_MS || job.attempt + 1 >= MAX_ATTEMPTS) {
      await moves.lookAgain(jobId, job.version, undefined);
      return;
    }
    const place = unitOfJob(unit, job);
    const arn = job.executionArn ?? executionArn(place.stateMachineArn, job.executionName);
    try {
      await cloud.describeExecution(place, arn);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      await moves.lookAgain(jobId, job.version, clock() + pause);
      return;
    }
    const stored = await moves.attempt(jobId, (latest, now) =>
      latest.version === job.version
        ? { ...adoptingAttempt(latest, arn, now), deadlineAt: now + D_JOB_MS }
        : undefined,
    );
    if (stored?.state !== 'running') return;
    repaired++;
    log.info({ jobId, attempt: stored.attempt }, 'the execution of a lost job has turned up');
    ticker.nudge(jobId);
  }

  return {
    async tick(beat) {
      const now = clock();
      if (now < nextPoll) return 0;
      nextPoll = now + POLL_MS;
      if (!deps.mine()) return 0;
      const limit = BATCH + failing.waiting();
      const found = await jobs.lostDue(now, limit);
      const due = found.filter(failing.mayTry);
      await inLanes(due, CONCURRENCY, async (jobId) => {
        try {
          await within({ jobId }, () => look(jobId));
          failing.cleared(jobId);
        } catch (error) {
          // One job must never stop the others; its stored time brings it back.
          failing.failed(jobId, error);
          log.error({ jobId, err: error }, 'a lost job could not be looked for');
        }
        beat?.();
      });
      if (found.length === limit && due.length > 0) nextPoll = now + FULL_MS;
      return due.length;
    },
    idleMs: () => Math.max(0, nextPoll - clock()),
    // Nothing makes it urgent.
    onWake() {},
    look,
    repaired: () => repaired,
  };
}
