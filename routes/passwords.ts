/** Forgotten and changed passwords. */
import type { Identity } from '../services/identity/identity.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { changePasswordBody, done, forgotBody, resetBody } from '../src/schemas/http/auth.ts';

const tags = ['Auth'];

export interface PasswordRoutesDeps {
  identity: Pick<Identity, 'forgotPassword' | 'resetPassword' | 'changePassword'>;
  /** Attempts per minute and address. */
  signInsPerMinute: number;
  /** Whether reset codes come by mail. */
  byMail: boolean;
}

const COMES_BY_MAIL =
  'If there is an account with this address, a mail with a one-time reset code is on its way. Enter the code here with ' +
  'a new password; if no mail comes, ask an administrator for a code.';
const ASK_SOMEBODY =
  'If there is an account with this address, the administrators have been told. Ask one of them for a one-time reset ' +
  'code and enter it here with a new password.';

const said = (message: string) => ({ success: true as const, message });

/** Routes under /api/auth about passwords. */
export function passwordRoutes({ identity, signInsPerMinute, byMail }: PasswordRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const rateLimit = { max: signInsPerMinute, group: 'sign-in' };

    app.post(
      '/auth/forgot-password',
      {
        config: { access: 'public', rateLimit },
        schema: {
          tags,
          operationId: 'forgotPassword',
          summary: 'Ask for help with a forgotten password',
          description:
            'If a mail server is configured, a one-time reset code, valid for a day, comes by mail. Administrators see ' +
            'the request and can issue a code as well. The answer is the same whether the account exists or not.',
          body: forgotBody,
          response: { 200: answer('Noted, if there is such an account', done) },
        },
      },
      async (request) => {
        await identity.forgotPassword(request.body.email);
        return said(byMail ? COMES_BY_MAIL : ASK_SOMEBODY);
      },
    );

    app.post(
      '/auth/reset-password',
      {
        config: { access: 'public', rateLimit, errors: ['wrong_credentials', 'not_found', 'conflict'] },
        schema: {
          tags,
          operationId: 'resetPassword',
          summary: 'Set a new password by a reset code; ends all sessions',
          description:
            'The code comes by mail or from an administrator, is good once and for a day. All sessions end; personal access tokens go on.',
          body: resetBody,
          response: { 200: answer('Sign in with the new password', done) },
        },
      },
      async (request) => {
        const { email, code, newPassword } = request.body;
        await identity.resetPassword(email, code, newPassword);
        return said('The password was changed. Sign in with the new one.');
      },
    );

    app.post(
      '/auth/change-password',
      {
        config: {
          access: 'user',
          scope: 'session',
          rateLimit,
          errors: ['wrong_credentials', 'not_found', 'conflict'],
        },
        schema: {
          tags,
          operationId: 'changePassword',
          summary: 'Change your password; ends all sessions, also this one',
          description:
            'Needs the old password. All sessions end, also this one; personal access tokens go on.',
          body: changePasswordBody,
          response: { 200: answer('Sign in with the new password', done) },
        },
      },
      async (request) => {
        const { oldPassword, newPassword } = request.body;
        await identity.changePassword(principalOf(request).userId, oldPassword, newPassword);
        return said('The password was changed. Sign in with the new one.');
      },
    );
  };
}
