/** Acts on accounts and tokens that go into the audit trail: the identity service with a record of what it did. */
import type { User } from '../../src/schemas/identity.ts';
import type { Act, Audit } from '../audit/audit.ts';
import { workContext } from '../context.ts';
import type { Identity } from './identity.ts';

/** Wraps the service. */
export function auditedIdentity(identity: Identity, audit: Pick<Audit, 'record'>): Identity {
  /** In the trail of the person concerned and in that of whoever did it. */
  async function recordForBoth(
    userId: string,
    act: Pick<Act, 'action' | 'outcome' | 'details'>,
  ): Promise<void> {
    const actor = workContext().actor?.replace(/^user:/, '');
    for (const ownerId of new Set([userId, actor ?? userId])) {
      await audit.record({ ...act, subject: userId, ownerId });
    }
  }
  /** An act of an administrator on an account. */
  function acting<Args extends unknown[]>(
    action: string,
    work: (...args: Args) => Promise<User>,
    outcome: (user: User) => string = (user) => user.status,
  ): (...args: Args) => Promise<User> {
    return async (...args) => {
      const user = await work(...args);
      await recordForBoth(user.userId, { action, outcome: outcome(user) });
      return user;
    };
  }
  const ofToken = (
    action: string,
    ownerId: string,
    subject: string,
    details?: Act['details'],
  ): Promise<void> => audit.record({ ownerId, action, subject, outcome: 'ok', details });

  return {
    ...identity,
    approve: acting('user.approve', identity.approve),
    disable: acting('user.disable', identity.disable),
    removeAccount: acting('user.delete', identity.removeAccount),
    endTokens: acting('user.end-tokens', identity.endTokens),
    setRole: acting('user.role', identity.setRole, (user) => user.role),
    async issueResetCode(userId) {
      const issued = await identity.issueResetCode(userId);
      await recordForBoth(userId, { action: 'user.reset-code', outcome: 'issued' });
      return issued;
    },
    async resetPassword(email, code, newPassword) {
      const userId = await identity.resetPassword(email, code, newPassword);
      await recordForBoth(userId, { action: 'user.reset-password', outcome: 'ok' });
      return userId;
    },
    async changePassword(userId, oldPassword, newPassword) {
      await identity.changePassword(userId, oldPassword, newPassword);
      await recordForBoth(userId, { action: 'user.change-password', outcome: 'ok' });
    },
    async createAccessToken(who, wish) {
      const made = await identity.createAccessToken(who, wish);
      const details = { name: wish.name, scopes: made.record.scopes.join(' ') };
      await ofToken('access-token.create', who.userId, made.record.tokenId, details);
      return made;
    },
    async revokeAccessToken(who, tokenId) {
      await identity.revokeAccessToken(who, tokenId);
      await ofToken('access-token.revoke', who.userId, tokenId);
    },
  };
}
