/**
 * Identity tokens of an OpenID Connect issuer (RFC 7519, RFC 8725): algorithms, issuer and audience pinned, keys
 * only from the issuer's key set, whatever the header of a token says about keys.
 */
import { decodeJwt, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { ForeignClaims, ForeignTokens } from '../../services/identity/ports.ts';
import type { Clock } from '../../services/ports.ts';
import { createIssuerKeys } from './issuer-keys.ts';

/** Signatures by a private key; never a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const TYPES = new Set([undefined, 'jwt', 'at+jwt', 'application/jwt']);
/** Clocks of other machines may be off by this. */
const SKEW_SECONDS = 30;
/** A token that lives longer cannot be taken back in a reasonable time. */
const MAX_LIFE_SECONDS = 24 * 3_600;

/** Text about a person: what no person is called is left out. */
const word = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u)
  .optional()
  .catch(undefined);
const payload = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  iat: z.number(),
  exp: z.number(),
  email: z
    .string()
    .trim()
    .toLowerCase()
    .max(254)
    .regex(/^[^\s@]+@[^\s@]+$/)
    .optional()
    .catch(undefined),
  email_verified: z.unknown(),
  name: word,
  given_name: word,
  family_name: word,
});

export interface ForeignTokensOptions {
  readonly issuer: string;
  /** What the issuer calls this broker: the client id. */
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly clock: Clock;
}

/** Creates the check of foreign tokens. */
export function createForeignTokens({
  issuer,
  audience,
  jwksUrl,
  clock,
}: ForeignTokensOptions): ForeignTokens {
  const keys = createIssuerKeys({ issuer, jwksUrl, clock });

  return {
    async verify(token, now) {
      try {
        // Before anything is fetched: what does not even claim to be of this issuer costs nothing.
        if (decodeJwt(token).iss !== issuer) return undefined;
        const verified = await jwtVerify(token, keys, {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          requiredClaims: ['sub', 'iat', 'exp'],
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(now),
        });
        if (!TYPES.has(verified.protectedHeader.typ?.toLowerCase())) return undefined;
        const claims = payload.parse(verified.payload);
        return isForUs(claims, audience, now) ? claimsOf(claims) : undefined;
      } catch (error) {
        if (error instanceof errors.JWTExpired && typeof error.payload.exp === 'number') {
          return { endedAt: error.payload.exp * 1000 };
        }
        // A TypeError of jose: the issuer's key is too short or not of the kind that the token's algorithm needs.
        const refused =
          error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof TypeError;
        if (refused) return undefined;
        throw error;
      }
    },
  };
}

function isForUs({ aud, azp, iat, exp }: z.infer<typeof payload>, audience: string, now: number): boolean {
  const alone = typeof aud === 'string' || aud.length === 1;
  const begun = iat * 1000 <= now + SKEW_SECONDS * 1000;
  return (alone || azp === audience) && begun && exp - iat <= MAX_LIFE_SECONDS;
}

function claimsOf(claims: z.infer<typeof payload>): ForeignClaims {
  // Some issuers write booleans as text.
  const verified = claims.email_verified === true || claims.email_verified === 'true';
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: verified ? claims.email : undefined,
    name: claims.name,
    firstName: claims.given_name,
    lastName: claims.family_name,
    issuedAt: claims.iat * 1000,
    expiresAt: claims.exp * 1000,
  };
}
