/** Accounts: registration with approval, sign-in, and who is behind a token. */
import { AppError, type ErrorCode } from '../src/errors.ts';
import type { User } from '../src/schemas/identity.ts';
import { createSessions } from './identity-sessions.ts';
import type { Clock, Ids, Page, Passwords, TokenSigner, TokenStore, UserStore } from './ports.ts';
import type { Principal } from './principal.ts';

/** Web clients renew a token 15 minutes before it ends, so it has to live well longer than that. */
const TOKEN_SECONDS = 3_600;
/**
 * A token that was checked is believed this long without checking again. So a disabled account or a changed
 * role takes effect in every broker process after this time at most.
 */
const SEEN_MS = 15_000;
const MAX_SEEN = 10_000;
/** Rounds of a conditional write that others keep winning. */
const MAX_ROUNDS = 5;

export interface Registration {
  email: string;
  password: string;
  username?: string;
  firstName?: string;
  lastName?: string;
}

/** What a sign-in gives. Callers of several generations read different names for the same token. */
export interface SignedIn {
  success: true;
  user_id: string;
  id_token: string;
  access_token: string;
  refresh_token: string;
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  idToken: string;
  token: string;
}

export interface Identity {
  /** Stores an account that waits for approval. @throws AppError already_exists */
  register(input: Registration): Promise<User>;
  /** @throws AppError wrong_credentials, not_approved */
  login(email: string, password: string): Promise<SignedIn>;
  /** @throws AppError not_signed_in */
  refresh(refreshToken: string): Promise<SignedIn>;
  /** The active user behind an identity or access token. @throws AppError not_signed_in */
  authenticate(bearer: string): Promise<Principal>;
  /** @throws AppError not_found */
  profile(userId: string): Promise<User>;
  /** One page of accounts; with `status` a page may hold fewer than `limit` although more follow. */
  list(options: { status?: User['status']; limit: number; cursor?: string }): Promise<Page<User>>;
  /** Lets a waiting or disabled account in. @throws AppError not_found */
  approve(userId: string): Promise<User>;
  /** Creates the first administrator; returns the password only when it did, undefined afterwards. */
  ensureAdmin(email: string): Promise<{ email: string; password: string } | undefined>;
}

export interface IdentityDeps {
  users: UserStore;
  tokens: TokenStore;
  ids: Ids;
  clock: Clock;
  passwords: Passwords;
  signer: TokenSigner;
  /** Somebody tried to sign in to this account and was refused. Must not wait: the time of an answer tells. */
  onSignInRefused?: (userId: string, code: ErrorCode) => void;
}

/** Creates the identity service. */
export function createIdentity(deps: IdentityDeps): Identity {
  const { users, ids, clock, passwords, signer } = deps;
  const sessions = createSessions(deps);
  /** By token. */
  const seen = new Map<string, { principal: Principal; until: number }>();
  /** Compared with when there is no such account, so that an answer takes equally long; made at first use. */
  let decoy: Promise<string> | undefined;

  async function create(
    input: Registration,
    given: Pick<User, 'role' | 'status'>,
  ): Promise<User | undefined> {
    const now = clock();
    const { password, ...person } = input;
    const user: User = {
      ...person,
      ...given,
      userId: ids.next(),
      username: input.username ?? input.email.split('@')[0],
      passwordHash: await passwords.hash(password),
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    return (await users.create(user)) ? user : undefined;
  }

  async function signedIn(user: User, refreshToken: string): Promise<SignedIn> {
    const now = clock();
    const expiresAt = now + TOKEN_SECONDS * 1000;
    const { userId, email, username } = user;
    const idToken = await signer.sign({ userId, use: 'id', email, username }, now, expiresAt);
    const accessToken = await signer.sign({ userId, use: 'access' }, now, expiresAt);
    return {
      success: true,
      user_id: userId,
      id_token: idToken,
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
      idToken,
      token: idToken,
    };
  }

  return {
    async register(input) {
      const user = await create(input, { role: 'user', status: 'waiting' });
      if (!user) throw new AppError('already_exists', 'There is an account with this e-mail address.');
      return user;
    },

    async login(email, password) {
      const user = await users.findByEmail(email);
      decoy ??= passwords.hash(ids.secret(16));
      const right = await passwords.verify(user?.passwordHash ?? (await decoy), password);
      if (user && (!right || user.status !== 'active')) {
        deps.onSignInRefused?.(user.userId, right ? 'not_approved' : 'wrong_credentials');
      }
      if (!user || !right) throw new AppError('wrong_credentials', 'E-mail address or password is wrong.');
      if (user.status === 'waiting')
        throw new AppError('not_approved', 'The account waits for an administrator.');
      if (user.status === 'disabled')
        throw new AppError('not_approved', 'The account was closed by an administrator.');
      return signedIn(user, await sessions.open(user.userId));
    },

    async refresh(presented) {
      const { userId, refreshToken } = await sessions.rotate(presented);
      const user = await users.get(userId);
      if (user?.status !== 'active') {
        await sessions.end(refreshToken);
        throw new AppError('not_signed_in', 'The account is not active.');
      }
      return signedIn(user, refreshToken);
    },

    async authenticate(bearer) {
      const now = clock();
      const known = seen.get(bearer);
      if (known && known.until > now) return known.principal;
      const claims = await signer.verify(bearer, now);
      if (!claims) throw new AppError('not_signed_in', 'The token is not valid or has ended.');
      const user = await users.get(claims.userId);
      if (user?.status !== 'active') throw new AppError('not_signed_in', 'The account is not active.');
      if (seen.size >= MAX_SEEN) seen.clear();
      const principal = { userId: user.userId, role: user.role, expiresAt: claims.expiresAt };
      seen.set(bearer, { principal, until: Math.min(now + SEEN_MS, claims.expiresAt) });
      return principal;
    },

    async profile(userId) {
      const user = await users.get(userId);
      if (!user) throw new AppError('not_found', 'There is no such account.');
      return user;
    },

    async list({ status, limit, cursor }) {
      const page = await users.list({ limit, cursor });
      return status ? { ...page, items: page.items.filter((user) => user.status === status) } : page;
    },

    async approve(userId) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const user = await users.get(userId);
        if (!user) throw new AppError('not_found', 'There is no such account.');
        if (user.status === 'active') return user;
        const next: User = { ...user, status: 'active', updatedAt: clock(), version: user.version + 1 };
        if (await users.replace(next)) return next;
      }
      throw new AppError('conflict', 'The account is being changed by somebody else.');
    },

    async ensureAdmin(email) {
      if (await users.findByEmail(email)) return undefined;
      const password = `${ids.secret(15)}-Aa1!`;
      const admin = await create({ email, password, username: 'admin' }, { role: 'admin', status: 'active' });
      return admin && { email, password };
    },
  };
}
