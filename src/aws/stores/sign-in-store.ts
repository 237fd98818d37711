/** Attempts to sign in, in DynamoDB with TTL. */
import type { SignInStore } from '../../../services/identity/ports.ts';
import { type SignIns, signIns } from '../../schemas/sign-ins.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { signInsKey } from '../table/table.ts';

export const SIGN_INS: Kind<SignIns> = { name: 'sign-ins', schema: 1, shape: signIns };

/** Creates the store of attempts. */
export function createSignInStore(table: ItemTable): SignInStore {
  return {
    get: (account) => table.read(SIGN_INS, signInsKey(account)),
    replace(next, endsAt) {
      const { account, version } = next;
      const expiresAtSeconds = Math.ceil(endsAt / 1000);
      const item = toItem(SIGN_INS, signInsKey(account), next, { version, expiresAtSeconds });
      return table.write(item, version > 1 ? ofVersion(version - 1) : ABSENT);
    },
  };
}
