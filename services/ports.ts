/**
 * What services need from the outside, in their own words. `src/aws` implements these with the SDK;
 * services never see it. Every method is safe to repeat.
 */
import type { ExecutionInput, JobDocument, ObjectLocation } from '../src/schemas/execution.ts';
import type { AuditEntry, DataRecord, StoredToken, User } from '../src/schemas/identity.ts';
import type { Job } from '../src/schemas/job.ts';
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

export interface JobStore {
  /**
   * Stores a new job and, in the same transaction, its idempotency key. Returns the job that exists under
   * that key already instead (same request hash), or `key_reused` (another request hash).
   */
  create(job: Job, idempotency?: { key: string; requestHash: string }): Promise<Job | 'key_reused'>;
  get(jobId: string): Promise<Job | undefined>;
  /** Newest first. */
  listByOwner(ownerId: string, options: { limit: number; cursor?: string }): Promise<Page<Job>>;
  /** Ids of open jobs whose `dueAt` has passed, oldest first. Cost does not depend on the number of jobs. */
  due(now: number, limit: number): Promise<string[]>;
  /** Writes `next` if the stored version is still `next.version - 1`; false if somebody else was faster. */
  replace(next: Job): Promise<boolean>;
  /** Deletes the job if the stored version is still that of `job`; false if it is another one, or gone. */
  remove(job: Job): Promise<boolean>;
}

export interface UnitStore {
  get(unitId: string): Promise<Unit | undefined>;
  /** By owner, app, account, region and state machine: what makes two registrations the same unit. */
  findSame(
    key: Pick<Unit, 'ownerId' | 'appId' | 'awsAccountId' | 'region' | 'stateMachineArn'>,
  ): Promise<Unit | undefined>;
  /** A user's own units and the shared ones of the app. */
  listVisible(ownerId: string, appId: string): Promise<Unit[]>;
  /**
   * Creates or replaces (version conditional). `role_taken` if another owner holds the role ARN.
   * The role claim, the natural key and the unit are one transaction.
   */
  put(unit: Unit): Promise<'stored' | 'conflict' | 'role_taken'>;
  remove(unit: Unit): Promise<void>;
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
  get(hash: string): Promise<StoredToken | undefined>;
  remove(hash: string): Promise<void>;
}

export interface DataStore {
  put(record: DataRecord): Promise<void>;
  get(ownerId: string, dataId: string): Promise<DataRecord | undefined>;
  listByOwner(ownerId: string, options: { limit: number; cursor?: string }): Promise<Page<DataRecord>>;
  remove(ownerId: string, dataId: string): Promise<void>;
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>;
  listByOwner(ownerId: string, options: { limit: number; cursor?: string }): Promise<Page<AuditEntry>>;
}

/** Why a call to somebody's AWS account did not work, in terms a service can decide on. */
export type CloudProblem =
  | 'trust_denied' // AssumeRole refused: trust policy or external ID
  | 'denied' // the session may not do this
  | 'expired' // the session ended
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

/** One AssumeRole, granted or refused, as the owner of the account should read of it. */
export interface RoleUse {
  readonly unit: Unit;
  readonly purpose: string;
  /** Whose files the session reaches, if it is for one person's only. */
  readonly forUserId: string | undefined;
  /** As in CloudTrail. One name per unit and purpose: the session is kept and serves many requests. */
  readonly roleSessionName: string;
  /** `ok`, or the error code of AWS. */
  readonly outcome: string;
  /** Names the session in every event of CloudTrail; no secret. */
  readonly accessKeyId?: string;
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

export interface ObjectInfo {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly metadata: Record<string, string>;
}

export interface SignedUrl {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** Headers the client must send with the request. */
  readonly headers: Record<string, string>;
  /** Epoch ms: the earlier of what was asked and the end of the session that signed. */
  readonly expiresAt: number;
}

/**
 * The AWS account of a computing unit, reached through a session of its role (Mode 2: AssumeRole with the
 * external ID; Mode 1: the broker's own account). All methods throw CloudError.
 */
export interface UnitCloud {
  putJobDocument(unit: Unit, location: ObjectLocation, document: JobDocument): Promise<void>;
  /** Returns the execution ARN. Repeating it with the same name and input while it runs is harmless. */
  startExecution(unit: Unit, name: string, input: ExecutionInput): Promise<string>;
  describeExecution(unit: Unit, executionArn: string): Promise<ExecutionState>;
  stopExecution(unit: Unit, executionArn: string, reason: string): Promise<void>;
  headObject(unit: Unit, location: ObjectLocation): Promise<ObjectInfo>;
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

/** Slow, salted hashes of passwords; computed outside the event loop. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** False for a wrong password and for a hash that cannot be read. */
  verify(hash: string, password: string): Promise<boolean>;
}

/** What a signed token says about its bearer. */
export interface TokenClaims {
  readonly userId: string;
  /** Callers send either as Bearer; the identity token carries more about the person. */
  readonly use: 'id' | 'access';
  readonly email?: string;
  readonly username?: string;
}

/** Short-lived signed tokens. Times in epoch milliseconds. */
export interface TokenSigner {
  sign(claims: TokenClaims, now: number, expiresAt: number): Promise<string>;
  /** Undefined if the token is not ours, is altered, or has ended. */
  verify(token: string, now: number): Promise<(TokenClaims & { readonly expiresAt: number }) | undefined>;
}
