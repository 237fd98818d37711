/** Personal access tokens of the caller: the page of /profile where scripts and pipelines get theirs. */
import { z } from 'zod';
import type { Identity } from '../services/identity/identity.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import {
  accessTokenBody,
  accessTokenList,
  newAccessToken,
  toAccessTokenView,
} from '../src/schemas/http/access-tokens.ts';
import { done } from '../src/schemas/http/auth.ts';
import { pageQuery, pathId } from '../src/schemas/http/common.ts';

const tags = ['Auth'];

export interface AccessTokenRoutesDeps {
  identity: Pick<Identity, 'createAccessToken' | 'listAccessTokens' | 'revokeAccessToken'>;
}

/** Routes under /api/profile/tokens. None of them takes a personal access token: it could prolong its own life. */
export function accessTokenRoutes({ identity }: AccessTokenRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/profile/tokens',
      {
        config: { access: 'user', scope: 'session', errors: ['too_many', 'not_found'] },
        schema: {
          tags,
          operationId: 'createAccessToken',
          summary: 'A personal access token for a script or a pipeline',
          description:
            'Send it as a Bearer token wherever a user token is expected. It can do what its scopes say, never more ' +
            'than you may do yourself, and dies with your account.',
          body: accessTokenBody,
          response: { 201: answer('The token, shown this once', newAccessToken) },
        },
      },
      async (request, reply) => {
        const { name, scopes, expiresInDays: days } = request.body;
        const { record, token } = await identity.createAccessToken(principalOf(request), {
          name,
          scopes,
          days,
        });
        reply.header('cache-control', 'no-store');
        return reply.status(201).send({ ...toAccessTokenView(record), token });
      },
    );

    app.get(
      '/profile/tokens',
      {
        config: { access: 'user', scope: 'session' },
        schema: {
          tags,
          operationId: 'listAccessTokens',
          summary: 'Your personal access tokens, newest first',
          description:
            'Newest first. The tokens themselves are shown only when they are made; `hint` tells them apart.',
          querystring: pageQuery,
          response: { 200: answer('One page', accessTokenList) },
        },
      },
      async (request) => {
        const { items, cursor } = await identity.listAccessTokens(principalOf(request), request.query);
        return { tokens: items.map(toAccessTokenView), cursor: cursor ?? null };
      },
    );

    app.delete(
      '/profile/tokens/:tokenId',
      {
        config: { access: 'user', scope: 'session', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'revokeAccessToken',
          summary: 'Revoke a personal access token at once',
          description: 'At once in this broker process, within two seconds in all others.',
          params: z.object({ tokenId: pathId }),
          response: { 200: answer('It opens nothing any more', done) },
        },
      },
      async (request) => {
        await identity.revokeAccessToken(principalOf(request), request.params.tokenId);
        return { success: true as const, message: 'The token was revoked.' };
      },
    );
  };
}
