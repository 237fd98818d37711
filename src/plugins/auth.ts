/**
 * Who may call a route. A route says it once, as `config.access`; that turns on the check before the body
 * is read and writes `security` into the route's documentation. A route of the API that does not say it
 * keeps the broker from starting.
 */
import type { FastifyRequest, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import type { Principal } from '../../services/principal.ts';
import { AppError } from '../errors.ts';

/** `job`: the worker, with the callback token of its job; the service compares it with the job's hash. */
export type Access = 'public' | 'user' | 'admin' | 'job';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    principal: Principal | null;
    jobToken: string | null;
  }
}

export interface AuthOptions {
  /** Finds the active user behind a token. @throws AppError not_signed_in */
  authenticate: (bearer: string) => Promise<Principal>;
}

/** Names of the security schemes in the OpenAPI document. */
export const SECURITY_SCHEMES = {
  userToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The id_token or access_token of POST /api/auth/login.',
  },
  jobToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The callback token of one attempt of one job, from its job document.',
  },
} as const;

/** Installs the check of `config.access`. */
export const auth = fp<AuthOptions>(async (app, { authenticate }) => {
  app.decorateRequest('principal', null);
  app.decorateRequest('jobToken', null);

  const checks: Record<Exclude<Access, 'public'>, (request: FastifyRequest) => Promise<void>> = {
    async user(request) {
      request.principal = await authenticate(bearerOf(request));
    },
    async admin(request) {
      request.principal = await authenticate(bearerOf(request));
      if (request.principal.role !== 'admin') {
        throw new AppError('not_allowed', 'This is for administrators.');
      }
    },
    async job(request) {
      request.jobToken = bearerOf(request);
    },
  };

  app.addHook('onRoute', (route: RouteOptions) => {
    const access = route.config?.access;
    if (!access) {
      if (route.url.startsWith('/api')) throw new Error(`${route.url} does not say who may call it`);
      return;
    }
    if (access === 'public') {
      route.schema = { ...route.schema, security: [] };
      return;
    }
    route.onRequest = [route.onRequest ?? [], checks[access]].flat();
    route.schema = {
      ...route.schema,
      security: [{ [access === 'job' ? 'jobToken' : 'userToken']: [] }],
    };
  });
});

function bearerOf(request: FastifyRequest): string {
  const found = /^Bearer +([\w.~+/=-]{1,4096})$/i.exec(request.headers.authorization ?? '');
  if (!found) throw new AppError('not_signed_in', 'The request carries no Bearer token.');
  return found[1];
}

/** The caller of a route whose access is `user` or `admin`. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error('the route does not ask for a user');
  return request.principal;
}

/** The token sent to a route whose access is `job`. */
export function jobTokenOf(request: FastifyRequest): string {
  if (!request.jobToken) throw new Error('the route does not ask for a job token');
  return request.jobToken;
}
