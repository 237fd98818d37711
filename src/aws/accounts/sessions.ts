/**
 * Sessions in the accounts of computing units. Each is entered by AssumeRole with a session policy, and in Mode 2
 * with its external ID, once per unit, purpose and owner until 5 minutes before the session ends. The broker's own
 * credentials are used for nothing but that.
 */
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { type Clock, CloudError } from '../../../services/ports.ts';
import type { RoleUse } from '../../../services/units/ports.ts';
import type { EndOfUse, SessionUses } from '../../../services/units/session-uses.ts';
import type { Unit } from '../../schemas/unit.ts';
import { mayBeExpired, toCloudError } from '../cloud-errors.ts';
import type { AwsCredentials, CredentialProvider } from '../credentials.ts';
import { createRenewing, type Renewing } from './renewing.ts';
import { sessionName, sourceIdentityOf } from './session-name.ts';
import { type Purpose, sessionPolicy } from './session-policy.ts';
import { mustBeProven, type Platform, roleOf, type UnitRole } from './unit-role.ts';

export interface Session {
  /** The same object for the life of the session, so that clients and signers can be kept with it. */
  readonly credentials: AwsCredentials;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** As in CloudTrail. */
  readonly roleSessionName: string;
  readonly sourceIdentity: string | undefined;
}

type Names = Pick<Session, 'roleSessionName' | 'sourceIdentity'>;

export interface Sessions {
  /** A session to sign with: `minimumMs` of life at least, if its account gives such sessions. Throws CloudError. */
  get(unit: Unit, purpose: Purpose, minimumMs?: number): Promise<Session>;
  /**
   * Runs `work` with a session. If AWS says that the session has ended, it runs once more with a new one;
   * then the problem is `expired`. All errors of AWS become CloudError with the name of `operation`.
   */
  use<T>(unit: Unit, purpose: Purpose, operation: string, work: (session: Session) => Promise<T>): Promise<T>;
  /** Drops all sessions of a unit; work that is under way keeps its own. */
  forget(unitId: string): void;
}

export interface SessionsDeps {
  readonly sts: STSClient;
  readonly baseCredentials: CredentialProvider;
  readonly platform: Platform;
  readonly clock: Clock;
  /** Asked before every use. @throws CloudError `paused` */
  readonly mustBeOpen?: () => Promise<void>;
  /** Told of every AssumeRole, granted or refused, before its session is used. Must not throw. */
  readonly onAssumed?: (use: RoleUse) => Promise<void>;
  /** Told of every use of a session, which goes ahead if it resolves, and how AWS answered. Rejects with CloudError. */
  readonly beforeUse?: SessionUses['begin'];
  /** Waits until STS may be asked. Throws CloudError `throttled`. */
  readonly beforeAssume?: () => Promise<void>;
  /** Sessions kept at most; the oldest go first. Default 10,000. */
  readonly maxSessions?: number;
}

/** Role chaining allows no more: the broker itself runs on a role. */
const SESSION_SECONDS = 3_600;
/** A session is renewed this long before it ends. */
const MARGIN_MS = 5 * 60_000;

/** Creates the sessions of one broker process. */
export function createSessions(deps: SessionsDeps): Sessions {
  const { sts, baseCredentials, platform, clock, maxSessions = 10_000 } = deps;
  const assumed = new Map<string, { unitId: string; session: Renewing<Session> }>();

  function sessionOf(unit: Unit, purpose: Purpose): Renewing<Session> {
    const role = roleOf(unit, platform);
    mustBeProven(unit);
    const key = cacheKey(unit, purpose);
    const entry = assumed.get(key) ?? {
      unitId: unit.unitId,
      session: createRenewing({
        obtain: () => audited(unit, role, purpose),
        clock,
        marginMs: MARGIN_MS,
      }),
    };
    // Put at the end again: the first key is the one that was used longest ago.
    assumed.delete(key);
    assumed.set(key, entry);
    const [oldest] = assumed.keys();
    if (assumed.size > maxSessions) assumed.delete(oldest);
    return entry.session;
  }

  async function audited(unit: Unit, role: UnitRole, purpose: Purpose): Promise<Session> {
    const forUserId = 'ownerId' in purpose ? purpose.ownerId : undefined;
    const roleSessionName = sessionName(purpose.kind, unit.unitId);
    const use = { unit, purpose: purpose.kind, forUserId, roleSessionName };
    const sourceIdentity = mayNameSource(unit) ? sourceIdentityOf(forUserId) : undefined;
    try {
      const session = await assumeRole(unit, role, purpose, { roleSessionName, sourceIdentity });
      const { accessKeyId } = session.credentials;
      await deps.onAssumed?.({ ...use, outcome: 'ok', accessKeyId, sourceIdentity: session.sourceIdentity });
      return session;
    } catch (error) {
      await deps.onAssumed?.({ ...use, outcome: error instanceof CloudError ? error.awsCode : 'error' });
      throw error;
    }
  }

  async function assumeRole(unit: Unit, role: UnitRole, purpose: Purpose, names: Names): Promise<Session> {
    try {
      return await assumeOnce(unit, role, purpose, names);
    } catch (error) {
      const denied = error instanceof CloudError && error.problem === 'trust_denied';
      if (!denied || names.sourceIdentity === undefined) throw error;
      // The role may have allowed it when it was looked at, and no longer: no reason to leave a job waiting.
      return assumeOnce(unit, role, purpose, { ...names, sourceIdentity: undefined });
    }
  }

  async function assumeOnce(
    unit: Unit,
    { roleArn, externalId }: UnitRole,
    purpose: Purpose,
    { roleSessionName, sourceIdentity }: Names,
  ): Promise<Session> {
    const command = new AssumeRoleCommand({
      RoleArn: roleArn,
      ExternalId: externalId,
      RoleSessionName: roleSessionName,
      SourceIdentity: sourceIdentity,
      DurationSeconds: SESSION_SECONDS,
      Policy: JSON.stringify(sessionPolicy(purpose, unit)),
    });
    await deps.beforeAssume?.();
    const { Credentials } = await retryExpired(
      'AssumeRole',
      () => sts.send(command),
      async () => void (await baseCredentials({ forceRefresh: true })),
    );
    if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey || !Credentials.Expiration) {
      throw new CloudError('unavailable', 'AssumeRole', 'NoCredentials', 'AssumeRole gave no credentials');
    }
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials;
    const credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
    return { credentials, expiresAt: Expiration.getTime(), roleSessionName, sourceIdentity };
  }

  async function begin(
    unit: Unit,
    { kind }: Purpose,
    session: Session,
    operation: string,
  ): Promise<EndOfUse> {
    const { roleSessionName, credentials } = session;
    const { accessKeyId } = credentials;
    const used = { unit, purpose: kind, roleSessionName, accessKeyId };
    return (await deps.beforeUse?.(used, operation)) ?? (() => {});
  }

  return {
    async get(unit, purpose, minimumMs) {
      if (deps.mustBeOpen) await deps.mustBeOpen();
      const session = await sessionOf(unit, purpose).get(minimumMs);
      (await begin(unit, purpose, session, 'Presign'))('ok');
      return session;
    },

    async use(unit, purpose, operation, work) {
      if (deps.mustBeOpen) await deps.mustBeOpen();
      const sessions = sessionOf(unit, purpose);
      let session: Session | undefined;
      const once = async (): Promise<Awaited<ReturnType<typeof work>>> => {
        session = await sessions.get();
        const end = await begin(unit, purpose, session, operation);
        try {
          const done = await work(session);
          end('ok');
          return done;
        } catch (error) {
          const outcome = toCloudError(operation, error);
          end(outcome instanceof CloudError ? outcome.awsCode : 'error');
          throw error;
        }
      };
      return retryExpired(operation, once, async () => {
        if (session) sessions.drop(session);
      });
    },

    forget(unitId) {
      for (const [key, entry] of assumed) if (entry.unitId === unitId) assumed.delete(key);
    },
  };
}

/** Whole seconds until a session ends; AWS refuses its URLs from then on, whatever they say themselves. */
export function lifeOf(session: Session, now: number): number {
  const seconds = Math.floor((session.expiresAt - now) / 1000);
  if (seconds > 0) return seconds;
  throw new CloudError('expired', 'Presign', 'ExpiredToken', 'the session that signs has ended');
}

/** The last look at the role has found that it lets sessions say for whom they are. */
function mayNameSource({ checks }: Unit): boolean {
  return checks?.some(({ code, status }) => code === 'source_identity' && status === 'passed') ?? false;
}

/** Runs `work`, and once more after `renew` if the first try met an ended session. */
async function retryExpired<T>(
  operation: string,
  work: () => Promise<T>,
  renew: () => Promise<void>,
): Promise<T> {
  try {
    try {
      return await work();
    } catch (error) {
      if (!mayBeExpired(error)) throw error;
      await renew();
      return await work();
    }
  } catch (error) {
    throw toCloudError(operation, error);
  }
}

/** Everything a session depends on: a unit that changes never meets a session of its former self. */
function cacheKey(unit: Unit, purpose: Purpose): string {
  return [
    unit.unitId,
    purpose.kind,
    'ownerId' in purpose ? purpose.ownerId : '',
    // A unit that has degraded, or recovered, in any broker is entered anew by all of them.
    unit.statusSince,
    unit.crossAccountRoleArn,
    unit.externalId,
    unit.stateMachineArn,
    unit.dataBucket,
    unit.resultsBucket,
    unit.failedBucket,
    unit.appId,
  ].join('\n');
}
