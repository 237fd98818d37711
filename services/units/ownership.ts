/**
 * Proof that a registrant holds credentials of an account: they sign sts:GetCallerIdentity over a challenge of
 * this broker, and STS says who signed. A challenge is for one person, good once and for 10 minutes, and names
 * the audience, so that a signature made for one broker is worth nothing to another.
 *
 * It shows that *some* principal of the account signed, not that the account's administrator did.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { OwnershipProof } from '../../src/schemas/unit.ts';
import { hashSecret } from '../jobs/token.ts';
import type { SpendToday } from '../limits/allowances.ts';
import { type Clock, CloudError, type Ids, type TokenStore } from '../ports.ts';
import { type CallerIdentities, type IdentityRequest, ProofError, type SignedIdentity } from './ports.ts';
import { type ProvenResources, resourcesHash } from './proven-resources.ts';

export const CHALLENGE_LIFE_MS = 10 * 60_000;

export interface Challenge {
  /** 256 bits, hex. It is the hash of the enrolment code, so who has the code needs nothing else. */
  nonce: string;
  audience: string;
  /** Registers one unit in this person's name without their password; for the stack that is being deployed. */
  enrolmentCode: string;
  expiresAt: number;
  /** Sign exactly this. */
  request: IdentityRequest;
}

export interface Ownership {
  /** @throws AppError limit_reached for who has asked too often today. */
  challenge(userId: string): Promise<Challenge>;
  /** Whom an enrolment code was given to, if its own challenge was signed. @throws AppError challenge_used */
  enrolling(enrolmentCode: string, signed: SignedIdentity): Promise<string>;
  /** The code has brought this unit in, and will let it go. */
  enrolled(enrolmentCode: string, userId: string, unitId: string): Promise<void>;
  /** What a code has brought in; once. */
  withdrawing(enrolmentCode: string): Promise<{ userId: string; unitId: string } | undefined>;
  /**
   * Uses up the challenge that was signed.
   * @throws AppError challenge_used, ownership_refused (nothing is said of the account), clock_skew, unavailable
   */
  prove(userId: string, resources: ProvenResources, signed: SignedIdentity): Promise<OwnershipProof>;
}

export interface OwnershipDeps {
  tokens: TokenStore;
  spendToday: SpendToday;
  callers: CallerIdentities;
  clock: Clock;
  ids: Ids;
  /** This broker and no other: its role's ARN. */
  audience: string;
  /** ARNs of who may prove an account, `*` for any characters. */
  allowed: readonly string[];
}

/** Creates the service. */
export function createOwnership(deps: OwnershipDeps): Ownership {
  const { tokens, spendToday, callers, clock, ids, audience } = deps;
  const allowed = deps.allowed.map(toPattern);

  return {
    async challenge(userId) {
      await spendToday(userId, 'challenges');
      const enrolmentCode = ids.secret(32);
      const nonce = nonceOf(enrolmentCode);
      const now = clock();
      const expiresAt = now + CHALLENGE_LIFE_MS;
      const token = { hash: hashSecret(nonce), kind: 'challenge' as const, userId, createdAt: now };
      await tokens.put({ ...token, expiresAt, attributes: {} });
      const request = callers.requestFor(`${audience};${nonce}`);
      return { nonce, audience, enrolmentCode, expiresAt, request };
    },

    async enrolling(enrolmentCode, signed) {
      const nonce = nonceOf(enrolmentCode);
      const found = await tokens.get(hashSecret(nonce));
      if (found?.kind !== 'challenge' || signed.challenge !== `${audience};${nonce}`) throw challengeUsed();
      return found.userId;
    },

    async enrolled(enrolmentCode, userId, unitId) {
      const hash = hashOfEnrolled(enrolmentCode);
      await tokens.put({ hash, kind: 'enrolled', userId, createdAt: clock(), attributes: { unitId } });
    },

    async withdrawing(enrolmentCode) {
      const found = await tokens.take(hashOfEnrolled(enrolmentCode));
      return found?.kind === 'enrolled'
        ? { userId: found.userId, unitId: found.attributes.unitId }
        : undefined;
    },

    async prove(userId, resources, signed) {
      const [forWhom, nonce, ...rest] = signed.challenge.split(';');
      if (forWhom !== audience || !/^[0-9a-f]{64}$/.test(nonce ?? '') || rest.length > 0) {
        throw refused('x-cloudmr-challenge: is not a challenge of this broker');
      }
      const hash = hashSecret(nonce);
      const known = await tokens.get(hash);
      if (known?.kind !== 'challenge' || known.userId !== userId) throw challengeUsed();
      // From here on it is used up, whatever comes out: two attempts at once are one attempt.
      if (!(await tokens.take(hash))) throw challengeUsed();
      try {
        const { accountId, arn } = await callers.callerOf(signed);
        if (accountId !== resources.awsAccountId) {
          throw refused(`the signature is of account ${accountId}, not of ${resources.awsAccountId}`);
        }
        if (!allowed.some((pattern) => pattern.test(arn))) {
          throw refused(`${arn} is not one of those who may prove an account here`);
        }
        const { crossAccountRoleArn: roleArn } = resources;
        return { callerArn: arn, at: clock(), resources: resourcesHash(resources), roleArn };
      } catch (error) {
        if (error instanceof ProofError) throw refused(error.message, error.code);
        if (!(error instanceof CloudError)) throw error;
        // Nobody has looked at the signature: the same challenge may be tried again.
        await tokens.put(known);
        throw new AppError('unavailable', 'STS does not answer');
      }
    },
  };
}

/** Everything but `*` is meant as it stands. */
function toPattern(arn: string): RegExp {
  const parts = arn.split('*').map((part) => part.replace(/[.+]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function nonceOf(enrolmentCode: string): string {
  return createHash('sha256').update(enrolmentCode).digest('hex');
}

/** Beside the hash of the challenge that the same code has. */
function hashOfEnrolled(enrolmentCode: string): string {
  return hashSecret(`enrolled:${nonceOf(enrolmentCode)}`);
}

/** It may not be used, for whatever reason. */
export function challengeUsed(): AppError {
  return new AppError('challenge_used', "the challenge is unknown, used, ended, or somebody else's");
}

function refused(why: string, code: ProofError['code'] = 'ownership_refused'): AppError {
  return new AppError(code, `the proof is refused: ${why}`);
}
