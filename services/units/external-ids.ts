/**
 * External IDs: issued by the broker alone, to one person, and bound to one account when that account is
 * proven. What a registrant sends only chooses among the IDs that were issued to them.
 */
import { AppError } from '../../src/errors.ts';
import type { Unit } from '../../src/schemas/unit.ts';
import { hashSecret } from '../jobs/token.ts';
import type { SpendToday } from '../limits/allowances.ts';
import type { Clock, Ids, TokenStore } from '../ports.ts';
import type { Principal } from '../principal.ts';

/** An ID that was never used for a registration ends after this: a stack takes its time to deploy. */
const LIFE_MS = 7 * 24 * 3_600_000;

export interface IssuedExternalId {
  externalId: string;
  /** The only principal that the role's trust policy should name. */
  brokerRoleArn: string;
  expiresAt: number;
}

export interface ExternalIds {
  readonly brokerRoleArn: string;
  /** @throws AppError limit_reached for who has asked too often today. */
  issue(userId: string): Promise<IssuedExternalId>;
  /**
   * The ID that a unit of this person may have; undefined if neither the offered nor an older one is theirs.
   * @throws AppError ownership_refused for an ID that was issued to somebody else. It is random: who is told so
   * has seen it, so nothing can be found out by asking.
   */
  chosen(
    who: Principal,
    offered: string | undefined,
    unit: Pick<Unit, 'awsAccountId'>,
    existing: Unit | undefined,
  ): Promise<string | undefined>;
  /** Keeps an ID as long as the unit, for this account only. */
  bind(externalId: string, awsAccountId: string): Promise<void>;
}

/** Creates the service. */
export function createExternalIds(deps: {
  tokens: TokenStore;
  spendToday: SpendToday;
  clock: Clock;
  ids: Ids;
  brokerRoleArn: string;
}): ExternalIds {
  const { tokens, spendToday, clock, ids, brokerRoleArn } = deps;

  return {
    brokerRoleArn,

    async issue(userId) {
      await spendToday(userId, 'externalIds');
      // AWS allows letters, digits and +=,.@:/- ; no underscore, which base64url may contain.
      const externalId = `cloudmr-${ids.secret(24).replaceAll('_', '.')}`;
      const now = clock();
      const expiresAt = now + LIFE_MS;
      const hash = hashSecret(externalId);
      await tokens.put({ hash, kind: 'external_id', userId, createdAt: now, expiresAt, attributes: {} });
      return { externalId, brokerRoleArn, expiresAt };
    },

    async chosen(who, offered, { awsAccountId }, existing) {
      if (!offered || offered === existing?.externalId) return existing?.externalId;
      const issued = await tokens.get(hashSecret(offered));
      const theirs = issued?.kind === 'external_id' && issued.userId === who.userId;
      if (issued?.kind === 'external_id' && !theirs) throw issuedToAnother();
      const account = issued?.attributes['account'];
      return theirs && (account ?? awsAccountId) === awsAccountId ? offered : existing?.externalId;
    },

    async bind(externalId, awsAccountId) {
      const hash = hashSecret(externalId);
      const issued = await tokens.get(hash);
      if (issued?.kind !== 'external_id' || issued.attributes['account']) return;
      await tokens.put({ ...issued, expiresAt: undefined, attributes: { account: awsAccountId } });
    },
  };
}

function issuedToAnother(): AppError {
  return new AppError('ownership_refused', 'the external ID was issued to somebody else', {
    remedy: 'Ask for an external ID of your own (POST /api/computing-unit/external-id), and deploy with it.',
  });
}
