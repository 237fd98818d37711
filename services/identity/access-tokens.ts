/**
 * Personal access tokens: for scripts and deploy pipelines, which cannot sign in. A token is
 * `cmrpat_<id>_<secret>`: the id finds the record, the hash of the whole proves the secret, and the prefix lets
 * scanners recognise a leaked one. It can do what its scopes say and no more than its owner, and ends by itself.
 */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { AccessToken } from '../../src/schemas/identity.ts';
import type { Scope } from '../../src/schemas/scopes.ts';
import { hashSecret, matchesHash } from '../jobs/token.ts';
import { tooMany } from '../limits/allowances.ts';
import type { Clock, Ids, Page, UserStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { noSuchAccount } from './change.ts';
import type { AccessTokenStore } from './ports.ts';

export const ACCESS_TOKEN_PREFIX = 'cmrpat_';
/** Use is noted when the last note is older than this. */
const NOTE_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

export interface AccessTokenWish {
  name: string;
  scopes: Scope[];
  days: number;
}

export interface AccessTokens {
  /** The token itself is in this answer only. @throws AppError not_allowed, too_many */
  createAccessToken(who: Principal, wish: AccessTokenWish): Promise<{ record: AccessToken; token: string }>;
  listAccessTokens(who: Principal, options: { limit: number; cursor?: string }): Promise<Page<AccessToken>>;
  /** Dead at once. @throws AppError not_found */
  revokeAccessToken(who: Principal, tokenId: string): Promise<void>;
  /** Deletes the records of a person whose tokens are dead already. */
  removeAll(userId: string): Promise<void>;
  /** The record behind a token that is presented. @throws AppError not_signed_in */
  prove(token: string): Promise<AccessToken>;
}

export interface AccessTokensDeps {
  accessTokens: AccessTokenStore;
  users: UserStore;
  ids: Ids;
  clock: Clock;
  /** Comes before a change; fails if other processes would not hear of it. */
  sure: () => Promise<void>;
  /** The tokens of a person have changed. */
  changed: (userId: string) => void;
}

/** Creates the service of personal access tokens. */
export function createAccessTokens(deps: AccessTokensDeps): AccessTokens {
  const { accessTokens: store, users, ids, clock, sure, changed } = deps;

  async function noteUse(record: AccessToken, now: number): Promise<void> {
    if (record.lastUsedAt !== undefined && now - record.lastUsedAt < NOTE_MS) return;
    // Lost against another use or a revocation: either way there is nothing left to note.
    await store.replace({ ...record, lastUsedAt: now, version: record.version + 1 });
  }

  return {
    async createAccessToken(who, { name, scopes, days }) {
      if (who.role !== 'admin' && scopes.some((scope) => scope.startsWith('admin:'))) {
        throw new AppError('not_allowed', 'Only administrators make tokens for administration.');
      }
      const user = await users.get(who.userId);
      if (!user) throw noSuchAccount();
      const now = clock();
      const tokenId = ids.next();
      const token = `${ACCESS_TOKEN_PREFIX}${tokenId}_${ids.secret(32)}`;
      const record: AccessToken = {
        tokenId,
        userId: who.userId,
        name,
        scopes: [...new Set(scopes)],
        hash: hashSecret(token),
        hint: token.slice(-4),
        createdAt: now,
        expiresAt: now + days * DAY_MS,
        generation: user.tokenGeneration ?? 0,
        version: 1,
      };
      if (!(await store.create(record, MOST_HELD.tokens))) throw tooMany('tokens');
      return { record, token };
    },

    listAccessTokens: (who, options) => store.listByOwner(who.userId, options),

    async revokeAccessToken(who, tokenId) {
      const record = await store.get(tokenId);
      if (record?.userId !== who.userId) throw new AppError('not_found', `There is no token ${tokenId}.`);
      await sure();
      await store.remove(tokenId);
      changed(who.userId);
    },

    async removeAll(userId) {
      const { items } = await store.listByOwner(userId, { limit: 2 * MOST_HELD.tokens });
      for (const { tokenId } of items) await store.remove(tokenId);
    },

    async prove(token) {
      const now = clock();
      const [tokenId] = token.slice(ACCESS_TOKEN_PREFIX.length).split('_');
      const record = await store.get(tokenId);
      if (!record || !matchesHash(token, record.hash)) {
        throw new AppError('not_signed_in', 'This personal access token is not valid or was revoked.');
      }
      if (record.expiresAt <= now) {
        const expiredAt = new Date(record.expiresAt).toISOString();
        throw new AppError(
          'not_signed_in',
          `The personal access token "${record.name}" ended at ${expiredAt}.`,
          {
            remedy: 'Make a new token on the profile page and store it where the old one is used.',
            details: { expiredAt },
          },
        );
      }
      await noteUse(record, now);
      return record;
    },
  };
}
