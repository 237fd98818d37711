/**
 * What the worker and the report function tell. A report proves nothing by itself: it carries the token of
 * its job and attempt, and then only makes the broker ask Step Functions sooner. Terminal is a sink, so
 * lost, repeated, late and reordered reports are all harmless.
 */
import { AppError } from '../../src/errors.ts';
import type { ProgressReport } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Audit } from '../audit/audit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import type { Clock, JobStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import { isTerminal } from './lifecycle.ts';
import type { Change, Moves } from './moves.ts';
import type { Observe } from './observe.ts';
import { auditContradiction, contradicts, endToldOf, type ReportedEnd } from './reported-ends.ts';
import { matchesHash } from './token.ts';

/** Progress of the same state is stored at most this often. */
const PROGRESS_PAUSE_MS = 1_000;
/** What runs at its report is looked at again after this: most executions have ended by then. */
const ENDING_MS = 200;

export interface Callbacks {
  /**
   * The end was reported (`reported`: how, if it was said; it only matters if it is not true), with the token of the
   * job or, by the callback function of an older stack, with that of the person who owns the computing unit. Returns
   * the job as it is now stored.
   */
  ended(jobId: string, token: string, reported?: ReportedEnd): Promise<Job>;
  /** A step of the run. Returns the job; `canceling` or a terminal state tells the worker to stop. */
  progress(jobId: string, token: string, report: ProgressReport): Promise<Job>;
}

export interface CallbacksDeps {
  jobs: JobStore;
  units: Pick<UnitStore, 'get'>;
  /** The active user behind a token. Throws AppError. */
  authenticate: (bearer: string) => Promise<Principal>;
  moves: Moves;
  observe: Observe;
  /** Looks for the execution of a lost job: what reports is not lost. */
  lookForLost: (jobId: string) => Promise<void>;
  ticker: Pick<Ticker, 'nudge'>;
  audit: Pick<Audit, 'restate'>;
  clock: Clock;
}

/** Creates the service behind the doors of the worker. */
export function createCallbacks(deps: CallbacksDeps): Callbacks {
  const { jobs, units, authenticate, moves, observe, lookForLost, ticker, audit, clock } = deps;

  /** The job if the token is the one of its current attempt; one answer for every way it is not. */
  async function authenticated(jobId: string, token: string): Promise<Job> {
    const job = await jobs.get(jobId);
    if (!job || !matchesHash(token, job.tokenHash)) throw notThisJob();
    return job;
  }

  /**
   * As `authenticated`, or the token of the unit's owner: stacks that were deployed before job tokens existed know
   * no other. That the job runs on a unit of this person is what proves that the token belongs.
   */
  async function ownedOrAuthenticated(jobId: string, token: string): Promise<Job> {
    const job = await jobs.get(jobId);
    if (!job) throw notThisJob();
    if (matchesHash(token, job.tokenHash)) return job;
    const [who, unit] = await Promise.all([personOf(token), units.get(job.unitId)]);
    if (who !== undefined && unit?.ownerId === who.userId) return job;
    throw notThisJob();
  }

  async function found(job: Job): Promise<Job> {
    if (job.state !== 'lost') return job;
    await lookForLost(job.jobId);
    return (await jobs.get(job.jobId)) ?? job;
  }

  /** Terminal is a sink: what was said too late changes nothing of the job, but if it is untrue its owners shall know. */
  async function tooLate(job: Job, reported: ReportedEnd | undefined): Promise<void> {
    const said = endToldOf(job);
    if (!reported || !said || !contradicts([reported], said)) return;
    const unit = await units.get(job.unitId);
    const at = job.finishedAt ?? job.createdAt;
    await auditContradiction(audit, { job, unit, reported: [reported], said, at });
  }

  async function personOf(token: string): Promise<Principal | undefined> {
    try {
      return await authenticate(token);
    } catch (error) {
      if (error instanceof AppError && error.code !== 'unavailable') return undefined;
      throw error;
    }
  }

  return {
    async ended(jobId, token, reported) {
      const job = await found(await ownedOrAuthenticated(jobId, token));
      if (isTerminal(job.state)) {
        await tooLate(job, reported);
        return job;
      }
      // Set aside: it may be this look that nobody survives.
      if (job.dueAt === undefined) return job;
      // It waits for its start, which finds what there may be under its name; what has ended is an earlier attempt.
      if (job.state === 'queued') return job;
      const after = (await observe(job, undefined, reported)) ?? job;
      // The report function runs inside the execution, so it usually is RUNNING still: look again very soon. Not at
      // once: nothing is new then, and AWS allows few looks.
      if (!isTerminal(after.state)) ticker.nudge(jobId, ENDING_MS);
      return after;
    },

    async progress(jobId, token, report) {
      const job = await found(await authenticated(jobId, token));
      if (isTerminal(job.state)) throw new AppError('job_terminal', `the job has already ${job.state}`);
      if (report.attempt !== numberOf(job)) throw new AppError('job_terminal', 'this attempt is over');
      const now = clock();
      const stored = await moves.move(jobId, { by: 'worker' }, (latest) => {
        if (isTerminal(latest.state) || numberOf(latest) !== report.attempt) return undefined;
        const change: Change = {
          progress: { step: report.step, fraction: report.fraction, message: report.message, at: now },
          platform: report.platform ?? latest.platform,
        };
        if (latest.state === 'queued' || latest.state === 'starting') {
          change.state = 'running';
          change.startedAt = latest.startedAt ?? now;
        } else if (now - (latest.progress?.at ?? 0) < PROGRESS_PAUSE_MS) {
          return undefined;
        }
        return change;
      });
      return stored ?? job;
    },
  };
}

/** The number of the attempt as its worker knows it. */
const numberOf = ({ attempt, adoptedAttempt }: Job): number => adoptedAttempt ?? attempt;

function notThisJob(): AppError {
  return new AppError('not_signed_in', 'not the callback token of this job', {
    remedy: 'Use the callback token of the job document of this attempt.',
  });
}
