/** The caller: data about the person, and about the token at hand. */
import type { Identity } from '../services/identity/identity.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { ownProfile, profileChange, toOwnProfile } from '../src/schemas/http/auth.ts';

const tags = ['Auth'];

export interface ProfileRoutesDeps {
  identity: Pick<Identity, 'profile' | 'updateProfile'>;
}

/** GET and PATCH of /api/profile, with the older name /api/auth/profile. */
export function profileRoutes({ identity }: ProfileRoutesDeps) {
  return async (app: Api): Promise<void> => {
    for (const [url, operationId] of [
      ['/auth/profile', 'profile'],
      ['/profile', 'profileShort'],
    ]) {
      app.get(
        url,
        {
          config: { access: 'user', errors: ['not_found'] },
          schema: {
            tags,
            operationId,
            summary: 'The caller, and until when the token at hand is valid',
            description: 'For a personal access token also what it may be used for.',
            response: { 200: answer('The caller', ownProfile) },
          },
        },
        async (request) => {
          const who = principalOf(request);
          return toOwnProfile(await identity.profile(who.userId), who);
        },
      );
    }

    app.patch(
      '/profile',
      {
        config: { access: 'user', scope: 'session', errors: ['not_found', 'conflict'] },
        schema: {
          tags,
          operationId: 'changeProfile',
          summary: 'Change what the broker knows about you',
          description:
            'What is left out stays, an empty text goes. Address and role are for administrators to change.',
          body: profileChange,
          response: { 200: answer('The caller', ownProfile) },
        },
      },
      async (request) => {
        const who = principalOf(request);
        return toOwnProfile(await identity.updateProfile(who.userId, request.body), who);
      },
    );
  };
}
