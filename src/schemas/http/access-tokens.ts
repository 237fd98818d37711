/** Personal access tokens on the wire. */
import { z } from 'zod';
import type { AccessToken } from '../identity.ts';
import { scope } from '../scopes.ts';
import { iso, isoTime, nextCursor, shortText } from './common.ts';

const MAX_DAYS = 366;

export const accessTokenBody = z
  .object({
    name: shortText(100).meta({ description: 'What it is for', examples: ['deploy pipeline of the lab'] }),
    scopes: z
      .array(scope)
      .min(1)
      .max(scope.options.length)
      .meta({
        description: 'What it may be used for; write includes read',
        examples: [['units:write', 'jobs:read']],
      }),
    expiresInDays: z
      .number()
      .int()
      .min(1)
      .max(MAX_DAYS)
      .default(90)
      .meta({ examples: [90] }),
  })
  .meta({
    examples: [
      { name: 'deploy pipeline of the lab', scopes: ['units:write', 'jobs:read'], expiresInDays: 30 },
    ],
  });

const accessTokenView = z
  .object({
    tokenId: z.string(),
    name: z.string(),
    scopes: z.array(scope),
    hint: z.string().meta({ description: 'Its last characters', examples: ['x7Qk'] }),
    createdAt: isoTime,
    expiresAt: isoTime,
    lastUsedAt: isoTime.optional().meta({ description: 'To the hour' }),
  })
  .meta({ id: 'AccessToken' });

export function toAccessTokenView(token: AccessToken): z.infer<typeof accessTokenView> {
  const { tokenId, name, scopes, hint, createdAt, expiresAt, lastUsedAt } = token;
  return {
    tokenId,
    name,
    scopes,
    hint,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    lastUsedAt: lastUsedAt === undefined ? undefined : iso(lastUsedAt),
  };
}

export const newAccessToken = accessTokenView
  .extend({
    token: z.string().meta({
      description: 'The token itself; it is shown this once',
      examples: ['cmrpat_01K9ZB4T8N5W3V6Q2R7S0M1XYA_pX2…'],
    }),
  })
  .meta({ id: 'NewAccessToken' });
export const accessTokenList = z.object({ tokens: z.array(accessTokenView), cursor: nextCursor });
