/** The OpenAPI 3.1 document, made from the schemas that check the requests, and its pages under /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fp from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { SECURITY_SCHEMES } from './auth.ts';
import { withErrors, withHeaders } from './openapi-answers.ts';
import { withExampleAnswers } from './openapi-examples.ts';

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
    transform: withExamples,
    transformObject: (document) =>
      withExampleAnswers(withHeaders(withoutUnused(jsonSchemaTransformObject(document)))),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true } });
});

/**
 * A route in JSON Schema, with what the type provider leaves out: headers and examples of answers, and the examples of
 * its body. zod leaves them out where a schema transforms anything, since
 * they could show what is made of a body; here they always show what is sent (test/openapi.test.ts).
 */
const withExamples: typeof jsonSchemaTransform = (document) => {
  const { schema, url } = jsonSchemaTransform(document);
  const { body } = document.schema ?? {};
  const examples = body instanceof z.ZodType ? z.globalRegistry.get(body)?.examples : undefined;
  if (!schema) return { schema, url };
  const response = withWhatIsSaid(schema.response, document.schema?.response);
  if (!examples) return { schema: { ...schema, response }, url };
  return { schema: { ...schema, response, body: { ...(schema.body as object), examples } }, url };
};

interface AnswerSchema {
  headers?: object;
  content?: Record<string, { schema?: unknown; examples?: object }>;
}

/** Answers in JSON Schema with the headers and the examples that the route gave them. */
function withWhatIsSaid(made: unknown, given: unknown): Record<string, AnswerSchema> {
  const said = (given ?? {}) as Record<string, AnswerSchema>;
  const answers = Object.entries((made ?? {}) as Record<string, AnswerSchema>);
  return Object.fromEntries(
    answers.map(([status, answer]) => {
      const { headers, content: shown = {} } = said[status] ?? {};
      const content = Object.fromEntries(
        Object.entries(answer.content ?? {}).map(([type, media]) => {
          const { examples } = shown[type] ?? {};
          return [type, examples ? { ...media, examples } : media];
        }),
      );
      return [status, { ...answer, ...(headers ? { headers } : {}), ...(answer.content ? { content } : {}) }];
    }),
  );
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
