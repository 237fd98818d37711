/** What administrators do with accounts. What ends an account ends its tokens with it, at once. */
import { AppError } from '../../src/errors.ts';
import type { Role, User, UserStatus } from '../../src/schemas/identity.ts';
import type { Clock, Page, UserStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { allTokensEnded, type ChangeUser, noSuchAccount } from './change.ts';

export interface Accounts {
  /** One page of accounts; with a filter a page may hold fewer than `limit` although more follow. */
  list(options: {
    status?: UserStatus;
    resetRequested?: boolean;
    limit: number;
    cursor?: string;
  }): Promise<Page<User>>;
  /** Any account, also a deleted one. @throws AppError not_found */
  account(userId: string): Promise<User>;
  /** Lets a waiting or disabled account in. @throws AppError not_found */
  approve(userId: string): Promise<User>;
  /** Shuts an account out until it is approved again. @throws AppError not_found, conflict for one's own */
  disable(who: Principal, userId: string): Promise<User>;
  /** @throws AppError not_found, conflict for one's own */
  setRole(who: Principal, userId: string, role: Role): Promise<User>;
  /** Ends all sessions and personal access tokens; the person may sign in again. @throws AppError not_found */
  endTokens(userId: string): Promise<User>;
  /**
   * Deletes a person: nothing but the id is left, jobs under way come to their end unattended, the e-mail
   * address is free again. @throws AppError not_found, conflict for one's own
   */
  removeAccount(who: Principal, userId: string): Promise<User>;
}

export interface AccountsDeps {
  users: UserStore;
  change: ChangeUser;
  clock: Clock;
  /** An account is about to be let in. */
  beforeApproval: (user: User) => Promise<void>;
  /** Deletes what a person leaves behind. */
  afterRemoval: (userId: string) => Promise<void>;
}

/** Creates the administration of accounts. */
export function createAccounts({
  users,
  change,
  clock,
  beforeApproval,
  afterRemoval,
}: AccountsDeps): Accounts {
  /** Nobody can lock the last administrator out: an administrator is only ever changed by another one. */
  function mustBeAnother(who: Principal, userId: string): void {
    if (who.userId === userId) {
      throw new AppError('conflict', 'This is your own account.', { remedy: 'Ask another administrator.' });
    }
  }

  return {
    async list({ status, resetRequested, limit, cursor }) {
      const page = await users.list({ limit, cursor });
      const items = page.items.filter(
        (user) =>
          (status ? user.status === status : user.status !== 'deleted') &&
          (!resetRequested || user.resetRequestedAt !== undefined),
      );
      return { ...page, items };
    },

    async account(userId) {
      const user = await users.get(userId);
      if (!user) throw noSuchAccount();
      return user;
    },

    async approve(userId) {
      const known = await users.get(userId);
      if (known && known.status !== 'active' && known.status !== 'deleted') await beforeApproval(known);
      return change(userId, (user) => (user.status === 'active' ? undefined : { status: 'active' }));
    },

    async disable(who, userId) {
      mustBeAnother(who, userId);
      return change(userId, (user) =>
        user.status === 'disabled' ? undefined : { ...allTokensEnded(user, clock()), status: 'disabled' },
      );
    },

    async setRole(who, userId, role) {
      mustBeAnother(who, userId);
      return change(userId, (user) => (user.role === role ? undefined : { role }));
    },

    endTokens: (userId) => change(userId, (user) => allTokensEnded(user, clock())),

    async removeAccount(who, userId) {
      mustBeAnother(who, userId);
      const known = await users.get(userId);
      if (!known) throw noSuchAccount();
      const user =
        known.status === 'deleted' ? known : await change(userId, (current) => tombstone(current, clock()));
      // Also for one that is deleted already: a removal that was interrupted is completed by repeating it.
      await afterRemoval(userId);
      return user;
    },
  };
}

/** What is left of a deleted account. */
function tombstone(user: User, now: number): Partial<User> {
  return {
    ...allTokensEnded(user, now),
    status: 'deleted',
    role: 'user',
    email: `${user.userId}@deleted.invalid`,
    username: 'deleted',
    firstName: undefined,
    lastName: undefined,
    institution: undefined,
    title: undefined,
    passwordHash: '',
    resetRequestedAt: undefined,
  };
}
