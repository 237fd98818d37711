/** Security headers, CORS exactly as configured, and limits on how often a caller may ask. */
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fp from 'fastify-plugin';
import { AppError } from '../errors.ts';

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
  await app.register(helmet, {
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
  });
  // Answers hold tokens, signed URLs and things of one person: kept by nobody, unless a route says otherwise.
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  await app.register(cors, {
    origin: corsOrigins.length > 0 ? [...corsOrigins] : false,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-api-key',
      'idempotency-key',
      'if-none-match',
      'last-event-id',
    ],
    exposedHeaders: [
      'ETag',
      'Retry-After',
      'x-request-id',
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
    ],
    maxAge: 600,
    strictPreflight: false,
  });
  await app.register(rateLimit, {
    max: limits.perMinute,
    timeWindow: 60_000,
    cache: 20_000,
    errorResponseBuilder: (_request, { after }) =>
      new AppError('too_many_requests', `Too many requests; try again in ${after}.`),
  });
});
