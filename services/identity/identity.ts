/** Accounts and who is behind a token: registration with approval, sign-in, and the parts beside this file. */
import { AppError, type ErrorCode } from '../../src/errors.ts';
import type { User } from '../../src/schemas/identity.ts';
import type { News } from '../clockwork/news.ts';
import { createOutbox, type Outbox } from '../mail/outbox.ts';
import type { Mailer, MailStore } from '../mail/ports.ts';
import type { Clock, Ids, Log, TokenStore, UserStore } from '../ports.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { type Bearers, createBearers } from './bearers.ts';
import { createChangeUser, noSuchAccount, sessionsEnded } from './change.ts';
import { createForeignPeople } from './foreign.ts';
import { createGuard, type Refusals } from './guard.ts';
import { createPasswordActs, type PasswordActs } from './passwords.ts';
import type { AccessTokenStore, ForeignTokens, Passwords, SignInStore, TokenSigner } from './ports.ts';
import { createSessions } from './sessions.ts';

/** Web clients renew a token 15 minutes before it ends, so it has to live well longer than that. */
const TOKEN_SECONDS = 3_600;

/** What a person says about itself. */
export type PersonalData = Partial<
  Pick<User, 'username' | 'firstName' | 'lastName' | 'institution' | 'title'>
>;

export interface Registration extends PersonalData {
  email: string;
  password: string;
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

export interface Identity
  extends Accounts,
    Pick<PasswordActs, 'issueResetCode' | 'resetPassword' | 'changePassword'>,
    Pick<AccessTokens, 'createAccessToken' | 'listAccessTokens' | 'revokeAccessToken'>,
    Pick<Bearers, 'authenticate' | 'remembered'> {
  /** Stores an account that waits for approval. @throws AppError already_exists */
  register(input: Registration): Promise<User>;
  /** `ip`: where the attempt comes from. @throws AppError wrong_credentials, not_approved, too_many_requests */
  login(email: string, password: string, ip: string): Promise<SignedIn>;
  /** @throws AppError not_signed_in */
  refresh(refreshToken: string): Promise<SignedIn>;
  /** Notes that somebody needs a reset code. Answers the same, and as fast, whether the account exists or not. */
  forgotPassword(email: string): Promise<void>;
  /** Ends the session of a refresh token, or all sessions of the person. */
  logout(userId: string, which: { refresh_token?: string; everywhere: boolean }): Promise<void>;
  /** @throws AppError not_found */
  profile(userId: string): Promise<User>;
  /** Changes what is given; an empty text removes it. @throws AppError not_found */
  updateProfile(userId: string, data: PersonalData): Promise<User>;
  /** Another process has changed this account, or any. */
  forget(userId: string | undefined): void;
  /** Mail on its way; somebody has to call its tick. */
  readonly outbox: Pick<Outbox, 'tick' | 'idleMs' | 'onWake'>;
  /**
   * Creates the first administrator with the given password or one of its own; returns it only when it did, undefined
   * afterwards.
   */
  ensureAdmin(email: string, given?: string): Promise<{ email: string; password: string } | undefined>;
}

export interface IdentityDeps {
  users: UserStore;
  tokens: TokenStore;
  accessTokens: AccessTokenStore;
  signIns: SignInStore;
  mails: MailStore;
  /** Undefined: there is no mail, administrators hand codes over. */
  mailer?: Mailer;
  /** Where people sign in, for mail. */
  place: () => string;
  ids: Ids;
  clock: Clock;
  /** How processes tell each other what they have changed. Default: they do not. */
  news?: Pick<News, 'tell' | 'fresh' | 'sure'>;
  log: Log;
  tokenSecret: string;
  passwords: Passwords;
  signer: TokenSigner;
  /** The issuer that the operator trusts, if there is one. */
  foreignTokens?: ForeignTokens;
  /** Somebody tried to sign in to this account and was refused. Must not wait: the time of an answer tells. */
  onSignInRefused?: (userId: string, code: ErrorCode, refusals: Refusals) => void;
  /** Deletes what else a person leaves behind; repeated if it was interrupted. */
  onRemoved?: (userId: string) => Promise<void>;
}

/** Creates the identity service. */
export function createIdentity(deps: IdentityDeps): Identity {
  const { users, ids, clock, passwords, signer, foreignTokens } = deps;
  const sessions = createSessions(deps);
  const changed = (userId: string): void => {
    bearers.forget(userId);
    deps.news?.tell({ ownerId: userId });
  };
  const sure = async (): Promise<void> => deps.news?.sure();
  const change = createChangeUser({ users, clock, sure, changed });
  const accessTokens = createAccessTokens({ ...deps, sure, changed });
  const foreign = foreignTokens && createForeignPeople({ ...deps, foreignTokens, change });
  const bearers = createBearers({ users, signer, accessTokens, foreign, fresh: deps.news?.fresh, clock });
  const guard = createGuard(deps);
  const passwordActs = createPasswordActs({ ...deps, change });
  const outbox = createOutbox({ ...deps, mailer: deps.mailer, passwordActs });
  const accounts = createAccounts({
    users,
    change,
    clock,
    beforeApproval: outbox.announceApproval,
    async afterRemoval(userId) {
      await accessTokens.removeAll(userId);
      await deps.onRemoved?.(userId);
    },
  });
  const { createAccessToken, listAccessTokens, revokeAccessToken } = accessTokens;
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
    const { userId, email, username, sessionGeneration: generation } = user;
    const idToken = await signer.sign({ userId, use: 'id', email, username, generation }, now, expiresAt);
    const accessToken = await signer.sign({ userId, use: 'access', generation }, now, expiresAt);
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
    ...accounts,
    outbox,
    forget: bearers.forget,
    issueResetCode: passwordActs.issueResetCode,
    changePassword: passwordActs.changePassword,
    forgotPassword: outbox.askReset,
    createAccessToken,
    listAccessTokens,
    revokeAccessToken,
    authenticate: bearers.authenticate,
    remembered: bearers.remembered,

    async register(input) {
      const user = await create(input, { role: 'user', status: 'waiting' });
      if (!user) throw new AppError('already_exists', 'There is an account with this e-mail address.');
      return user;
    },

    async resetPassword(email, code, newPassword) {
      const userId = await passwordActs.resetPassword(email, code, newPassword);
      await guard.forgive(email);
      return userId;
    },

    async login(email, password, ip) {
      const refusals = await guard.begin(email, ip);
      const user = await users.findByEmail(email);
      decoy ??= passwords.hash(ids.secret(16));
      const right = await passwords.verify(user?.passwordHash || (await decoy), password);
      if (user && (!right || user.status !== 'active')) {
        deps.onSignInRefused?.(user.userId, right ? 'not_approved' : 'wrong_credentials', refusals);
      }
      if (user && right) await guard.passed(email, ip);
      if (!user || !right) throw new AppError('wrong_credentials', 'E-mail address or password is wrong.');
      if (user.status === 'waiting')
        throw new AppError('not_approved', 'The account waits for an administrator.');
      if (user.status !== 'active')
        throw new AppError('not_approved', 'The account was closed by an administrator.');
      return signedIn(user, await sessions.open(user.userId, user.sessionGeneration ?? 0));
    },

    async refresh(presented) {
      const { userId, generation, refreshToken } = await sessions.rotate(presented);
      const user = await users.get(userId);
      if (user?.status !== 'active' || (user.sessionGeneration ?? 0) !== generation) {
        await sessions.end(userId, refreshToken);
        throw new AppError('not_signed_in', 'The session was ended, or the account is not active.');
      }
      return signedIn(user, refreshToken);
    },

    async logout(userId, { refresh_token, everywhere }) {
      if (everywhere) await change(userId, (user) => sessionsEnded(user, clock()));
      else if (refresh_token) await sessions.end(userId, refresh_token);
    },

    async profile(userId) {
      const user = await users.get(userId);
      if (!user) throw noSuchAccount();
      return user;
    },

    updateProfile: (userId, data) =>
      change(userId, (user) => ({ ...data, username: data.username ?? user.username })),

    async ensureAdmin(email, given) {
      if (await users.findByEmail(email)) return undefined;
      const password = given ?? `${ids.secret(15)}-Aa1!`;
      const admin = await create({ email, password, username: 'admin' }, { role: 'admin', status: 'active' });
      return admin && { email, password };
    },
  };
}
