/**
 * One step: from `queued` to an execution in the unit's account. Every effect can be repeated: the job
 * document is the same bytes again, StartExecution is idempotent by its name. What goes wrong is sorted
 * into "try again later" and "failed, and this person must act".
 */
import type { ExecutionInput, JobDocument } from '../src/schemas/execution.ts';
import { FAILURES, type FailureCode } from '../src/schemas/failures.ts';
import type { Job } from '../src/schemas/job.ts';
import type { Unit } from '../src/schemas/unit.ts';
import { backoffMs, type ErrorClass } from './backoff.ts';
import { D_JOB_MS } from './deadlines.ts';
import { placeOf, unitOfJob } from './job-place.ts';
import { jobToken } from './job-token.ts';
import { createLaunchSites, distrust, isWhereItBegan, type LaunchSite, mayGoOn } from './launch-site.ts';
import { isTerminal } from './lifecycle.ts';
import type { Change, Moves } from './moves.ts';
import { executionArn } from './naming.ts';
import {
  type Clock,
  CloudError,
  type CloudProblem,
  type Ids,
  type Log,
  type UnitCloud,
  type UserStore,
} from './ports.ts';
import type { UnitStore } from './unit-ports.ts';
import type { UnitWatch } from './unit-watch.ts';

/** A claim holds a job this long; whoever finds it older than that takes over. */
const LEASE_MS = 15_000;
/** First look at Step Functions after the start if no callback came earlier. */
export const SWEEP_MS = 20_000;

/** A job whose unit is closed looks at it again after this, later after ten times as long; and gives up after a day. */
const WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Problems of the unit, not of the job or of the moment. */
const LASTING: ReadonlySet<string> = new Set(['trust_denied', 'denied', 'not_found']);

export interface StartDeps {
  units: UnitStore;
  users: Pick<UserStore, 'get'>;
  cloud: UnitCloud;
  moves: Moves;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Secret from which callback tokens derive. */
  tokenSecret: string;
  /** Looks at the role of a unit before it is entered, and again when it has refused. */
  watch: Pick<UnitWatch, 'forLaunch' | 'recheck'>;
  /** Base URL of the broker as the units' accounts reach it. */
  publicUrl: string;
}

/** Creates the step that starts queued jobs. */
export function createStart(deps: StartDeps): (job: Job) => Promise<void> {
  const { units, cloud, moves, clock, ids, log } = deps;
  const siteOf = createLaunchSites(deps);

  return async function start(found: Job): Promise<void> {
    const registered = await units.get(found.unitId);
    const site = await siteOf(found, registered);
    const mayHaveBegun = found.state === 'starting' && found.place !== undefined;
    if (site.kind === 'waits' && !mayHaveBegun) return wait(found, site);
    const repeats = isWhereItBegan(site, found);
    const claimed = await claim(found, site.kind === 'open' && (repeats || !mayHaveBegun) ? site : undefined);
    if (!claimed) return;
    if (mayHaveBegun && !repeats) return lookWhereItBegan(claimed, site, registered);
    if (site.kind === 'open') return enter(claimed, site.unit, mayHaveBegun);
    return refuse(claimed, site);
  };

  async function enter(claimed: Job, registered: Unit, mayHaveBegun: boolean): Promise<void> {
    const unit = await deps.watch.forLaunch(registered);
    const closed = distrust(unit);
    if (closed) return fail(claimed, 'unit_trust_broken', closed);
    try {
      const arn = await launch(unit, claimed);
      await started(unit, claimed, arn);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      await sort(claimed, error, mayHaveBegun);
      // The owner shall hear of it now, and nobody shall submit more in vain.
      if (LASTING.has(error.problem)) await deps.watch.recheck(unit);
    }
  }

  async function refuse(job: Job, site: Exclude<LaunchSite, { kind: 'open' }>): Promise<void> {
    if (site.kind === 'unwanted') return withdraw(job);
    if (site.kind === 'waits') return wait(job, site);
    return fail(job, site.code, site.message);
  }

  /**
   * Takes the job for LEASE_MS; undefined if somebody else holds it or it has moved on. What is needed to find its
   * execution again is stored with it, before there can be one.
   */
  async function claim(found: Job, site: Extract<LaunchSite, { kind: 'open' }> | undefined) {
    let mine = false;
    const where = site && { place: placeOf(site.unit), ...site.names };
    const job = await moves.move(found.jobId, { by: 'broker' }, (now) => {
      mine = now.version === found.version;
      return mine ? { state: 'starting', dueAt: clock() + LEASE_MS, ...where } : undefined;
    });
    return mine ? job : undefined;
  }

  /** The unit may be opened yet. It is looked at again, ever more seldom; the time to run is not spent by waiting. */
  async function wait(job: Job, { code, message }: { code: FailureCode; message: string }): Promise<void> {
    const now = clock();
    const note = `waits: ${code}`;
    const last = job.history.at(-1);
    const since = last?.note === note ? last.at : undefined;
    if (since !== undefined && now - since > LONGEST_WAIT_MS) return fail(job, code, message);
    const pause = Math.min(Math.max((now - (since ?? now)) / 4, WAIT_MS), 10 * WAIT_MS);
    await moves.move(job.jobId, { by: 'broker', note: since === undefined ? note : undefined }, (latest) =>
      latest.version === job.version ? { dueAt: now + pause, deadlineAt: now + D_JOB_MS } : undefined,
    );
  }

  /**
   * An answer of StartExecution was lost, and its unit is another one now, or is not for this person any more.
   * What runs is adopted; if nobody may spend money there any more it is stopped. If nothing runs, the job is as
   * one that was never started.
   */
  async function lookWhereItBegan(job: Job, site: LaunchSite, registered: Unit | undefined): Promise<void> {
    const known = registered ?? (await units.getRemoved(job.unitId));
    if (!known) return fail(job, 'unit_not_found', 'The computing unit of this job is no longer registered.');
    const unit = unitOfJob(known, job);
    const arn = executionArn(unit.stateMachineArn, job.executionName);
    try {
      await cloud.describeExecution(unit, arn);
      if (site.kind === 'open' || mayGoOn(site)) return await started(unit, job, arn);
      await cloud.stopExecution(unit, arn, 'its computing unit may not be used for it any more');
      await refuse(job, site);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem !== 'not_found') return sort(job, error, true);
      await moves.move(job.jobId, { by: 'broker', note: 'had not started' }, (latest) =>
        latest.version === job.version ? { state: 'queued', dueAt: clock(), place: undefined } : undefined,
      );
    }
  }

  /** Document first, then the execution: the worker always finds what it is pointed to. */
  async function launch(unit: Unit, job: Job): Promise<string> {
    const input: ExecutionInput = {
      jobId: job.jobId,
      attempt: job.attempt,
      bucket: job.document.bucket,
      key: job.document.key,
    };
    await cloud.putJobDocument(unit, job.document, documentOf(job));
    try {
      return await cloud.startExecution(unit, job.executionName, input);
    } catch (error) {
      if (!(error instanceof CloudError) || error.problem !== 'already_exists') throw error;
      const arn = executionArn(unit.stateMachineArn, job.executionName);
      const existing = await cloud.describeExecution(unit, arn);
      if (existing.input === JSON.stringify(input)) return arn;
      throw error;
    }
  }

  async function started(unit: Unit, job: Job, arn: string): Promise<void> {
    const now = clock();
    const stored = await moves.move(job.jobId, { by: 'broker' }, (latest) => {
      if (isTerminal(latest.state) || latest.attempt !== job.attempt) return undefined;
      const change: Change = { executionArn: arn, startedAt: now, tries: 0 };
      // A cancel that came meanwhile keeps its own due time: it must stop what has just been started.
      if (latest.state !== 'canceling') change.dueAt = now + SWEEP_MS;
      return change;
    });
    if (!stored || isTerminal(stored.state) || stored.attempt !== job.attempt) {
      // Ended (and perhaps begun anew) while StartExecution was under way: nobody waits for this execution any more.
      await cloud.stopExecution(unit, arn, 'the job had ended before its execution started');
    }
    log.info({ jobId: job.jobId, unitId: unit.unitId, attempt: job.attempt }, 'execution started');
  }

  async function sort(job: Job, error: CloudError, mayHaveBegun: boolean): Promise<void> {
    if (error.problem === 'paused') return wait(job, { code: 'unit_paused', message: error.message });
    const code = failureOf(error);
    if (code) return fail(job, code, error.message);
    const tries = job.tries + 1;
    const dueAt = clock() + backoffMs(classOf(error.problem), tries, ids.random());
    log.warn(
      { jobId: job.jobId, problem: error.problem, awsCode: error.awsCode, tries },
      'start will be retried',
    );
    // After `unavailable` the execution may exist, and after a try that nobody heard of: the job stays `starting`, and
    // only the same name is tried again. What is `queued` may be canceled without looking.
    const state = error.problem === 'throttled' && !mayHaveBegun ? 'queued' : 'starting';
    const note = `${error.operation}: ${error.awsCode}, trying again`;
    // Said once: a store is no place for every try of six hours.
    const said = job.history.slice(-2).some((entry) => entry.note === note);
    await moves.move(job.jobId, { by: 'broker', note: said ? undefined : note }, (latest) => {
      if (latest.version !== job.version) return undefined;
      if (clock() > latest.deadlineAt) return { state: 'lost', failure: failureBody('lost', error.message) };
      return { state, tries, dueAt };
    });
  }

  async function fail(job: Job, code: FailureCode, message: string): Promise<void> {
    log.warn({ jobId: job.jobId, unitId: job.unitId, code }, 'job could not be started');
    await moves.move(job.jobId, { by: 'broker', note: code }, (latest) =>
      isTerminal(latest.state) || latest.attempt !== job.attempt || latest.executionArn
        ? undefined
        : { state: 'failed', failure: failureBody(code, message) },
    );
  }

  /** Nobody is there to want the result any more, or to pay for it. */
  async function withdraw(job: Job): Promise<void> {
    log.info({ jobId: job.jobId }, 'job of a closed account not started');
    const failure = failureBody('canceled', 'The account of the person who submitted the job was closed.');
    await moves.move(job.jobId, { by: 'broker', note: 'account closed' }, (latest) =>
      isTerminal(latest.state) || latest.attempt !== job.attempt || latest.executionArn
        ? undefined
        : { state: 'canceled', failure },
    );
  }

  function documentOf(job: Job): JobDocument {
    return {
      schema: 'cloudmr/job/1',
      jobId: job.jobId,
      attempt: job.attempt,
      userId: job.ownerId,
      appId: job.appId,
      alias: job.alias,
      mode: job.mode,
      task: taskOf(job),
      output: job.output,
      inputs: job.inputs,
      result: job.result,
      failure: job.failureBundle,
      callback: { url: deps.publicUrl, token: jobToken(deps.tokenSecret, job.jobId, job.attempt) },
    };
  }
}

/** What the person asked for; an automatic attempt says where it has to run. */
function taskOf({ task, forcedPlatform }: Job): JobDocument['task'] {
  if (!forcedPlatform) return task;
  return { ...task, options: { ...(task['options'] as object), platform: forcedPlatform } };
}

/** How a problem in somebody's account is waited for. */
export function classOf(problem: CloudProblem): ErrorClass {
  if (problem === 'throttled' || problem === 'unavailable') return problem;
  return problem === 'not_found' ? 'missing' : 'refused';
}

/** A failure as it is stored, with the standard remedy of its code. */
export function failureBody(code: FailureCode, message: string): NonNullable<Job['failure']> {
  return { code, message, remedy: FAILURES[code].remedy, actor: FAILURES[code].actor };
}

/** The failure that a problem at start means, or undefined if it is worth trying again. */
function failureOf(error: CloudError): FailureCode | undefined {
  switch (error.problem) {
    case 'trust_denied':
      return 'unit_trust_broken';
    case 'denied':
      return 'unit_permission_missing';
    case 'expired':
      return 'session_expired';
    case 'not_found':
      return 'unit_not_found';
    case 'already_exists':
      return 'name_conflict';
    case 'invalid':
      return error.awsCode === 'WrongAccount' ? 'unit_wrong_account' : 'bad_options';
    case 'paused':
    case 'throttled':
    case 'unavailable':
      return undefined;
  }
}
