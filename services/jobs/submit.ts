/**
 * Submit: plan the job, name everything, store it, answer. The start is the ticker's work; the reply promises
 * only what is stored.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { KeptEstimate } from '../../src/schemas/estimate.ts';
import type { Job } from '../../src/schemas/job.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import type { Ticker } from '../clockwork/ticker.ts';
import type { Estimate } from '../limits/estimate.ts';
import type { LimitsService } from '../limits/limits.ts';
import type { Clock, IdempotencyKey, Ids, JobStore } from '../ports.ts';
import { byUser, type Principal } from '../principal.ts';
import type { UnitStore } from '../units/ports.ts';
import { attemptNames } from './attempts.ts';
import type { Drafts } from './drafts.ts';
import { executionArn } from './naming.ts';
import type { JobPlan, PlanJob, RunWish } from './plan.ts';

/** A job as it is asked for, in canonical form. */
export interface Submission extends RunWish {
  /** May be left out for a pipeline that was made before, with a name. */
  alias?: string;
  /** A pipeline that was made before; any other id is ignored. */
  draftId?: string;
  /** The person pays no more than this: dearer jobs, by the upper end of the estimate, are refused. */
  maxUsd?: number;
}

/** A job that is stored, and what its caller is told of it. */
export interface Accepted {
  readonly job: Job;
  /** Undefined for a repeated request whose unit was removed meanwhile. */
  readonly unit: Unit | undefined;
  /** Under which name the execution will be found. */
  readonly executionArn: string | undefined;
  readonly warnings: string[];
}

export interface Submit {
  /**
   * The stored job; the same one again for the same idempotency key and request, whatever has become of limits
   * and units since. Throws AppError: those of a plan, limit_reached, price_too_high, idempotency_key_reuse.
   */
  submit(who: Principal, submission: Submission, idempotencyKey?: string): Promise<Accepted>;
  /** What the same submission would take and cost. Nothing is stored. */
  estimate(who: Principal, wish: RunWish): Promise<{ unit: Unit; estimate: Estimate; warnings: string[] }>;
}

export interface SubmitDeps {
  jobs: JobStore;
  units: Pick<UnitStore, 'get'>;
  planJob: PlanJob;
  drafts: Pick<Drafts, 'find'>;
  limits: Pick<LimitsService, 'admit'>;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
  ids: Ids;
  tokenSecret: string;
}

/** Creates the service that accepts jobs. */
export function createSubmit(deps: SubmitDeps): Submit {
  const { jobs, units, planJob, drafts, limits, ticker, clock, ids, tokenSecret } = deps;

  function newJob(
    who: Principal,
    submission: Submission & { alias: string },
    plan: JobPlan,
    { jobId, requestHash }: Pick<Job, 'jobId' | 'requestHash'>,
  ): Job {
    const { unit, task, inputs, estimate } = plan;
    const now = clock();
    return {
      jobId,
      ownerId: who.userId,
      appId: unit.appId,
      unitId: unit.unitId,
      mode: unit.mode,
      alias: submission.alias,
      state: 'queued',
      version: 1,
      attempt: 0,
      tries: 0,
      createdAt: now,
      updatedAt: now,
      dueAt: now,
      ...(requestHash && { requestHash }),
      task,
      output: submission.output,
      inputs,
      estimate: kept(estimate),
      ...attemptNames(unit, { jobId, ownerId: who.userId, attempt: 0 }, tokenSecret, now),
      history: [{ state: 'queued', at: now, by: byUser(who) }],
    };
  }

  /** The unit is undefined for a job that was there before. */
  type Stored = Pick<Accepted, 'job' | 'unit' | 'warnings'>;

  async function stored(
    who: Principal,
    submission: Submission,
    idempotency: IdempotencyKey | undefined,
  ): Promise<Stored> {
    try {
      return await storedNow(who, submission, idempotency);
    } catch (error) {
      // Nearly all keys are new, so the write itself looks whether this one is; only who is refused is looked up.
      const refused = error instanceof AppError && error.code !== 'idempotency_key_reuse';
      const known = refused && idempotency && (await jobs.ofKey(who.userId, idempotency, clock()));
      if (known) return { job: mustBeSame(known), unit: undefined, warnings: [] };
      throw error;
    }
  }

  async function storedNow(
    who: Principal,
    submission: Submission,
    idempotency: IdempotencyKey | undefined,
  ): Promise<Stored> {
    const draft = submission.draftId ? await drafts.find(who, submission.draftId) : undefined;
    const alias = submission.alias ?? draft?.alias;
    if (alias === undefined) throw new AppError('invalid_request', 'Parameter alias is required');
    const plan = await planJob(who, submission, 'arrived');
    mustBeCheapEnough(plan.estimate, submission.maxUsd);
    const jobId = draft?.draftId ?? ids.next();
    // A draft can be queued under several keys, and after a key is forgotten.
    const requestHash = draft && requestHashOf(submission);
    const job = newJob(who, { ...submission, alias }, plan, { jobId, requestHash });
    const created = await limits.admit(who, plan.unit, { jobId, usd: plan.estimate.usd.likely }, (usages) =>
      jobs.create(job, idempotency, usages),
    );
    const stored = mustBeSame(created);
    if (stored === job) return { job, unit: plan.unit, warnings: plan.warnings };
    return { job: stored, unit: undefined, warnings: [] };
  }

  return {
    async submit(who, submission, idempotencyKey) {
      const key = idempotencyKey ?? (submission.draftId && `pipeline ${submission.draftId}`);
      const idempotency = key === undefined ? undefined : fingerprint(who, submission, key);
      const { job, warnings, ...planned } = await stored(who, submission, idempotency);
      ticker.nudge(job.jobId);
      const unit = planned.unit ?? (await units.get(job.unitId));
      const arn = unit && executionArn(unit.stateMachineArn, job.executionName);
      return { job, unit, executionArn: job.executionArn ?? arn, warnings };
    },

    async estimate(who, wish) {
      const { unit, estimate, warnings } = await planJob(who, wish, 'announced');
      return { unit, estimate, warnings };
    },
  };
}

function kept({ platform, vcpu, memoryMb, seconds, usd }: Estimate): KeptEstimate {
  return { platform, vcpu, memoryMb, seconds, usd };
}

function mustBeSame(found: Job | 'key_reused'): Job {
  if (found !== 'key_reused') return found;
  throw new AppError(
    'idempotency_key_reuse',
    'this Idempotency-Key or pipeline was used for a different request',
  );
}

/** A job that the platform pays for costs the person nothing. */
function mustBeCheapEnough({ usd, paidBy }: Estimate, maxUsd: number | undefined): void {
  if (maxUsd === undefined || paidBy === 'platform' || usd.high <= maxUsd) return;
  throw new AppError('price_too_high', `the job may cost ${usd.high} USD, more than max_usd`, {
    details: { usd, maxUsd },
  });
}

function fingerprint(who: Principal, submission: Submission, key: string): IdempotencyKey {
  return { key: `${who.userId}#${key}`, requestHash: requestHashOf(submission) };
}

function requestHashOf(submission: Submission): string {
  return createHash('sha256').update(canonicalJson(submission)).digest('hex');
}

/** JSON with sorted keys: two spellings of one request are the same request. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
