/** Users in DynamoDB. The e-mail address is claimed in the same transaction that creates or changes a user. */
import { z } from 'zod';
import type { UserStore } from '../../../services/ports.ts';
import { type User, user as userShape } from '../../schemas/identity.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { emailKey, listed, userKey, usersPartition } from '../table/table.ts';

export const USER: Kind<User> = { name: 'user', schema: 1, shape: userShape };

const emailClaimShape = z.object({ userId: z.string() });
export const EMAIL_CLAIM: Kind<z.infer<typeof emailClaimShape>> = {
  name: 'email-claim',
  schema: 1,
  shape: emailClaimShape,
};

/** Creates the store of users. Addresses that differ only in case or blanks are the same address. */
export function createUserStore(table: ItemTable): UserStore {
  const get = (userId: string): Promise<User | undefined> => table.read(USER, userKey(userId));

  return {
    get,

    async findByEmail(email) {
      const claim = await table.read(EMAIL_CLAIM, emailKey(email));
      return claim && get(claim.userId);
    },

    async create(user) {
      const outcome = await table.transact([
        { put: itemOf(user), condition: ABSENT },
        { put: emailClaim(user), condition: ABSENT },
      ]);
      return outcome === 'written';
    },

    /** False if somebody else was faster, or if a new e-mail address belongs to somebody else. */
    async replace(next) {
      const stored = await get(next.userId);
      if (stored?.version !== next.version - 1) return false;
      const oldKey = emailKey(stored.email);
      if (oldKey.pk === emailKey(next.email).pk) return table.write(itemOf(next), ofVersion(stored.version));
      const outcome = await table.transact([
        { put: itemOf(next), condition: ofVersion(stored.version) },
        { put: emailClaim(next), condition: ABSENT },
        { remove: oldKey },
      ]);
      return outcome === 'written';
    },

    list(options) {
      return table.page(USER, { index: 'gsi1', partition: usersPartition() }, options);
    },
  };
}

function itemOf(user: User): Item {
  return toItem(USER, userKey(user.userId), user, {
    ...listed(usersPartition(), user.createdAt, user.userId),
    version: user.version,
  });
}

function emailClaim(user: User): Item {
  return toItem(EMAIL_CLAIM, emailKey(user.email), { userId: user.userId });
}
