/**
 * One step: from `queued` to an execution in the unit's account. Every effect can be repeated: the job
 * document is the same bytes again, StartExecution is idempotent by its name. What goes wrong is sorted
 * into "try again later" and "failed, and this person must act".
 */
import type { ExecutionInput } from '../../src/schemas/execution.ts';
import type { FailureCode } from '../../src/schemas/failures.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { type Clock, CloudError, type Ids, type Log, type UnitCloud, type UserStore } from '../ports.ts';
import type { UnitStore } from '../units/ports.ts';
import type { UnitWatch } from '../units/watch.ts';
import { documentOf } from './document.ts';
import { createLaunchSites, distrust, isWhereItBegan, type LaunchSite, mayGoOn } from './launch-site.ts';
import { isTerminal } from './lifecycle.ts';
import type { Change, Moves } from './moves.ts';
import { executionArn } from './naming.ts';
import { nextLook, SWEEP_MS } from './next-look.ts';
import { asked, placeOf, unitOfJob } from './place.ts';
import {
  BEFORE_START,
  failureOf,
  isLost,
  nextTry,
  onlyCanceledSince,
  SETTLING_MS,
} from './start-failures.ts';
import { createRenamed, NameTaken } from './taken-name.ts';
import { createUnstartedEnds } from './unstarted-ends.ts';
import type { Waiting } from './waiting.ts';

/** A claim holds a job this long; whoever finds it older than that takes over. */
const LEASE_MS = 15_000;
/**
 * Nothing is started later than this after its claim: who stood still for so long has been taken for dead, and others
 * conclude after SETTLING_MS that nothing has begun. The adapter may need as long again, and then the answer is there.
 */
const START_WITHIN_MS = 25_000;
/** What was stopped is looked at again after this, if it is not seen to have ended. */
const STOPPED_MS = 2_000;

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
  waiting: Pick<Waiting, 'wait'>;
  /** Base URL of the broker as the units' accounts reach it. */
  publicUrl: string;
}

/** Creates the step that starts queued jobs. */
export function createStart(deps: StartDeps): (job: Job) => Promise<void> {
  const { units, cloud, moves, clock, ids, log } = deps;
  const siteOf = createLaunchSites(deps);
  const renamed = createRenamed(deps);
  const { lose, lost, fail, withdraw } = createUnstartedEnds(deps);

  return async function start(found: Job): Promise<void> {
    const registered = await units.get(found.unitId);
    const site = await siteOf(found, registered);
    const mayHaveBegun = found.state === 'starting' && found.place !== undefined;
    if (site.kind === 'waits' && !mayHaveBegun) return wait(found, site);
    const repeats = isWhereItBegan(site, found);
    const claimed = await claim(found, site.kind === 'open' && (repeats || !mayHaveBegun) ? site : undefined);
    if (!claimed) return;
    const askedAt = mayHaveBegun ? (found.place?.askedAt ?? found.updatedAt) : undefined;
    if (askedAt !== undefined && !repeats) return lookWhereItBegan(claimed, askedAt, site, registered);
    if (site.kind === 'open') return enter(claimed, site.unit, askedAt);
    return refuse(claimed, site);
  };

  /** `askedAt`: when StartExecution was asked before, if the job may have begun since. */
  async function enter(claimed: Job, registered: Unit, askedAt: number | undefined): Promise<void> {
    const unit = await deps.watch.forLaunch(registered);
    const closed = distrust(unit);
    if (closed) return failUnlessBegun(claimed, unit, askedAt, 'unit_trust_broken', closed);
    try {
      const arn = await launch(unit, claimed, askedAt !== undefined);
      await started(unit, claimed, arn);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error instanceof NameTaken && (await renamed(unit, claimed, error))) return;
      const code = failureOf(error);
      // Where somebody else's execution has the name, this job's own cannot exist.
      const begun = error.problem === 'already_exists' ? undefined : askedAt;
      if (code) await failUnlessBegun(claimed, unit, begun, code, error.message);
      else await later(claimed, error, askedAt);
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
    const where = site && { place: { ...placeOf(site.unit), askedAt: clock() }, ...site.names };
    const job = await moves.move(found.jobId, { by: 'broker' }, (now) => {
      mine = now.version === found.version;
      return mine ? { state: 'starting', dueAt: clock() + LEASE_MS, ...where } : undefined;
    });
    return mine ? job : undefined;
  }

  /** The unit may be opened yet. */
  async function wait(
    job: Job,
    { code, message }: { code: FailureCode; message: string },
    mayHaveBegun = false,
  ): Promise<void> {
    if (await deps.waiting.wait(job, code)) return;
    if (mayHaveBegun) await lose(job, message);
    else await fail(job, code, message);
  }

  /**
   * An answer of StartExecution was lost, and its unit is another one now, or is not for this person any more.
   * What runs is adopted; if nobody may spend money there any more it is stopped. If nothing runs, the job is as
   * one that was never started.
   */
  async function lookWhereItBegan(
    job: Job,
    askedAt: number,
    site: LaunchSite,
    registered: Unit | undefined,
  ): Promise<void> {
    const known = registered ?? (await units.getRemoved(job.unitId));
    if (!known) return lose(job, 'The computing unit of this job is no longer registered.');
    const unit = unitOfJob(known, job);
    await proven(job, unit, askedAt, {
      async begun(arn) {
        if (site.kind === 'open' || mayGoOn(site)) return started(unit, job, arn);
        await cloud.stopExecution(unit, arn, 'its computing unit may not be used for it any more');
        const { status } = await cloud.describeExecution(unit, arn);
        // What had ended before the stop is followed to its end like any other; only what was stopped is refused.
        if (status === 'ABORTED') return refuse(job, site);
        if (status !== 'RUNNING') return started(unit, job, arn);
        // Answers may be a moment old: which of both it is, is seen at the next look.
        await moves.move(job.jobId, { by: 'broker' }, (latest) =>
          latest.version === job.version
            ? { dueAt: clock() + STOPPED_MS, place: asked(latest, askedAt) }
            : undefined,
        );
      },
      async unbegun() {
        await moves.move(job.jobId, { by: 'broker', note: 'had not started' }, (latest) =>
          latest.version === job.version ? { state: 'queued', dueAt: clock(), place: undefined } : undefined,
        );
      },
    });
  }

  /** A job that may have begun fails only once it is proven that it has not; else it is followed, or looked at again. */
  async function failUnlessBegun(
    job: Job,
    unit: Unit,
    askedAt: number | undefined,
    code: FailureCode,
    message: string,
  ): Promise<void> {
    if (askedAt === undefined) return fail(job, code, message);
    const there = unitOfJob(unit, job);
    await proven(job, there, askedAt, {
      begun: (arn) => started(there, job, arn),
      unbegun: () => fail(job, code, message),
    });
  }

  /** Asks Step Functions whether an execution has begun about which StartExecution gave no answer. */
  async function proven(
    job: Job,
    unit: Unit,
    askedAt: number,
    then: { begun: (arn: string) => Promise<void>; unbegun: () => Promise<void> },
  ): Promise<void> {
    const arn = executionArn(unit.stateMachineArn, job.executionName);
    try {
      await cloud.describeExecution(unit, arn);
      await then.begun(arn);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      if (error.problem !== 'not_found') return later(job, error, askedAt);
      if (clock() > askedAt + SETTLING_MS) return then.unbegun();
      await moves.move(job.jobId, { by: 'broker' }, (latest) =>
        latest.version === job.version
          ? { dueAt: askedAt + SETTLING_MS, place: asked(latest, askedAt) }
          : undefined,
      );
    }
  }

  /** Document first, then the execution: the worker always finds what it is pointed to. */
  async function launch(unit: Unit, job: Job, askedBefore: boolean): Promise<string> {
    const input: ExecutionInput = {
      jobId: job.jobId,
      attempt: job.attempt,
      bucket: job.document.bucket,
      key: job.document.key,
    };
    await cloud.putJobDocument(unit, job.document, documentOf(job, deps));
    if (clock() - (job.place?.askedAt ?? clock()) > START_WITHIN_MS)
      throw new CloudError('unavailable', 'StartExecution', 'TooLate', 'claimed too long ago to be started');
    try {
      return await cloud.startExecution(unit, job.executionName, input);
    } catch (error) {
      if (!(error instanceof CloudError) || error.problem !== 'already_exists') throw error;
      const arn = executionArn(unit.stateMachineArn, job.executionName);
      const existing = await cloud.describeExecution(unit, arn);
      if (existing.input !== JSON.stringify(input)) throw error;
      if (existing.status === 'ABORTED' && !askedBefore) throw new NameTaken(arn);
      return arn;
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
    if (!stored || isTerminal(stored.state) || stored.executionName !== job.executionName) {
      // Ended meanwhile, and perhaps begun anew: nobody waits for it. An attempt that has taken it up has its name.
      await cloud.stopExecution(unit, arn, 'the job had ended before its execution started');
    }
    log.info({ jobId: job.jobId, unitId: unit.unitId, attempt: job.attempt }, 'execution started');
  }

  /** Tried again; a job that may have begun keeps saying so, whatever the answer was this time. */
  async function later(job: Job, error: CloudError, askedAt: number | undefined): Promise<void> {
    const mayHaveBegun = askedAt !== undefined;
    const paused = { code: 'unit_paused', message: error.message } as const;
    if (error.problem === 'paused') return wait(job, paused, mayHaveBegun);
    const { tries, waitMs, unbegun, asking } = nextTry(job, error, ids.random());
    log.warn(
      { jobId: job.jobId, problem: error.problem, awsCode: error.awsCode, tries },
      'start will be retried',
    );
    // After `unavailable` the execution may exist, and after a try that nobody heard of: the job stays `starting`, and
    // only the same name is tried again. What is `queued` may be canceled without looking.
    const state = unbegun && !mayHaveBegun ? 'queued' : 'starting';
    const note = `${error.operation}: ${error.awsCode}, trying again`;
    // Said once: a store is no place for every try of six hours.
    const said = job.history.slice(-2).some((entry) => entry.note === note);
    // An answer that was lost just now counts from now on; any other says nothing of the one that was lost before.
    const since = error.problem === 'unavailable' && asking ? undefined : askedAt;
    await moves.move(job.jobId, { by: 'broker', note: said ? undefined : note }, (latest) => {
      if (state === 'queued' && onlyCanceledSince(job, latest)) return BEFORE_START;
      if (latest.version !== job.version) return undefined;
      if (isLost(latest, error, clock())) return lost(job, error.message);
      const place = since === undefined ? latest.place : asked(latest, since);
      return { state, tries, dueAt: nextLook(latest, clock(), waitMs), place };
    });
  }
}
