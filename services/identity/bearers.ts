/**
 * Who is behind a Bearer token: a session's token, a personal access token, or a token of the foreign issuer.
 * What a token proves is remembered, and so is the account for a moment. A change of the account is seen at
 * once by the broker process that made it, and by all others when that moment is over; as long as all of them tell what
 * they change (news.ts), when they have been told.
 */
import { AppError } from '../../src/errors.ts';
import type { User } from '../../src/schemas/identity.ts';
import type { Scope } from '../../src/schemas/scopes.ts';
import type { Clock, UserStore } from '../ports.ts';
import type { Principal } from '../principal.ts';
import { ACCESS_TOKEN_PREFIX, type AccessTokens } from './access-tokens.ts';
import type { ForeignPeople } from './foreign.ts';
import type { EndedToken, TokenSigner } from './ports.ts';

/** How long an account is believed to be as it was read, and a personal access token not to be revoked. */
const MOMENT_MS = 2_000;
/** The longest that either is believed while all changes are told: somebody may write to the table by hand. */
const TOLD_MS = 3_600_000;
/** How long the keys of a foreign issuer are believed to be still his. */
const FOREIGN_MS = 300_000;
const MAX_REMEMBERED = 10_000;

/** What a token proves, apart from the state of the account. */
interface Proof {
  readonly userId: string;
  readonly expiresAt: number;
  readonly scopes?: readonly Scope[];
  /** False if everything of its kind was ended since it was made. */
  readonly stands: (user: User) => boolean;
}

export interface Bearers {
  /** The active user behind a token. @throws AppError not_signed_in, not_approved, unavailable */
  authenticate(bearer: string): Promise<Principal>;
  /** The same at once, if all that it takes is remembered and speaks for the token. */
  remembered(bearer: string): Principal | undefined;
  /** Drops what is remembered of a person, or of everybody. */
  forget(userId: string | undefined): void;
}

export interface BearersDeps {
  users: UserStore;
  signer: TokenSigner;
  accessTokens: Pick<AccessTokens, 'prove'>;
  foreign: ForeignPeople | undefined;
  /** Whether other processes tell what they change; `forget` is called for it. Default: they do not. */
  fresh?: () => boolean;
  clock: Clock;
}

/** What is believed until then; and longer, up to `longest`, while changes are told. */
interface Believed {
  readonly until: number;
  readonly longest: number;
}

/** Creates the check of Bearer tokens. */
export function createBearers(deps: BearersDeps): Bearers {
  const { users, signer, accessTokens, foreign, fresh = () => false, clock } = deps;
  const proofs = new Map<string, { proof: Proof } & Believed>();
  const people = new Map<string, { user: User } & Believed>();
  /** Grows with every change: what was read before one is not remembered after it. */
  let changes = 0;

  const holds = ({ until, longest }: Believed, now: number): boolean =>
    until > now || (longest > now && fresh());

  async function prove(bearer: string, now: number): Promise<Proof> {
    const known = proofs.get(bearer);
    if (known && holds(known, now)) return known.proof;
    const before = changes;
    const { proof, ms } = await provenAnew(bearer, now);
    const until = Math.min(now + ms, proof.expiresAt);
    const longest = ms === MOMENT_MS ? Math.min(now + TOLD_MS, proof.expiresAt) : until;
    if (before === changes) remember(proofs, bearer, { proof, until, longest });
    return proof;
  }

  async function provenAnew(bearer: string, now: number): Promise<{ proof: Proof; ms: number }> {
    if (bearer.startsWith(ACCESS_TOKEN_PREFIX)) {
      const { userId, expiresAt, scopes, generation } = await accessTokens.prove(bearer);
      const stands = (user: User): boolean => (user.tokenGeneration ?? 0) === generation;
      return { proof: { userId, expiresAt, scopes, stands }, ms: MOMENT_MS };
    }
    const own = await signer.verify(bearer, now);
    if (own && 'endedAt' in own) throw ended(own);
    if (own) {
      const { userId, expiresAt, generation = 0 } = own;
      const stands = (user: User): boolean => (user.sessionGeneration ?? 0) === generation;
      return { proof: { userId, expiresAt, stands }, ms: Number.POSITIVE_INFINITY };
    }
    const theirs = await foreign?.recognise(bearer, now);
    if (theirs && 'endedAt' in theirs) throw ended(theirs);
    if (!theirs) throw new AppError('not_signed_in', 'The token is not valid.');
    const { userId, expiresAt, issuedAt } = theirs;
    const stands = (user: User): boolean => issuedAt >= (user.sessionsEndedAt ?? 0);
    return { proof: { userId, expiresAt, stands }, ms: FOREIGN_MS };
  }

  async function personOf(userId: string, now: number): Promise<User | undefined> {
    const known = people.get(userId);
    if (known && holds(known, now)) return known.user;
    const before = changes;
    const user = await users.get(userId);
    const believed = { until: now + MOMENT_MS, longest: now + TOLD_MS };
    if (user && before === changes) remember(people, userId, { user, ...believed });
    return user;
  }

  return {
    async authenticate(bearer) {
      const now = clock();
      const { userId, expiresAt, scopes, stands } = await prove(bearer, now);
      const user = await personOf(userId, now);
      if (user?.status === 'waiting') {
        throw new AppError('not_approved', 'The account waits for an administrator.');
      }
      if (user?.status !== 'active') throw new AppError('not_signed_in', 'The account is not active.');
      if (!stands(user)) throw new AppError('not_signed_in', 'This token was revoked.');
      return { userId, role: user.role, expiresAt, scopes };
    },
    remembered(bearer) {
      const now = clock();
      const known = proofs.get(bearer);
      if (!known || !holds(known, now)) return undefined;
      const { userId, expiresAt, scopes, stands } = known.proof;
      const person = people.get(userId);
      if (!person || !holds(person, now)) return undefined;
      const { user } = person;
      return user.status === 'active' && stands(user)
        ? { userId, role: user.role, expiresAt, scopes }
        : undefined;
    },
    forget(userId) {
      changes++;
      if (userId === undefined) {
        people.clear();
        proofs.clear();
        return;
      }
      people.delete(userId);
      for (const [bearer, { proof }] of proofs) if (proof.userId === userId) proofs.delete(bearer);
    },
  };
}

function ended({ endedAt }: EndedToken): AppError {
  const at = new Date(endedAt).toISOString();
  return new AppError('not_signed_in', `The token ended at ${at}.`, {
    remedy:
      'Sign in again, or make a personal access token on the profile page; scripts should use the latter.',
    details: { expiredAt: at },
  });
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAX_REMEMBERED) map.clear();
  map.set(key, value);
}
