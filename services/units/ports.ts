/** What the trust and the checks of computing units need from the outside, beside ports.ts. */
import type { ObjectLocation } from '../../src/schemas/execution.ts';
import type { AccountQuota } from '../../src/schemas/quotas.ts';
import type { Mode, Unit } from '../../src/schemas/unit.ts';
import type { Page } from '../ports.ts';

export interface UnitStore {
  get(unitId: string): Promise<Unit | undefined>;
  /** A unit that was removed not long ago: to see how jobs that were under way there end, and for nothing else. */
  getRemoved(unitId: string): Promise<Unit | undefined>;
  /** By owner, app, account, region and state machine: what makes two registrations the same unit. */
  findSame(
    key: Pick<Unit, 'ownerId' | 'appId' | 'awsAccountId' | 'region' | 'stateMachineArn'>,
  ): Promise<Unit | undefined>;
  /** Who holds a role ARN, by a proven registration. */
  roleHolder(roleArn: string): Promise<string | undefined>;
  /** Ids of units whose next check is due, oldest first. */
  dueForCheck(now: number, limit: number): Promise<string[]>;
  /** A user's own units, those shared with them, and the shared ones of the app. */
  listVisible(ownerId: string, appId: string): Promise<Unit[]>;
  /**
   * The same a page at a time: those of the platform, those shared with the user, their own; each newest first. `own`:
   * these alone; `mode`: only the lists that hold units of it are read.
   */
  pageVisible(
    ownerId: string,
    appId: string,
    options: { limit: number; cursor?: string; own?: boolean; mode?: Mode },
  ): Promise<Page<Unit>>;
  /**
   * Creates or replaces (version conditional). `role_taken` if another owner holds the role ARN; `full` if it is new
   * and its owner has `most` units already. The role claim, the natural key, the count and the unit are one transaction.
   */
  put(unit: Unit, most?: number): Promise<'stored' | 'conflict' | 'role_taken' | 'full'>;
  remove(unit: Unit): Promise<void>;
}

/** What a registrant has signed for sts:GetCallerIdentity; all else of the request is the broker's own. */
export interface SignedIdentity {
  /** Names in lower case. */
  readonly authorization: string;
  readonly amzDate: string;
  readonly securityToken: string | undefined;
  readonly challenge: string;
}

/** The request that is to be signed, byte for byte. */
export interface IdentityRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The signature is not one that shows who signs; `message` says why, without repeating anything secret. */
export class ProofError extends Error {
  readonly code: 'ownership_refused' | 'clock_skew';
  constructor(message: string, code: ProofError['code'] = 'ownership_refused') {
    super(message);
    this.name = 'ProofError';
    this.code = code;
  }
}

/** Asks STS who signed. */
export interface CallerIdentities {
  /** What must be signed for a challenge. */
  requestFor(challenge: string): IdentityRequest;
  /** @throws ProofError if it is not signed as it must be; CloudError `unavailable` if STS does not answer. */
  callerOf(signed: SignedIdentity): Promise<{ accountId: string; arn: string }>;
}

/** How a role takes the three ways in: with the external ID, without any, with a wrong one. */
export interface TrustFindings {
  /** Percent of the room for session policies that ours takes; undefined if AWS did not say. */
  readonly policyPercent: number | undefined;
  /** The ways that must be closed and are open. */
  readonly open: readonly ('without an external ID' | 'with a wrong external ID')[];
  /** Whether sessions may say for whom they are (sts:SetSourceIdentity): CloudTrail shows it in every event then. */
  readonly sourceIdentity: boolean;
}

export interface UnitTrust {
  /** @throws CloudError; `trust_denied` if the role does not let the broker in with the external ID. */
  probe(unit: Unit): Promise<TrustFindings>;
}

/** One AssumeRole, granted or refused, as the owner of the account should read of it. */
export interface RoleUse {
  readonly unit: Unit;
  readonly purpose: string;
  /** Whose files the session reaches, if it is for one person's only. */
  readonly forUserId: string | undefined;
  /** As in CloudTrail; it holds the id of the job or request that opened the session. */
  readonly roleSessionName: string;
  /** `ok`, or the error code of AWS. */
  readonly outcome: string;
  /** Names the session in every event of CloudTrail; no secret. */
  readonly accessKeyId?: string;
  /** As in CloudTrail, if the role allows it. */
  readonly sourceIdentity?: string;
  /** Ways in that were tried although they must be closed, and how AWS answered. */
  readonly tried?: Readonly<Record<string, string>>;
}

/** Undefined: the role does not let the broker look. */
export interface BucketSettings {
  readonly publicAccessBlocked: boolean | undefined;
  readonly encrypted: boolean | undefined;
  readonly tlsOnly: boolean | undefined;
}

export interface FetchedUrl {
  readonly status: number;
  readonly sizeBytes: number;
  /** The header of that name; undefined: a browser would not show the answer to its page. */
  readonly allowOrigin: string | undefined;
  /** The time of S3, epoch ms. */
  readonly date: number | undefined;
}

/** What a bucket answers to a browser that asks before a page's request; lists as they stand in the headers. */
export interface PageAnswer {
  readonly status: number;
  readonly allowOrigin: string | undefined;
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposedHeaders: string;
}

/** What the checks try in a unit's account, besides what jobs do there anyway. All methods throw CloudError. */
export interface UnitProbe {
  /** The text of the state machine's definition. */
  definition(unit: Unit): Promise<string>;
  /** The tags of the state machine, by key. */
  tags(unit: Unit): Promise<Readonly<Record<string, string>>>;
  /** Where S3 says that a bucket is, whoever owns it; undefined if it does not say. */
  bucketRegion(unit: Unit, bucket: string): Promise<string | undefined>;
  /** What AWS has given the account in the unit's region. @throws CloudError `not_found` if AWS has no such value. */
  quota(unit: Unit, quota: AccountQuota): Promise<number>;
  /** Writes an object for checks; the key lies under `APP/preflight/`. */
  put(unit: Unit, location: ObjectLocation, content: Uint8Array): Promise<void>;
  /** Head, read and delete of such an object. */
  readBack(unit: Unit, location: ObjectLocation): Promise<void>;
  remove(unit: Unit, location: ObjectLocation): Promise<void>;
  /** Whether the role may read what lies outside the prefix of the app. */
  reachesOutside(unit: Unit, bucket: string): Promise<boolean>;
  settings(unit: Unit, bucket: string): Promise<BucketSettings>;
  /** Whether the role may list all buckets of the account, which nothing here needs. */
  seesAllBuckets(unit: Unit): Promise<boolean>;
  /** Fetches a presigned URL as a browser's page of `origin` would. */
  fetchUrl(url: string, origin: string | undefined): Promise<FetchedUrl>;
  /** Asks as a browser does before a page of `origin` sends such a request (CORS preflight). */
  askAsPage(
    url: string,
    origin: string,
    method: 'GET' | 'PUT',
    headers: readonly string[],
  ): Promise<PageAnswer>;
}
