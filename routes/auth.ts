/** Accounts: register, sign in, stay signed in, and the profile of the caller. */
import type { Identity } from '../services/identity.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import {
  loginBody,
  profile,
  refreshBody,
  registerAnswer,
  registerBody,
  signedIn,
  toProfile,
} from '../src/schemas/http/auth.ts';

export interface AuthRoutesDeps {
  identity: Pick<Identity, 'register' | 'login' | 'refresh' | 'profile'>;
  /** Attempts per minute and address. */
  signInsPerMinute: number;
}

const tags = ['Auth'];

/** Routes under /api/auth, and /api/profile. */
export function authRoutes({ identity, signInsPerMinute }: AuthRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const strict = { max: signInsPerMinute, timeWindow: 60_000, groupId: 'sign-in' };

    app.post(
      '/auth/register',
      {
        config: { access: 'public', rateLimit: strict, errors: ['already_exists'] },
        schema: {
          tags,
          operationId: 'register',
          summary: 'Ask for an account; an administrator approves it',
          body: registerBody,
          response: { 201: answer('The account exists and waits', registerAnswer) },
        },
      },
      async (request, reply) => {
        const user = await identity.register(request.body);
        return reply.status(201).send({
          success: true,
          userId: user.userId,
          status: user.status,
          message: 'Registered. An administrator has to approve the account before you can sign in.',
        });
      },
    );

    app.post(
      '/auth/login',
      {
        config: { access: 'public', rateLimit: strict, errors: ['wrong_credentials', 'not_approved'] },
        schema: {
          tags,
          operationId: 'login',
          summary: 'Sign in with e-mail address and password',
          body: loginBody,
          response: { 200: answer('Signed in', signedIn) },
        },
      },
      async (request) => identity.login(request.body.email, request.body.password),
    );

    app.post(
      '/auth/refresh',
      {
        config: { access: 'public', errors: ['not_signed_in'] },
        schema: {
          tags,
          operationId: 'refresh',
          summary: 'New tokens for a refresh token, which is used up by it',
          description: 'Presenting a refresh token a second time ends the session for all who hold a copy.',
          body: refreshBody,
          response: { 200: answer('Signed in again', signedIn) },
        },
      },
      async (request) => identity.refresh(request.body.refresh_token),
    );

    for (const [url, operationId] of [
      ['/auth/profile', 'profile'],
      ['/profile', 'profileShort'],
    ]) {
      app.get(
        url,
        {
          config: { access: 'user' },
          schema: {
            tags,
            operationId,
            summary: 'The caller',
            response: { 200: answer('The caller', profile) },
          },
        },
        async (request) => toProfile(await identity.profile(principalOf(request).userId)),
      );
    }
  };
}
