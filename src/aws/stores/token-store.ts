/** Sessions, external IDs and other things known by the hash of a secret, in DynamoDB with TTL. */
import type { Clock, TokenStore } from '../../../services/ports.ts';
import { type StoredToken, storedToken } from '../../schemas/identity.ts';
import { before } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { tokenKey } from '../table/table.ts';

export const TOKEN: Kind<StoredToken> = { name: 'token', schema: 1, shape: storedToken };

/** Creates the store of tokens. An ended token is not found, however late DynamoDB deletes it. */
export function createTokenStore(table: ItemTable, clock: Clock): TokenStore {
  return {
    async put(token) {
      await table.write(itemOf(token));
    },
    replace: (next) => table.write(itemOf(next), before(next.version ?? 0)),
    async get(hash) {
      const token = await table.read(TOKEN, tokenKey(hash));
      return token?.expiresAt !== undefined && token.expiresAt <= clock() ? undefined : token;
    },
    async take(hash) {
      const token = await table.take(TOKEN, tokenKey(hash));
      return token?.expiresAt !== undefined && token.expiresAt <= clock() ? undefined : token;
    },
    async remove(hash) {
      await table.remove(tokenKey(hash));
    },
  };
}

function itemOf(token: StoredToken): Item {
  const { hash, expiresAt, version } = token;
  const expiresAtSeconds = expiresAt === undefined ? undefined : Math.ceil(expiresAt / 1000);
  return toItem(TOKEN, tokenKey(hash), token, { expiresAtSeconds, version });
}
