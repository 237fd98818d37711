/**
 * What the worker and the report function tell. A report proves nothing by itself: it carries the token of
 * its job and attempt, and then only makes the broker ask Step Functions sooner. Terminal is a sink, so
 * lost, repeated, late and reordered reports are all harmless.
 */
import { AppError } from '../src/errors.ts';
import type { ProgressReport } from '../src/schemas/execution.ts';
import type { Job } from '../src/schemas/job.ts';
import { matchesHash } from './job-token.ts';
import { isTerminal } from './lifecycle.ts';
import type { Change, Moves } from './moves.ts';
import type { Clock, JobStore } from './ports.ts';
import type { Ticker } from './ticker.ts';

/** Progress of the same state is stored at most this often. */
const PROGRESS_PAUSE_MS = 1_000;

export interface Callbacks {
  /** The end was reported (succeeded or failed alike). Returns the job as it is now stored. */
  ended(jobId: string, token: string): Promise<Job>;
  /** A step of the run. Returns the job; `canceling` or a terminal state tells the worker to stop. */
  progress(jobId: string, token: string, report: ProgressReport): Promise<Job>;
}

export interface CallbacksDeps {
  jobs: JobStore;
  moves: Moves;
  observe: (job: Job) => Promise<Job | undefined>;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
}

/** Creates the service behind the doors of the worker. */
export function createCallbacks({ jobs, moves, observe, ticker, clock }: CallbacksDeps): Callbacks {
  /** The job if the token is the one of its current attempt; one answer for every way it is not. */
  async function authenticated(jobId: string, token: string): Promise<Job> {
    const job = await jobs.get(jobId);
    if (!job || !matchesHash(token, job.tokenHash)) {
      throw new AppError('not_signed_in', 'not the callback token of this job', {
        remedy: 'Use the callback token of the job document of this attempt.',
      });
    }
    return job;
  }

  return {
    async ended(jobId, token) {
      const job = await authenticated(jobId, token);
      if (isTerminal(job.state)) return job;
      const after = (await observe(job)) ?? job;
      // The report function runs inside the execution, so it usually is RUNNING still: look again very soon.
      if (!isTerminal(after.state)) ticker.nudge(jobId);
      return after;
    },

    async progress(jobId, token, report) {
      const job = await authenticated(jobId, token);
      if (isTerminal(job.state)) throw new AppError('job_terminal', `the job has already ${job.state}`);
      if (report.attempt !== job.attempt) throw new AppError('job_terminal', 'this attempt is over');
      const now = clock();
      const stored = await moves.move(jobId, { by: 'worker' }, (latest) => {
        if (isTerminal(latest.state) || latest.attempt !== report.attempt) return undefined;
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
