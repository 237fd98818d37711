/** Accounts: register, sign in, stay signed in, sign out. */
import type { Identity } from '../services/identity/identity.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import {
  done,
  loginBody,
  logoutBody,
  refreshBody,
  registerAnswer,
  registerBody,
  signedIn,
} from '../src/schemas/http/auth.ts';

export interface AuthRoutesDeps {
  identity: Pick<Identity, 'register' | 'login' | 'refresh' | 'logout'>;
  /** Attempts per minute and address. */
  signInsPerMinute: number;
}

const tags = ['Auth'];

/** Routes under /api/auth that open and end sessions. */
export function authRoutes({ identity, signInsPerMinute }: AuthRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const strict = { max: signInsPerMinute, group: 'sign-in' };

    app.post(
      '/auth/register',
      {
        config: { access: 'public', rateLimit: strict, errors: ['already_exists'] },
        schema: {
          tags,
          operationId: 'register',
          summary: 'Ask for an account; an administrator approves it',
          description:
            'Any 2xx means that the account is stored and waits. An address that has an account already is refused.',
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
          description:
            '`id_token` and `access_token` live for an hour and are equally good as Bearer; `refresh_token` gets the next ones. After ten failures in 15 minutes an address has to wait, and so do strangers after fifty.',
          body: loginBody,
          response: { 200: answer('Signed in', signedIn) },
        },
      },
      async (request) => identity.login(request.body.email, request.body.password, request.ip),
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

    app.post(
      '/auth/logout',
      {
        config: { access: 'user', scope: 'session', errors: ['not_found', 'conflict'] },
        schema: {
          tags,
          operationId: 'logout',
          summary: 'End the session of a refresh token, or all of your sessions',
          description:
            'Tokens of one ended session live until their end (an hour at most); with `everywhere` all tokens of all ' +
            'sessions end at once. Personal access tokens go on.',
          body: logoutBody,
          response: { 200: answer('Ended', done) },
        },
      },
      async (request) => {
        await identity.logout(principalOf(request).userId, request.body);
        return { success: true as const, message: 'Signed out.' };
      },
    );
  };
}
