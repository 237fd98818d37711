/**
 * One step: ask Step Functions how an execution is, and settle the job if it has ended. Step Functions
 * and the result object are the truth; callbacks only make this step happen sooner.
 */
import { type RunResult, runResult } from '../../src/schemas/execution.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { Audit } from '../audit/audit.ts';
import { backoffMs } from '../clockwork/backoff.ts';
import { NotAsked } from '../clockwork/patient-cloud.ts';
import { type Clock, CloudError, type ExecutionState, type Ids, type Log, type UnitCloud } from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';
import { attemptNames } from './attempts.ts';
import { automaticRetry } from './automatic-retries.ts';
import { canceledBody, endNote, type FailedChange, failedChange, failureOf, parseJson } from './endings.ts';
import { isTerminal } from './lifecycle.ts';
import { applyChange, type Change, type Moves } from './moves.ts';
import { executionArn } from './naming.ts';
import { automaticAttempt, MAX_ATTEMPTS } from './new-attempts.ts';
import { nextLook, sweepMs } from './next-look.ts';
import { unitOfJob } from './place.ts';
import {
  auditContradiction,
  CONTRADICTED,
  contradicts,
  createReportedEnds,
  endOfExecution,
  type ReportedEnd,
} from './reported-ends.ts';
import {
  BEFORE_START,
  classOf,
  failureBody,
  isGone,
  isLost,
  notFoundAfter,
  SETTLING_MS,
} from './start-failures.ts';
import { canceledAt, createWorkerEnd, pauseMs } from './worker-end.ts';

/** Why an execution was stopped that nobody had canceled; Step Functions keeps it as the cause. */
const PAST_DEADLINE = 'past the deadline of the job';

export interface ObserveDeps {
  units: UnitStore;
  cloud: UnitCloud;
  moves: Moves;
  clock: Clock;
  ids: Ids;
  log: Log;
  audit: Pick<Audit, 'restate'>;
  /** Secret from which callback tokens derive. */
  tokenSecret: string;
}

/**
 * Follows a running execution by one step. Returns the job as stored afterwards. `seen`: what a list has just said of
 * the execution, which then is not asked for again. `reported`: how somebody has just said that it ended; if it ends
 * otherwise, now or later, that counts, and history and audit trails say so.
 */
export type Observe = (job: Job, seen?: ExecutionState, reported?: ReportedEnd) => Promise<Job | undefined>;

/** Creates the step that follows running executions to their end. */
export function createObserve(deps: ObserveDeps): Observe {
  const { units, cloud, moves, clock, ids, log, audit } = deps;
  const reports = createReportedEnds(clock);
  const workerEnd = createWorkerEnd(deps);

  return async function observe(job, seen, reported): Promise<Job | undefined> {
    const registered = (await units.get(job.unitId)) ?? (await units.getRemoved(job.unitId));
    if (!registered)
      return settle(
        job,
        { state: 'lost', failure: failureBody('lost', 'The computing unit was removed.') },
        'broker',
      );
    const unit = unitOfJob(registered, job);
    const arn = job.executionArn ?? executionArn(unit.stateMachineArn, job.executionName);
    if (reported) reports.heard(job, reported);
    try {
      const refused = job.state === 'canceling' ? await stop(unit, arn) : undefined;
      const execution = seen ?? (await cloud.describeExecution(unit, arn));
      // Whether it may be stopped matters only as long as there is something to stop.
      if (refused && execution.status === 'RUNNING') throw refused;
      return await apply(unit, job, execution);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return await unanswered(job, error);
    }
  };

  /** Returns why it could not be stopped: it may have ended all the same, which only a look can tell. */
  async function stop(unit: Unit, arn: string): Promise<CloudError | undefined> {
    try {
      await cloud.stopExecution(unit, arn, 'canceled by the user');
      return undefined;
    } catch (error) {
      if (error instanceof CloudError) return error;
      throw error;
    }
  }

  async function apply(unit: Unit, job: Job, execution: ExecutionState): Promise<Job | undefined> {
    switch (execution.status) {
      case 'RUNNING':
        return stillRunning(unit, job, execution);
      case 'SUCCEEDED': {
        const change = await verified(unit, job, execution);
        return settle(job, change, 'step-functions', await contradiction(unit, job, execution));
      }
      case 'TIMED_OUT': {
        const change = failedChange('worker_timeout', 'The execution exceeded its time limit.');
        return settle(job, change, 'step-functions', await contradiction(unit, job, execution));
      }
      case 'ABORTED': {
        if (execution.cause === PAST_DEADLINE && job.state !== 'canceling')
          return settle(
            job,
            failedChange('worker_timeout', 'The job was stopped at its deadline.'),
            'broker',
            await contradiction(unit, job, execution),
          );
        const proof = job.state === 'canceling' ? await workerEnd(unit, job, execution) : '';
        if (proof === undefined) return lookAgainSoon(job);
        return settle(
          job,
          { state: 'canceled', failure: canceledBody(job, execution, proof) },
          'step-functions',
          // A run that its person had stopped may have said anything.
          job.state !== 'canceling' && (await contradiction(unit, job, execution)),
        );
      }
      case 'FAILED':
        return failedRun(
          job,
          failedChange(...failureOf(execution)),
          await contradiction(unit, job, execution),
        );
    }
  }

  /**
   * Whether a callback has said another end of this attempt than Step Functions does. The entries in the trails come
   * first: a broker that dies in between leaves the job as it is, and who settles it writes the same ones again.
   */
  async function contradiction(unit: Unit, job: Job, execution: ExecutionState): Promise<boolean> {
    const reported = reports.of(job);
    const said = endOfExecution(execution);
    if (!contradicts(reported, said)) return false;
    await auditContradiction(audit, { job, unit, reported, said, at: execution.stoppedAt ?? job.createdAt });
    return true;
  }

  /** A failure that is worth another attempt does not end the job. */
  async function failedRun(job: Job, change: FailedChange, contradicted: boolean): Promise<Job | undefined> {
    const retry = automaticRetry(job, change.failure.code, ids.random());
    const unit = retry && (await units.get(job.unitId));
    const reachable = unit && Object.values(job.inputs).every(({ bucket }) => bucket === unit.dataBucket);
    if (!retry || !reachable || job.attempt + 1 >= MAX_ATTEMPTS)
      return settle(job, change, 'step-functions', contradicted);
    const stored = await moves.attempt(job.jobId, (latest, now) => {
      if (isTerminal(latest.state) || latest.attempt !== job.attempt) return undefined;
      const { failure } = change;
      // A cancel that came meanwhile is what the person wants.
      if (latest.state === 'canceling')
        return applyChange(
          latest,
          change,
          { by: 'step-functions', note: endNote(change, contradicted) },
          now,
        );
      const names = attemptNames(unit, { ...latest, attempt: latest.attempt + 1 }, deps.tokenSecret, now);
      log.info({ jobId: job.jobId, code: failure.code, waitMs: retry.waitMs }, 'job runs again by itself');
      const note = contradicted ? `${retry.note}, ${CONTRADICTED}` : retry.note;
      return automaticAttempt(latest, failure, { ...retry, note }, names, now);
    });
    reports.forget(job.jobId);
    return stored;
  }

  async function stillRunning(unit: Unit, job: Job, execution: ExecutionState): Promise<Job | undefined> {
    const now = clock();
    if (now > job.deadlineAt && job.state !== 'canceling') {
      await cloud.stopExecution(unit, execution.arn, PAST_DEADLINE);
      // It may have ended by itself just before: then this is how the job ended, and the stop had no effect.
      const stopped = await cloud.describeExecution(unit, execution.arn);
      return stopped.status === 'RUNNING' ? lookAgainSoon(job) : apply(unit, job, stopped);
    }
    const due = job.dueAt !== undefined && job.dueAt <= now;
    const reportedEnds = reports.toStore(job);
    if (job.state !== 'starting' && !due && !reportedEnds && !job.notFound) return job;
    return moves.move(job.jobId, { by: 'step-functions' }, (latest) => {
      if (isTerminal(latest.state) || latest.attempt !== job.attempt) return undefined;
      const change: Change = {
        executionArn: execution.arn,
        tries: 0,
        notFound: undefined,
        dueAt: nextLook(job, now, sweepMs(latest, now)),
      };
      if (latest.state === 'starting' || latest.state === 'queued') change.state = 'running';
      change.startedAt = latest.startedAt ?? execution.startedAt ?? now;
      if (reportedEnds) change.reportedEnds = reportedEnds;
      return change;
    });
  }

  function lookAgainSoon(job: Job): Promise<Job | undefined> {
    return moves.move(job.jobId, { by: 'broker' }, (latest) =>
      latest.version === job.version
        ? { dueAt: clock() + pauseMs(job, clock()), notFound: undefined }
        : undefined,
    );
  }

  /** A success counts only with the object: right place, right size, right checksum. */
  async function verified(unit: Unit, job: Job, execution: ExecutionState): Promise<Change> {
    const parsed = runResult.safeParse(parseJson(execution.output));
    if (!parsed.success)
      return failedChange('result_missing', 'The execution ended without naming its result.');
    const result: RunResult = parsed.data;
    if (result.bucket !== job.result.bucket || result.key !== job.result.key) {
      return failedChange('result_missing', 'The execution named a result that is not the one of this job.');
    }
    try {
      const object = await cloud.headObject(unit, job.result);
      // What the worker said of its file, what it wrote beside the object, and what S3 computed of what it has.
      const { sizeBytes, sha256, checksumSHA256 } = result;
      const sameBytes = checksumSHA256 === undefined || object.checksumSHA256 === checksumSHA256;
      if (object.sizeBytes !== sizeBytes || object.metadata['sha256'] !== sha256 || !sameBytes) {
        return failedChange(
          'result_corrupt',
          'Size or checksum of the stored result differ from what was written.',
        );
      }
    } catch (error) {
      if (!(error instanceof CloudError) || error.problem !== 'not_found') throw error;
      return failedChange('result_missing', 'The result object does not exist.');
    }
    return { state: 'succeeded', runResult: result, finishedAt: execution.stoppedAt ?? clock() };
  }

  async function unanswered(job: Job, error: CloudError): Promise<Job | undefined> {
    const now = clock();
    const notFound = notFoundAfter(job, error);
    if (notFound) {
      // Every look is a write: the time of the last one does not say how long there was nothing to see.
      if (
        job.state === 'canceling' &&
        job.executionArn === undefined &&
        now - canceledAt(job) > SETTLING_MS
      ) {
        return settle(job, BEFORE_START, 'broker');
      }
      if (isGone(job, now)) {
        return settle(job, { state: 'lost', failure: failureBody('lost', error.message) }, 'step-functions');
      }
    }
    if (isLost(job, error, now)) {
      return settle(job, { state: 'lost', failure: failureBody('lost', error.message) }, 'broker');
    }
    log.warn(
      { jobId: job.jobId, operation: error.operation, problem: error.problem, awsCode: error.awsCode },
      'execution cannot be observed or stopped, will be retried',
    );
    return moves.move(job.jobId, { by: 'broker' }, (latest) => {
      if (latest.version !== job.version || isTerminal(latest.state)) return undefined;
      // Not a look: nobody was asked.
      if (error instanceof NotAsked) return { dueAt: now + error.waitMs };
      const tries = latest.tries + 1;
      const dueAt = nextLook(job, now, backoffMs(classOf(error.problem), tries, ids.random()));
      return { tries, notFound, dueAt };
    });
  }

  async function settle(
    job: Job,
    change: Change,
    by: string,
    contradicted = false,
  ): Promise<Job | undefined> {
    const stored = await moves.move(job.jobId, { by, note: endNote(change, contradicted) }, (latest) => {
      if (isTerminal(latest.state) || latest.attempt !== job.attempt) return undefined;
      const level = change.state === 'lost' ? 'error' : 'info';
      log[level]({ jobId: job.jobId, state: change.state, code: change.failure?.code }, 'job settled');
      return change;
    });
    reports.forget(job.jobId);
    return stored;
  }
}
