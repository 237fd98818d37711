/** The OpenAPI 3.1 document, made from the schemas that check the requests, and its pages under /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { errorBody } from '../schemas/http/error.ts';
import { SECURITY_SCHEMES } from './auth.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Codes this route answers besides those that follow from its access and its schemas. */
    errors?: readonly ErrorCode[];
  }
}

export const TAGS = {
  Auth: 'Accounts, sign-in and the profile of the caller',
  Administration: 'What administrators do with accounts',
  'Computing units': 'Where jobs run: the account of the platform (Mode 1) or your own (Mode 2)',
  Jobs: 'Submit, follow, cancel, and fetch the result',
  Data: 'Uploads and downloads; bytes go straight between you and the bucket',
  Webhooks: 'Your own servers are told when a job has come to its end',
  Audit: 'What was done in your name and with the role of your account',
  Callbacks: 'What the worker reports, with the token of its job',
  Health: 'For load balancers and supervisors',
} as const;
export type Tag = keyof typeof TAGS;

/** Installs the document and the pages. Everything they need is served by the broker itself. */
export const openapi = fp(async (app) => {
  app.addHook('onRoute', (route) => {
    if (route.config?.access) route.schema = withErrors(route.schema ?? {}, route);
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CloudMR Broker',
        version: '1',
        description:
          'Brokers MR Optimum SNR jobs to computing units in the account of the platform or in your own. ' +
          'Every path also works without /api.',
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true } });
});

/** The schema of a route with an answer for every status it can end with. */
function withErrors(schema: FastifySchema, route: RouteOptions): FastifySchema {
  const codes = new Set<ErrorCode>(route.config?.errors);
  const { access } = route.config ?? {};
  if (access !== 'public') codes.add('not_signed_in');
  if (access !== 'public' && access !== 'job') codes.add('not_allowed');
  if (schema.body || schema.params || schema.querystring || schema.headers) codes.add('invalid_request');
  if (schema.body) codes.add('payload_too_large').add('unsupported_media_type');
  for (const code of ['too_many_requests', 'unavailable', 'internal'] as const) codes.add(code);
  const response: Record<string, unknown> = {};
  for (const status of [...new Set([...codes].map((code) => ERRORS[code].status))].sort()) {
    const names = [...codes].filter((code) => ERRORS[code].status === status);
    response[status] = {
      description: names.map((code) => `\`${code}\``).join(', '),
      content: { 'application/json': { schema: errorBody } },
    };
  }
  return { ...schema, response: { ...response, ...(schema.response as object) } };
}

/** Without the components that nothing refers to (every named schema comes in an input and an output form). */
function withoutUnused<T extends object>(document: T): T {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas;
  if (!schemas) return document;
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((id) => !text.includes(`"#/components/schemas/${id}"`));
    if (unused.length === 0) return document;
    for (const id of unused) delete schemas[id];
  }
}
