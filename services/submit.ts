/**
 * Submit: choose the unit, name everything, store the job, answer. The start is the ticker's work; the
 * reply promises only what is stored.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../src/errors.ts';
import type { Job } from '../src/schemas/job.ts';
import type { Mode } from '../src/schemas/unit.ts';
import { attemptNames } from './attempts.ts';
import { ownerPrefix } from './naming.ts';
import type { Clock, Ids, JobStore } from './ports.ts';
import { byUser, type Principal } from './principal.ts';
import { takeFiles } from './task-files.ts';
import type { Ticker } from './ticker.ts';
import type { Units } from './units.ts';

/** A stored job must stay far below DynamoDB's 400 KB, with its history. */
const MAX_TASK_BYTES = 100_000;

/** A job as it is asked for, in canonical form. */
export interface Submission {
  appId: string;
  alias: string;
  task: Record<string, unknown>;
  output: Job['output'];
  unitId?: string;
  mode?: Mode;
}

export interface Submit {
  /** The stored job; the same one again for the same idempotency key and request. */
  submit(who: Principal, submission: Submission, idempotencyKey?: string): Promise<Job>;
}

export interface SubmitDeps {
  jobs: JobStore;
  units: Units;
  ticker: Pick<Ticker, 'nudge'>;
  clock: Clock;
  ids: Ids;
  tokenSecret: string;
}

/** Creates the service that accepts jobs. */
export function createSubmit({ jobs, units, ticker, clock, ids, tokenSecret }: SubmitDeps): Submit {
  return {
    async submit(who, submission, idempotencyKey) {
      const unit = await units.choose(who, submission.appId, submission);
      if (unit.status === 'pending') {
        throw new AppError('unit_not_ready', `the computing unit "${unit.alias}" cannot run jobs yet`, {
          details: { computingUnitId: unit.unitId, missing: unit.missing },
        });
      }
      const prefix = ownerPrefix(unit.appId, who.userId);
      const { task, inputs } = takeFiles(
        submission.task,
        (bucket, key) => bucket === unit.dataBucket && key.startsWith(prefix),
      );
      if (!inputs['signal']) throw new AppError('invalid_request', 'task: names no signal file');
      if (Buffer.byteLength(JSON.stringify(task)) > MAX_TASK_BYTES) {
        throw new AppError('payload_too_large', `task: larger than ${MAX_TASK_BYTES} bytes`);
      }
      const now = clock();
      const jobId = ids.next();
      const job: Job = {
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
        task,
        output: submission.output,
        inputs,
        ...attemptNames(unit, { jobId, ownerId: who.userId, attempt: 0 }, tokenSecret, now),
        history: [{ state: 'queued', at: now, by: byUser(who) }],
      };
      const stored = await jobs.create(job, idempotency(who, submission, idempotencyKey));
      if (stored === 'key_reused') {
        throw new AppError('idempotency_key_reuse', 'this Idempotency-Key was used for a different request');
      }
      ticker.nudge(stored.jobId);
      return stored;
    },
  };
}

function idempotency(
  who: Principal,
  submission: Submission,
  key: string | undefined,
): { key: string; requestHash: string } | undefined {
  if (key === undefined) return undefined;
  const requestHash = createHash('sha256').update(canonicalJson(submission)).digest('hex');
  return { key: `${who.userId}#${key}`, requestHash };
}

/** JSON with sorted keys: two spellings of one request are the same request. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
