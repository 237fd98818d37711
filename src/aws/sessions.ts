/**
 * Sessions in the accounts of computing units. Mode 1 works with the broker's own credentials; a unit with a
 * role is entered by AssumeRole with its external ID and a session policy, once per unit, purpose and owner
 * until 5 minutes before the session ends.
 */
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { type Clock, CloudError } from '../../services/ports.ts';
import { coversRole } from '../../services/proven-resources.ts';
import type { RoleUse } from '../../services/unit-ports.ts';
import type { Unit } from '../schemas/unit.ts';
import { mayBeExpired, toCloudError } from './cloud-errors.ts';
import type { AwsCredentials, CredentialProvider } from './credentials.ts';
import { createRenewing, type Renewing } from './renewing.ts';
import { sessionName } from './session-name.ts';
import { type Purpose, sessionPolicy } from './session-policy.ts';

export interface Session {
  /** The same object for the life of the session, so that clients and signers can be kept with it. */
  readonly credentials: AwsCredentials;
  /** Epoch ms; Infinity for an access key without end. */
  readonly expiresAt: number;
}

export interface Sessions {
  /** A session with at least `minimumMs` of life, if its account gives such sessions. Throws CloudError. */
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
  /** The account of the broker: the only one where units need no role. */
  readonly brokerAccountId: string;
  readonly clock: Clock;
  /** Told of every AssumeRole, granted or refused, before its session is used. Must not throw. */
  readonly onAssumed?: (use: RoleUse) => Promise<void>;
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
  const { sts, baseCredentials, brokerAccountId, clock, maxSessions = 10_000 } = deps;
  const base = createRenewing({ obtain: baseSession(baseCredentials), clock, marginMs: MARGIN_MS });
  const assumed = new Map<string, { unitId: string; session: Renewing<Session> }>();

  function sessionOf(unit: Unit, purpose: Purpose): Renewing<Session> {
    const roleArn = unit.crossAccountRoleArn;
    if (!roleArn) {
      if (unit.mode === 'mode_1' && unit.awsAccountId === brokerAccountId) return base;
      throw new CloudError('trust_denied', 'AssumeRole', 'NoRole', 'the computing unit names no role');
    }
    if (unit.mode === 'mode_2' && !unit.externalId) {
      throw new CloudError('trust_denied', 'AssumeRole', 'NoExternalId', 'no external ID');
    }
    // The role may be anybody's: its trust is probed by unit-trust.ts alone, and only once it is proven.
    if (unit.mode === 'mode_2' && !coversRole(unit.proof, unit)) {
      const message = 'nobody has proven that this role is theirs';
      throw new CloudError('trust_denied', 'AssumeRole', 'NoProof', message);
    }
    const key = cacheKey(unit, purpose);
    const entry = assumed.get(key) ?? {
      unitId: unit.unitId,
      session: createRenewing({
        obtain: () => audited(unit, roleArn, purpose),
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

  async function audited(unit: Unit, roleArn: string, purpose: Purpose): Promise<Session> {
    const use = {
      unit,
      purpose: purpose.kind,
      forUserId: 'ownerId' in purpose ? purpose.ownerId : undefined,
      roleSessionName: sessionName(purpose.kind, unit.unitId),
    };
    try {
      const session = await assumeRole(unit, roleArn, purpose, use.roleSessionName);
      await deps.onAssumed?.({ ...use, outcome: 'ok', accessKeyId: session.credentials.accessKeyId });
      return session;
    } catch (error) {
      await deps.onAssumed?.({ ...use, outcome: error instanceof CloudError ? error.awsCode : 'error' });
      throw error;
    }
  }

  async function assumeRole(
    unit: Unit,
    roleArn: string,
    purpose: Purpose,
    RoleSessionName: string,
  ): Promise<Session> {
    const command = new AssumeRoleCommand({
      RoleArn: roleArn,
      ExternalId: unit.externalId,
      RoleSessionName,
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
    return { credentials, expiresAt: Expiration.getTime() };
  }

  return {
    async get(unit, purpose, minimumMs) {
      return sessionOf(unit, purpose).get(minimumMs);
    },

    async use(unit, purpose, operation, work) {
      const sessions = sessionOf(unit, purpose);
      let session: Session | undefined;
      return retryExpired(
        operation,
        async () => work((session = await sessions.get())),
        async () => {
          if (session) sessions.drop(session);
        },
      );
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

/** The broker's own credentials as a session. */
function baseSession(provider: CredentialProvider): (refused: boolean) => Promise<Session> {
  return async (refused) => {
    try {
      const credentials = await provider({ forceRefresh: refused });
      return { credentials, expiresAt: credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY };
    } catch (error) {
      throw toCloudError('GetCredentials', error);
    }
  };
}

/** Everything a session depends on: a unit that changes never meets a session of its former self. */
function cacheKey(unit: Unit, purpose: Purpose): string {
  return [
    unit.unitId,
    purpose.kind,
    'ownerId' in purpose ? purpose.ownerId : '',
    'bucket' in purpose ? purpose.bucket : '',
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
