/** What the identity of people needs from the outside; `src/security` and `src/aws` implement it. */
import type { AccessToken } from '../../src/schemas/identity.ts';
import type { SignIns } from '../../src/schemas/sign-ins.ts';
import type { Page } from '../ports.ts';

/** Personal access tokens. */
export interface AccessTokenStore {
  /** Stores a new one; false if its owner has `most` that have not ended. */
  create(token: AccessToken, most?: number): Promise<boolean>;
  get(tokenId: string): Promise<AccessToken | undefined>;
  /** False if it was changed or removed meanwhile. */
  replace(next: AccessToken): Promise<boolean>;
  remove(tokenId: string): Promise<void>;
  /** Newest first. */
  listByOwner(userId: string, options: { limit: number; cursor?: string }): Promise<Page<AccessToken>>;
}

/** Attempts to sign in, by the hash of an e-mail address. */
export interface SignInStore {
  /** Ended ones may still be found for a while. */
  get(account: string): Promise<SignIns | undefined>;
  /** Writes `next` if the stored version is still `next.version - 1` (0: there is none); kept until `endsAt`. */
  replace(next: SignIns, endsAt: number): Promise<boolean>;
}

/** Slow, salted hashes of passwords; computed outside the event loop. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** False for a wrong password and for a hash that cannot be read. */
  verify(hash: string, password: string): Promise<boolean>;
}

/** What a signed token says about its bearer. */
export interface TokenClaims {
  readonly userId: string;
  /** Callers send either as Bearer; the identity token carries more about the person. */
  readonly use: 'id' | 'access';
  readonly email?: string;
  readonly username?: string;
  /** `sessionGeneration` of the person at that time; absent: 0. */
  readonly generation?: number;
}

/** A token that was ours and whole, but is over. */
export interface EndedToken {
  readonly endedAt: number;
}

/** Short-lived signed tokens. Times in epoch milliseconds. */
export interface TokenSigner {
  sign(claims: TokenClaims, now: number, expiresAt: number): Promise<string>;
  /** Undefined if the token is not ours or is altered. */
  verify(
    token: string,
    now: number,
  ): Promise<(TokenClaims & { readonly expiresAt: number }) | EndedToken | undefined>;
}

/** What a foreign issuer says about a person. Times in epoch milliseconds. */
export interface ForeignClaims {
  readonly issuer: string;
  /** Names the person at the issuer, for good. */
  readonly subject: string;
  /** Only if the issuer has verified it. */
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly firstName: string | undefined;
  readonly lastName: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Tokens of an OpenID Connect issuer that the operator trusts. */
export interface ForeignTokens {
  /**
   * Undefined if the token is not of this issuer, not for this broker, or altered.
   * @throws AppError unavailable if the issuer's keys are not known and cannot be fetched
   */
  verify(token: string, now: number): Promise<ForeignClaims | EndedToken | undefined>;
}
