/**
 * What services need from the outside, in their own words. `src/aws` implements these with the SDK;
 * services never see it. Every method is safe to repeat.
 */
import type { Draft } from '../src/schemas/draft.ts';
import type { ExecutionInput, JobDocument, ObjectLocation } from '../src/schemas/execution.ts';
import type { Held } from '../src/schemas/holdings.ts';
import type { AuditEntry, DataRecord, StoredToken, User } from '../src/schemas/identity.ts';
import type { Job } from '../src/schemas/job.ts';
import type { UnitLimits, Usage } from '../src/schemas/limits.ts';
import type { Roi } from '../src/schemas/roi.ts';
import type { Unit } from '../src/schemas/unit.ts';

/** Epoch milliseconds. */
export type Clock = () => number;

/** Timers; each call gives the way to stop it. */
export interface Timers {
  every(ms: number, work: () => void): () => void;
  after(ms: number, work: () => void): () => void;
}

/** Sources of names and randomness. */
export interface Ids {
  /** A new ULID. */
  next(): string;
  /** `bytes` random bytes as base64url. */
  secret(bytes: number): string;
  /** Seed in [0, 1) for jitter. */
  random(): number;
}

export interface Page<T> {
  readonly items: T[];
  readonly cursor: string | undefined;
}

/** A key that a caller gave to a request, and the hash of that request. */
export interface IdempotencyKey {
  readonly key: string;
  readonly requestHash: string;
}

export interface JobStore {
  /**
   * Stores a new job and, in the same transaction, its idempotency key and what it uses. Returns the job that
   * exists under that key or id already instead (same request), `key_reused` (another request), or
   * `usage_changed` if a usage is no longer of the version before the one given: nothing was written then.
   */
  create(
    job: Job,
    idempotency?: IdempotencyKey,
    usages?: readonly Usage[],
  ): Promise<Job | 'key_reused' | 'usage_changed'>;
  /** The job under an idempotency key; `key_reused` if the key stands for another request. */
  ofKey(ownerId: string, idempotency: IdempotencyKey, now: number): Promise<Job | 'key_reused' | undefined>;
  get(jobId: string): Promise<Job | undefined>;
  /** Newest first; of those created within a time, if one is given. */
  listByOwner(
    ownerId: string,
    options: { limit: number; cursor?: string; created?: { from: number; before: number } },
  ): Promise<Page<Job>>;
  /**
   * Ids of open jobs whose `dueAt` has passed, oldest first; of some shards only, if they are given. Cost does not
   * depend on the number of jobs.
   */
  due(now: number, limit: number, shards?: readonly number[]): Promise<string[]>;
  /**
   * Writes `next` if the stored version is still `next.version - 1` (and the usages' likewise, in the same
   * transaction); false if somebody else was faster.
   */
  replace(next: Job, usages?: readonly Usage[]): Promise<boolean>;
  /** Ids of lost jobs whose execution is to be looked for again, oldest first. */
  lostDue(now: number, limit: number): Promise<string[]>;
  /** Deletes the job if the stored version is still that of `job`; false if it is another one, or gone. */
  remove(job: Job): Promise<boolean>;
}

/** A job that the ticker leaves alone, because its steps have failed in ways that nobody expected. */
export interface AsideJob {
  readonly jobId: string;
  readonly at: number;
  /** Of the last failure; holds no secret. */
  readonly error: string;
  readonly failures: number;
}

export interface AsideStore {
  /** Sets a job aside; it need not be readable. */
  put(entry: AsideJob): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<AsideJob[]>;
  /** Lets a job go: due from `now`, or nevermore if that is undefined. Undefined if it is not set aside. */
  release(jobId: string, now: number | undefined): Promise<AsideJob | undefined>;
}

export interface UsageStore {
  get(scope: string): Promise<Usage | undefined>;
  limitsOfUnit(unitId: string): Promise<UnitLimits | undefined>;
  putLimitsOfUnit(limits: UnitLimits): Promise<void>;
}

export interface UserStore {
  get(userId: string): Promise<User | undefined>;
  findByEmail(email: string): Promise<User | undefined>;
  /** False if the e-mail address is taken. */
  create(user: User): Promise<boolean>;
  replace(next: User): Promise<boolean>;
  list(options: { limit: number; cursor?: string }): Promise<Page<User>>;
}

/** Sessions, external IDs and other things found by the hash of a secret; they end by TTL. */
export interface TokenStore {
  put(token: StoredToken): Promise<void>;
  /** Writes `next` if the stored version is still `next.version - 1`; false if it is another one, or gone. */
  replace(next: StoredToken): Promise<boolean>;
  get(hash: string): Promise<StoredToken | undefined>;
  /** Removes it and says what it was; of several takers at once only one gets it. */
  take(hash: string): Promise<StoredToken | undefined>;
  remove(hash: string): Promise<void>;
}

export interface DataStore {
  /** Stores a new record, unless its owner holds as much as `caps` say of something: then that is answered. */
  create(record: DataRecord, caps?: Partial<Record<Held, number>>): Promise<'stored' | { full: Held }>;
  /**
   * Writes `next` if the stored version is still `next.version - 1`; false if it is another one, or gone.
   * `ended`: its upload in parts is over.
   */
  replace(next: DataRecord, ended?: boolean): Promise<boolean>;
  get(ownerId: string, dataId: string): Promise<DataRecord | undefined>;
  listByOwner(ownerId: string, options: { limit: number; cursor?: string }): Promise<Page<DataRecord>>;
  remove(ownerId: string, dataId: string): Promise<void>;
}

export interface DraftStore {
  put(draft: Draft): Promise<void>;
  /** Expired ones may still be found for a while. */
  get(ownerId: string, draftId: string): Promise<Draft | undefined>;
}

/** Regions of interest, a partition per person and job. */
export interface RoiStore {
  create(roi: Roi): Promise<void>;
  /** Writes `next` if the stored version is still `next.version - 1`. */
  replace(next: Roi): Promise<boolean>;
  get(ownerId: string, roiId: string): Promise<Roi | undefined>;
  /** Newest first; all, since a job has a few hundred at most. */
  listByJob(ownerId: string, jobId: string): Promise<Roi[]>;
  remove(ownerId: string, roiId: string): Promise<void>;
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>;
  /** Stores an entry in the place of one with the same id and a smaller count. */
  recount(entry: AuditEntry, count: number): Promise<void>;
  listByOwner(ownerId: string, options: { limit: number; cursor?: string }): Promise<Page<AuditEntry>>;
}

/** Why a call to somebody's AWS account did not work, in terms a service can decide on. */
export type CloudProblem =
  | 'trust_denied' // AssumeRole refused: trust policy or external ID
  | 'paused' // its owner or an administrator has stopped the use of the account
  | 'denied' // the session may not do this
  | 'expired' // the session ended
  | 'clock_skew' // AWS finds the time of the signature too far from its own
  | 'not_found' // state machine, execution, bucket or object is not there
  | 'already_exists' // the execution name is taken
  | 'invalid' // AWS says the request is wrong
  | 'throttled'
  | 'unavailable'; // network, time-out, 5xx: nobody knows whether it had an effect

export class CloudError extends Error {
  readonly problem: CloudProblem;
  readonly operation: string;
  readonly awsCode: string;
  constructor(problem: CloudProblem, operation: string, awsCode: string, message: string) {
    super(message);
    this.name = 'CloudError';
    this.problem = problem;
    this.operation = operation;
    this.awsCode = awsCode;
  }
}

export interface ExecutionState {
  readonly arn: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly input: string | undefined;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
}

/** An execution in a list: enough to see which jobs still run. */
export interface ListedExecution {
  readonly name: string;
  readonly arn: string;
  readonly startedAt: number | undefined;
}

export interface ObjectInfo {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly metadata: Record<string, string>;
  /** As S3 computed it: see `runResult`. Undefined if the object was stored without one. */
  readonly checksumSHA256?: string;
}

export interface SignedUrl {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** Headers the client must send with the request. */
  readonly headers: Record<string, string>;
  /** Epoch ms: the earlier of what was asked and the end of the session that signed. */
  readonly expiresAt: number;
}

/** A part of an upload and where to PUT it. */
export interface SignedPart extends SignedUrl {
  /** From 1. */
  readonly partNumber: number;
}

/** Uploads in parts. All methods throw CloudError; `not_found` once an upload is completed or aborted. */
export interface UploadCloud {
  /** Returns the upload id. */
  beginUpload(unit: Unit, location: ObjectLocation): Promise<string>;
  presignParts(
    unit: Unit,
    location: ObjectLocation,
    uploadId: string,
    partNumbers: readonly number[],
    seconds: number,
  ): Promise<SignedPart[]>;
  /** Parts ascending; `invalid` if one is missing, altered or too small. */
  completeUpload(
    unit: Unit,
    location: ObjectLocation,
    uploadId: string,
    parts: readonly { readonly partNumber: number; readonly etag: string }[],
  ): Promise<void>;
  abortUpload(unit: Unit, location: ObjectLocation, uploadId: string): Promise<void>;
  /** Writes the object of a file that has no bytes, and so no parts. */
  putEmpty(unit: Unit, location: ObjectLocation): Promise<void>;
}

/**
 * The AWS account of a computing unit, reached through a session of its role (Mode 2: AssumeRole with the
 * external ID; Mode 1: the broker's own account). All methods throw CloudError.
 */
export interface UnitCloud extends UploadCloud {
  putJobDocument(unit: Unit, location: ObjectLocation, document: JobDocument): Promise<void>;
  /** Returns the execution ARN. Repeating it with the same name and input while it runs is harmless. */
  startExecution(unit: Unit, name: string, input: ExecutionInput): Promise<string>;
  describeExecution(unit: Unit, executionArn: string): Promise<ExecutionState>;
  /** Executions that run, newest first; not `complete` if there are more than a few thousand. May be some seconds old. */
  runningExecutions(unit: Unit): Promise<{ executions: ListedExecution[]; complete: boolean }>;
  stopExecution(unit: Unit, executionArn: string, reason: string): Promise<void>;
  headObject(unit: Unit, location: ObjectLocation): Promise<ObjectInfo>;
  /** A small JSON object of one person, parsed; `invalid` if it is larger than `maxBytes`, or no JSON. */
  readJson(unit: Unit, location: ObjectLocation, maxBytes: number): Promise<unknown>;
  deleteObject(unit: Unit, location: ObjectLocation): Promise<void>;
  presignGet(unit: Unit, location: ObjectLocation, filename: string, seconds: number): Promise<SignedUrl>;
  presignPut(unit: Unit, location: ObjectLocation, seconds: number): Promise<SignedUrl>;
  /** Drops cached sessions of a unit (removed, re-registered or degraded). */
  forget(unitId: string): void;
}

/** Structured log; fields never hold tokens, URLs or file names. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}
