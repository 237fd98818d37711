/** What every route answers besides its own: errors with examples, and headers. For the OpenAPI document only. */
import type { FastifySchema, RouteOptions } from 'fastify';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { type ErrorBody, errorBody } from '../schemas/http/error.ts';

/** The schema of a route with an answer for every status it can end with. */
export function withErrors(schema: FastifySchema, route: RouteOptions): FastifySchema {
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
      headers: HEADERS_OF_ERRORS[status],
      content: {
        'application/json': {
          schema: errorBody,
          examples: Object.fromEntries(
            names.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    };
  }
  return { ...schema, response: { ...response, ...(schema.response as object) } };
}

/** Headers that come with the errors of a status, besides those of every answer. */
export const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds to wait before the next try',
    schema: { type: 'integer', minimum: 0 },
  },
};
const HEADERS_OF_ERRORS: Record<number, object> = {
  401: { 'WWW-Authenticate': { description: 'Always `Bearer`', schema: { type: 'string' } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

function exampleOf(code: ErrorCode): ErrorBody {
  const message = MESSAGES[code] ?? 'What happened, in a sentence.';
  return {
    code,
    message,
    remedy: ERRORS[code].remedy,
    requestId: '01K9ZB6E4H8J2D5F7G9K0P3RST',
    error: message,
  };
}

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'alias: must not contain control characters',
  not_signed_in: 'The request carries no Bearer token.',
  not_allowed: 'This is for administrators.',
  not_found: 'no job 01K9ZB4T8N5W3V6Q2R7S0M1XYA',
  conflict: 'The job has changed meanwhile.',
  payload_too_large: 'The body is larger than this route takes.',
  unsupported_media_type: 'The body is not of a type this route reads.',
  too_many_requests: 'Too many requests; try again in 42 seconds.',
  unavailable: 'The store does not answer.',
  internal: 'Something went wrong in the broker.',
};

/** Headers of every answer: to know how much is left, and which request it was. */
const HEADERS = {
  'x-request-id': {
    description: 'Names the request in the log of the broker; the id of the caller if it sent a plain one',
    schema: { type: 'string' },
  },
  'x-ratelimit-limit': { description: 'Requests in a minute', schema: { type: 'integer' } },
  'x-ratelimit-remaining': { description: 'Requests left', schema: { type: 'integer' } },
  'x-ratelimit-reset': { description: 'Seconds until all are left again', schema: { type: 'integer' } },
} as const;

/** Writes the headers of every answer into the document, once as components, and which bodies may be left out. */
export function withHeaders<T extends object>(document: T): T {
  const { components, paths } = document as OpenApi;
  components.headers = HEADERS;
  components.examples = Object.fromEntries(
    (Object.keys(ERRORS) as ErrorCode[]).map((code) => [code, { value: exampleOf(code) }]),
  );
  const names = Object.keys(HEADERS);
  for (const [path, methods] of Object.entries(paths)) {
    // Supervisors may ask as often as they like.
    const shown = path === '/live' ? names.slice(0, 1) : names;
    const references = Object.fromEntries(
      shown.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    );
    for (const { responses, requestBody } of Object.values(methods)) {
      if (requestBody && mayBeNothing(requestBody)) requestBody.required = false;
      for (const [status, answer] of Object.entries(responses)) {
        // All answers carry them; said once per operation, and where they matter most.
        if (status < '300' || status === '429') answer.headers = { ...references, ...answer.headers };
      }
    }
  }
  return document;
}

/** Where a schema takes null, a request without a body is understood as well; @fastify/swagger says never. */
function mayBeNothing({ content }: RequestBody): boolean {
  const { anyOf = [] } = content['application/json']?.schema ?? {};
  return anyOf.some(({ type }) => type === 'null');
}

interface RequestBody {
  required?: boolean;
  content: Record<string, { schema: { anyOf?: { type?: string }[] } }>;
}
interface OpenApi {
  components: { headers?: object; examples?: object };
  paths: Record<string, Record<string, Operation>>;
}
interface Operation {
  requestBody?: RequestBody;
  responses: Record<string, { headers?: object }>;
}
