/** Sessions, external IDs and other things known by the hash of a secret, in DynamoDB with TTL. */
import type { Clock, TokenStore } from '../../services/ports.ts';
import { type StoredToken, storedToken } from '../schemas/identity.ts';
import type { ItemTable } from './item-table.ts';
import { type Kind, toItem } from './items.ts';
import { tokenKey } from './table.ts';

const TOKEN: Kind<StoredToken> = { name: 'token', schema: 1, shape: storedToken };

/** Creates the store of tokens. An ended token is not found, however late DynamoDB deletes it. */
export function createTokenStore(table: ItemTable, clock: Clock): TokenStore {
  return {
    async put(token) {
      const expiresAtSeconds = token.expiresAt === undefined ? undefined : Math.ceil(token.expiresAt / 1000);
      await table.write(toItem(TOKEN, tokenKey(token.hash), token, { expiresAtSeconds }));
    },
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
