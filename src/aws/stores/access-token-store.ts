/** Personal access tokens in DynamoDB. Their id is part of the token, so one read finds the hash to compare. */
import type { AccessTokenStore } from '../../../services/identity/ports.ts';
import type { Clock } from '../../../services/ports.ts';
import { type AccessToken, accessToken } from '../../schemas/identity.ts';
import { ABSENT, ofVersion, PRESENT } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { accessTokenKey, accessTokensPartition, listed } from '../table/table.ts';
import type { HoldingsTable } from './holdings.ts';

export const ACCESS_TOKEN: Kind<AccessToken> = { name: 'access-token', schema: 1, shape: accessToken };

/** Creates the store of personal access tokens. */
export function createAccessTokenStore(
  table: ItemTable,
  clock: Clock,
  holdings: HoldingsTable,
): AccessTokenStore {
  const changeOf = ({ expiresAt: endsAt }: AccessToken, by: 1 | -1) => ({
    tokens: { by, endsAt, now: clock() },
  });

  return {
    async create(token, most) {
      const operations = [{ put: itemOf(token), condition: ABSENT }];
      const outcome = await holdings.transact(token.userId, changeOf(token, 1), { tokens: most }, operations);
      return outcome === 'written' || !('full' in outcome);
    },
    get(tokenId) {
      return table.read(ACCESS_TOKEN, accessTokenKey(tokenId));
    },
    /** Conditional also because a token that was revoked meanwhile must not come back. */
    replace(next) {
      return table.write(itemOf(next), ofVersion(next.version - 1));
    },
    async remove(tokenId) {
      const token = await table.read(ACCESS_TOKEN, accessTokenKey(tokenId));
      if (!token) return;
      const operations = [{ remove: accessTokenKey(tokenId), condition: PRESENT }];
      await holdings.transact(token.userId, changeOf(token, -1), {}, operations);
    },
    listByOwner(userId, options) {
      return table.page(ACCESS_TOKEN, { index: 'gsi1', partition: accessTokensPartition(userId) }, options);
    },
  };
}

function itemOf(token: AccessToken): Item {
  return toItem(ACCESS_TOKEN, accessTokenKey(token.tokenId), token, {
    ...listed(accessTokensPartition(token.userId), token.createdAt, token.tokenId),
    expiresAtSeconds: Math.ceil(token.expiresAt / 1000),
    version: token.version,
  });
}
