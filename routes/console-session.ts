/**
 * The session of the web console. Its refresh token is in a cookie that no script can read and that the browser sends
 * to these routes only; access tokens are in the memory of the page.
 *
 * A script that was smuggled into the page could ask for access tokens while the page is open, but never take the
 * session along. Another site cannot use the cookie: SameSite keeps it back, and what lets a session go on asks for a
 * header that a foreign page may not send.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Identity } from '../services/identity/identity.ts';
import { AppError } from '../src/errors.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { loginBody } from '../src/schemas/http/auth.ts';

export interface ConsoleSessionDeps {
  identity: Pick<Identity, 'login' | 'refresh' | 'logout'>;
  /** Attempts to sign in per minute and address. */
  signInsPerMinute: number;
}

const PATH = '/console/session';
const COOKIE = 'cloudmr_session';
/** As long as a refresh token lives. */
const LIFE_SECONDS = 30 * 24 * 3_600;

const opened = z.object({ token: z.string(), expiresIn: z.number(), userId: z.string() });
const done = z.object({ success: z.literal(true) });
const ownPage = z.looseObject({ 'x-cloudmr-console': z.literal('1') });

type SignedIn = Awaited<ReturnType<Identity['login']>>;

/** POST opens, PUT renews, DELETE ends. */
export function consoleSessionRoutes({ identity, signInsPerMinute }: ConsoleSessionDeps) {
  return async (app: Api): Promise<void> => {
    const strict = { max: signInsPerMinute, group: 'sign-in' };

    app.post(
      PATH,
      {
        config: { access: 'public', rateLimit: strict },
        schema: { hide: true, headers: ownPage, body: loginBody, response: { 200: answer('Open', opened) } },
      },
      async (request, reply) => {
        const { email, password } = request.body;
        return keep(request, reply, await identity.login(email, password, request.ip));
      },
    );

    app.put(
      PATH,
      {
        config: { access: 'public' },
        schema: { hide: true, headers: ownPage, response: { 200: answer('Renewed', opened) } },
      },
      async (request, reply) => {
        try {
          return keep(request, reply, await identity.refresh(cookieOf(request)));
        } catch (error) {
          if (error instanceof AppError && error.code === 'not_signed_in') drop(request, reply);
          throw error;
        }
      },
    );

    app.delete(
      PATH,
      {
        config: { access: 'public' },
        schema: { hide: true, headers: ownPage, response: { 200: answer('Ended', done) } },
      },
      async (request, reply) => {
        drop(request, reply);
        try {
          const { user_id, refresh_token } = await identity.refresh(cookieOf(request));
          await identity.logout(user_id, { refresh_token, everywhere: false });
        } catch (error) {
          // What has ended already need not be ended.
          if (!(error instanceof AppError && error.code === 'not_signed_in')) throw error;
        }
        return { success: true as const };
      },
    );
  };
}

function keep(request: FastifyRequest, reply: FastifyReply, signed: SignedIn): z.infer<typeof opened> {
  setCookie(request, reply, signed.refresh_token, LIFE_SECONDS);
  return { token: signed.id_token, expiresIn: signed.expires_in, userId: signed.user_id };
}

function drop(request: FastifyRequest, reply: FastifyReply): void {
  setCookie(request, reply, '', 0);
}

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, seconds: number): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `${COOKIE}=${value}; Path=${PATH}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`,
  );
}

/** @throws AppError not_signed_in if there is none. */
function cookieOf(request: FastifyRequest): string {
  const found = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w.~+/=-]{1,4096})`).exec(request.headers.cookie ?? '');
  if (!found) throw new AppError('not_signed_in', 'There is no session.');
  return found[1];
}
