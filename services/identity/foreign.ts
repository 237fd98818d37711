/**
 * People who sign in at a foreign OpenID Connect issuer. The issuer's name for a person is bound to one account
 * for good. At the first visit it is bound to the account of the verified e-mail address, which loses its
 * password and its tokens: whoever registered that address before never proved that it was theirs. If there is
 * no such account, one is made that waits for an administrator, like every other.
 */
import { AppError } from '../../src/errors.ts';
import type { User } from '../../src/schemas/identity.ts';
import { hashSecret } from '../jobs/token.ts';
import type { Clock, Ids, TokenStore, UserStore } from '../ports.ts';
import { allTokensEnded, type ChangeUser } from './change.ts';
import type { EndedToken, ForeignClaims, ForeignTokens } from './ports.ts';

export interface ForeignPeople {
  /**
   * The account of a foreign token; undefined if the token is not valid.
   * @throws AppError not_signed_in if the person has no account and no verified e-mail address
   */
  recognise(
    token: string,
    now: number,
  ): Promise<{ userId: string; issuedAt: number; expiresAt: number } | EndedToken | undefined>;
}

export interface ForeignPeopleDeps {
  foreignTokens: ForeignTokens;
  users: UserStore;
  tokens: TokenStore;
  change: ChangeUser;
  ids: Ids;
  clock: Clock;
}

/** Creates the binding of foreign people to accounts. */
export function createForeignPeople(deps: ForeignPeopleDeps): ForeignPeople {
  const { foreignTokens, users, tokens, change, ids, clock } = deps;

  async function accountOf(email: string, link: string, claims: ForeignClaims): Promise<User> {
    const now = clock();
    const fresh: User = {
      userId: ids.next(),
      email,
      username: claims.name ?? email.split('@')[0],
      firstName: claims.firstName,
      lastName: claims.lastName,
      role: 'user',
      status: 'waiting',
      passwordHash: '',
      foreignLink: link,
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    const known = await users.findByEmail(email);
    if (!known && (await users.create(fresh))) return fresh;
    const owner = known ?? (await users.findByEmail(email));
    if (!owner) throw new AppError('conflict', 'The account is being made by another request.');
    return change(owner.userId, (user) => {
      if (user.foreignLink === link) return undefined;
      if (user.foreignLink !== undefined) {
        throw new AppError('not_signed_in', 'The account of this e-mail address belongs to somebody else.', {
          remedy: 'Ask an administrator to delete the old account of this address.',
        });
      }
      // Ended up to this token: the very token that binds the account is not ended by it.
      const endedAt = Math.max(claims.issuedAt, user.sessionsEndedAt ?? 0);
      return { ...allTokensEnded(user, endedAt), passwordHash: '', foreignLink: link };
    });
  }

  async function bind(link: string, claims: ForeignClaims): Promise<string> {
    if (!claims.email) {
      throw new AppError('not_signed_in', 'The issuer of this token names no verified e-mail address.', {
        remedy: 'Verify your e-mail address where you sign in, and send the identity token.',
      });
    }
    const { userId } = await accountOf(claims.email, link, claims);
    await tokens.put({
      hash: link,
      kind: 'oidc',
      userId,
      createdAt: clock(),
      attributes: { issuer: claims.issuer },
    });
    return userId;
  }

  return {
    async recognise(token, now) {
      const claims = await foreignTokens.verify(token, now);
      if (!claims || 'endedAt' in claims) return claims;
      const link = hashSecret(`oidc\n${claims.issuer}\n${claims.subject}`);
      const bound = await tokens.get(link);
      const userId = bound?.kind === 'oidc' ? bound.userId : await bind(link, claims);
      const { issuedAt, expiresAt } = claims;
      return { userId, issuedAt, expiresAt };
    },
  };
}
