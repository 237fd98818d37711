/**
 * Signed tokens: JWS compact, HS256, with issuer, audience and expiry pinned (RFC 7519, RFC 8725).
 *
 * Existing web clients decode the payload of the identity token with `atob`, which does not know the two
 * URL-safe characters `-` and `_`. Base64 yields them only for the sextets 62 and 63, and in ASCII text
 * those can only come from `>`, `?`, `~` and DEL as third byte of a group: a byte below 128 keeps the first
 * sextet below 32, clears bit 3 of the second and bit 1 of the third. So everything but the other ASCII
 * characters is written as a \u escape, which JSON allows anywhere in a string.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import { CompactSign, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { TokenSigner } from '../../services/identity/ports.ts';

const ISSUER = 'cloudmr-broker';
const AUDIENCE = 'cloudmr';

const payload = z.object({
  sub: z.string().min(1),
  token_use: z.enum(['id', 'access']),
  email: z.string().optional(),
  username: z.string().optional(),
  gen: z.number().int().optional(),
  exp: z.number(),
});

/** Creates the signer; its key is derived from `secret`, so that no other use of the secret shares a key. */
export function createTokenSigner(secret: string): TokenSigner {
  const key = createSecretKey(createHmac('sha256', secret).update('cloudmr/access-token/1').digest());

  return {
    async sign(claims, now, expiresAt) {
      const body = encodePayload({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: claims.userId,
        token_use: claims.use,
        email: claims.email,
        username: claims.username,
        gen: claims.generation,
        iat: Math.floor(now / 1000),
        exp: Math.floor(expiresAt / 1000),
      });
      return new CompactSign(body).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);
    },
    async verify(token, now) {
      try {
        const verified = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: 'JWT',
          requiredClaims: ['sub', 'exp'],
          currentDate: new Date(now),
        });
        return claimsOf(payload.parse(verified.payload));
      } catch (error) {
        // Said only after the signature was found to be right.
        if (error instanceof errors.JWTExpired && typeof error.payload.exp === 'number') {
          return { endedAt: error.payload.exp * 1000 };
        }
        if (error instanceof errors.JOSEError || error instanceof z.ZodError) return undefined;
        throw error;
      }
    },
  };
}

function claimsOf({ sub, token_use, email, username, gen, exp }: z.infer<typeof payload>) {
  return { userId: sub, use: token_use, email, username, generation: gen, expiresAt: exp * 1000 };
}

/** JSON whose base64url form holds neither `-` nor `_`. */
function encodePayload(claims: Record<string, unknown>): Uint8Array {
  const json = JSON.stringify(claims).replace(
    /[^\x20-\x3d\x40-\x7d]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new TextEncoder().encode(json);
}
