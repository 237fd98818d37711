/**
 * Who may call a route. A route says it once, as `config.access`; that turns on the check before the body
 * is read and writes `security` into the route's documentation. A route of the API that does not say it
 * keeps the broker from starting.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import type { Principal } from '../../services/principal.ts';
import { AppError } from '../errors.ts';
import { allows, type Scope, scope as scopeNames } from '../schemas/scopes.ts';
import type { Tag } from './openapi.ts';

/**
 * `job`: the worker, with the callback token of its job; the service compares it with the job's hash.
 * `metrics`: a developer, or whoever holds the token that the broker is configured with.
 */
export type Access = 'public' | 'user' | 'developer' | 'admin' | 'job' | 'metrics';

/** `session`: only with a token of a person who signed in, never with a personal access token. */
export type Need = Scope | 'session';

/** What the scopes of personal access tokens call the routes of a tag; routes of no area are closed to them. */
const AREAS: Record<Tag, 'profile' | 'jobs' | 'data' | 'units' | 'audit' | 'webhooks' | 'admin' | undefined> =
  {
    Auth: 'profile',
    Administration: 'admin',
    'Computing units': 'units',
    Jobs: 'jobs',
    Data: 'data',
    Audit: 'audit',
    Webhooks: 'webhooks',
    Callbacks: undefined,
    Health: undefined,
  };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** Scope of a personal access token; default: from the tag, and `write` for all that is not GET. */
    scope?: Need;
  }
  interface FastifyRequest {
    principal: Principal | null;
    jobToken: string | null;
    /** False once the token with which the request was let in is known to be dead; for answers that last. */
    stillSignedIn(): Promise<boolean>;
  }
}

export interface AuthOptions {
  /** Finds the active user behind a token. @throws AppError not_signed_in */
  authenticate: (bearer: string) => Promise<Principal>;
  /** The same at once, if it is known; undefined otherwise. */
  remembered: (bearer: string) => Principal | undefined;
  /** Undefined: figures are for developers only. */
  metricsToken?: string;
}

/** Names of the security schemes in the OpenAPI document. */
export const SECURITY_SCHEMES = {
  userToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'The id_token or access_token of POST /api/auth/login, or a token of the OpenID Connect issuer that the ' +
      'broker is configured for.',
  },
  personalToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'A personal access token with the scope named here, from POST /api/profile/tokens.',
  },
  jobToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The callback token of one attempt of one job, from its job document.',
  },
  metricsToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'METRICS_TOKEN of the configuration of the broker.',
  },
} as const;

/** As nearly all callers write it. */
const SCHEME = 'Bearer ';

/** Installs the check of `config.access`. */
export const auth = fp<AuthOptions>(async (app, { authenticate, remembered, metricsToken }) => {
  app.decorateRequest('principal', null);
  app.decorateRequest('jobToken', null);
  app.decorateRequest('stillSignedIn', async function (this: FastifyRequest) {
    try {
      await authenticate(bearerOf(this));
      return true;
    } catch (error) {
      // A store that does not answer says nothing about the token.
      return error instanceof AppError && error.code === 'unavailable';
    }
  });

  function letIn(request: FastifyRequest, principal: Principal): Principal {
    mustAllow(principal, request.routeOptions.config.scope);
    request.principal = principal;
    return principal;
  }

  async function signedIn(request: FastifyRequest): Promise<Principal> {
    return letIn(request, await authenticate(bearerOf(request)));
  }

  async function developer(request: FastifyRequest): Promise<void> {
    const { role } = await signedIn(request);
    if (role === 'user') throw new AppError('not_allowed', 'This is for developers and administrators.');
  }

  type Check = (
    request: FastifyRequest,
    reply: FastifyReply,
    done: () => void,
  ) => Promise<unknown> | undefined;
  const checks: Record<Exclude<Access, 'public'>, Check> = {
    user(request, _reply, done) {
      // Nearly always: then the request waits for nothing here. What is remembered was once read by bearerOf.
      const { authorization = '' } = request.headers;
      const known = authorization.startsWith(SCHEME)
        ? remembered(authorization.slice(SCHEME.length))
        : undefined;
      if (!known) return signedIn(request);
      letIn(request, known);
      done();
    },
    developer,
    async metrics(request) {
      if (metricsToken === undefined || !sameText(bearerOf(request), metricsToken)) await developer(request);
    },
    async admin(request) {
      const { role } = await signedIn(request);
      if (role !== 'admin') throw new AppError('not_allowed', 'This is for administrators.');
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
    if (access === 'job') {
      route.schema = { ...route.schema, security: [{ jobToken: [] }] };
      return;
    }
    const scope = route.config?.scope ?? scopeOf(route);
    route.config = { ...route.config, scope };
    const security: Record<string, string[]>[] = [{ userToken: [] }];
    if (scope !== 'session') security.push({ personalToken: [scope] });
    if (access === 'metrics') security.push({ metricsToken: [] });
    route.schema = { ...route.schema, security };
  });
});

/** The scope that a personal access token needs for a route that names none itself. */
function scopeOf({ schema, method }: RouteOptions): Need {
  const area = AREAS[schema?.tags?.[0] as Tag];
  const act = [method].flat().every((name) => name === 'GET' || name === 'HEAD') ? 'read' : 'write';
  const named = scopeNames.safeParse(`${area}:${act}`);
  return named.success ? named.data : 'session';
}

function mustAllow({ scopes }: Principal, need: Need = 'session'): void {
  if (!scopes || (need !== 'session' && allows(scopes, need))) return;
  if (need === 'session') {
    throw new AppError('not_allowed', 'A personal access token cannot do this.', {
      remedy: 'Sign in and use the token of POST /api/auth/login.',
    });
  }
  throw new AppError('not_allowed', `This personal access token does not have the scope ${need}.`, {
    remedy: `Make a token with the scope ${need} on the profile page.`,
    details: { scope: need, scopes },
  });
}

/** Compares without telling by its time where the difference is. */
function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function bearerOf(request: FastifyRequest): string {
  const found = /^Bearer +([\w.~+/=-]{1,4096})$/i.exec(request.headers.authorization ?? '');
  if (!found) throw new AppError('not_signed_in', 'The request carries no Bearer token.');
  return found[1];
}

/** The caller of a route whose access is `user`, `developer` or `admin`. */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new Error('the route does not ask for a user');
  return request.principal;
}

/** The token sent to a route whose access is `job`. */
export function jobTokenOf(request: FastifyRequest): string {
  if (!request.jobToken) throw new Error('the route does not ask for a job token');
  return request.jobToken;
}
