/** Security headers, CORS exactly as configured, and limits on how often a caller may ask. */
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify from 'fastify';
import fp from 'fastify-plugin';
import { requestLimits } from './request-limits.ts';

export interface Limits {
  /** Requests per minute and address. */
  readonly perMinute: number;
  /** Attempts to sign in or register, per minute and address. */
  readonly signInsPerMinute: number;
}

export interface ProtectionOptions {
  readonly corsOrigins: readonly string[];
  readonly limits: Limits;
}

/** Installs all three. */
export const protection = fp<ProtectionOptions>(async (app, { corsOrigins, limits }) => {
  const secure = await securityHeaders();
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(secure);
    done();
  });
  // Without an origin there is nothing to say, and nothing is said.
  if (corsOrigins.length > 0)
    await app.register(cors, {
      origin: [...corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: [
        'authorization',
        'content-type',
        'x-api-key',
        'idempotency-key',
        'if-none-match',
        'last-event-id',
        'x-request-id',
        'traceparent',
      ],
      exposedHeaders: [
        'ETag',
        'Retry-After',
        'x-request-id',
        'x-ratelimit-limit',
        'x-ratelimit-remaining',
        'x-ratelimit-reset',
        'x-next-cursor',
      ],
      maxAge: 600,
      strictPreflight: false,
    });
  await app.register(requestLimits, limits);
});

/**
 * The headers of helmet, which are the same for every answer: taken once from one answer, because the plugin works
 * them out anew for each. `no-store`, because answers hold tokens, signed URLs and things of one person; a route may
 * say otherwise.
 */
async function securityHeaders(): Promise<Record<string, string>> {
  const probe = Fastify();
  await probe.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // The page of /docs sets style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    frameguard: { action: 'deny' },
    // For browsers and plugins that are no more, or without meaning for an API.
    dnsPrefetchControl: false,
    ieNoOpen: false,
    originAgentCluster: false,
    permittedCrossDomainPolicies: false,
    xssFilter: false,
  });
  probe.get('/', async (_request, reply) => reply.send());
  const { headers } = await probe.inject('/');
  await probe.close();
  const own = Object.entries(headers).filter(([name]) => !OF_THE_PROBE.has(name));
  return {
    ...Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
    'cache-control': 'no-store',
  };
}

/** Headers of the probe's answer that helmet has not set. */
const OF_THE_PROBE = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive']);
