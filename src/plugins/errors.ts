/** Whatever goes wrong leaves as one body shape with the status of its code, and never with a stack. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { refusal } from '../../services/jobs/jobs.ts';
import { CloudError } from '../../services/ports.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { ErrorBody } from '../schemas/http/error.ts';

const MAX_ISSUES = 20;
const MAX_URL = 200;
/** Seconds after which a refused caller may try again, where nothing better is known. */
const RETRY_SECONDS = 5;

/** Statuses with which Fastify itself refuses a request, and the code that says the same; else invalid_request. */
const BY_STATUS: Record<number, ErrorCode> = {
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
};

const messageOf: Partial<Record<ErrorCode, string>> = {
  payload_too_large: 'The body is larger than this route takes.',
  unsupported_media_type: 'The body is not of a type this route reads.',
};

/** Installs the handlers of errors and of unknown routes; needs the limits of request-limits.ts. */
export const errors = fp(async (app) => {
  app.setErrorHandler((error, request, reply) => {
    // Fastify may refuse a body before it says that there is nobody to read it.
    if (request.is404 && !(error instanceof AppError)) sendNobodyThere(request, reply);
    else sendError(error, request, reply);
  });
  // Counted like every other request, so that nobody can guess paths without end.
  app.setNotFoundHandler({ preHandler: app.countRequest }, sendNobodyThere);
});

/** 405 if the path has other methods, else 404. */
function sendNobodyThere(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?')[0];
  const allow = request.server.allowOf(path);
  if (allow !== undefined) {
    reply.header('allow', allow);
    const message = `${request.method} is not a method of this path; it has ${allow}.`;
    sendError(new AppError('method_not_allowed', message), request, reply);
    return;
  }
  const error = new AppError('not_found', `There is no ${request.method} ${path.slice(0, MAX_URL)}.`, {
    remedy: 'Look at /docs for the routes of this broker.',
  });
  sendError(error, request, reply);
}

/** Answers with an error; also used for requests that never reached a route. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = toAppError(error);
  // Refusals under load are counted (metrics); a log line for each would add to the load.
  if (known.status >= 500 && known.code !== 'busy')
    request.log.error({ err: error, code: known.code }, 'request failed');
  reply.errorCode = known.code;
  // Said here again, because a request that never reached a route has passed no hook.
  reply.header('x-request-id', request.id);
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  if ((known.status === 503 || known.status === 429) && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', known.details?.['retryAfterSeconds'] ?? RETRY_SECONDS);
  }
  const body: ErrorBody = {
    code: known.code,
    message: known.message,
    remedy: known.remedy,
    requestId: request.id,
    error: known.message,
    details: known.details,
    ...monthlyLimit(known),
  };
  reply.status(known.status).type('application/json; charset=utf-8').send(body);
}

/** The figures of a monthly limit where the web client looks for them: beside the message. */
function monthlyLimit({ code, details = {} }: AppError): Pick<ErrorBody, 'current_count' | 'limit'> {
  const { current_count, limit } = details;
  if (code !== 'limit_reached' || typeof current_count !== 'number' || typeof limit !== 'number') return {};
  return { current_count, limit };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof CloudError) return refusal(error);
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error);
  const { statusCode = 500, message } = error as Partial<FastifyError>;
  if (BY_STATUS[statusCode] === undefined && (statusCode < 400 || statusCode >= 500)) {
    return new AppError('internal', 'Something went wrong in the broker.');
  }
  const code = BY_STATUS[statusCode] ?? 'invalid_request';
  return new AppError(code, messageOf[code] ?? message ?? 'The request cannot be understood.');
}

/** All that is wrong with a request; values are not repeated. */
function invalid(
  error: Pick<FastifyError, 'validationContext'> & {
    validation: { instancePath: string; message?: string }[];
  },
): AppError {
  const part = error.validationContext ?? 'body';
  const issues = error.validation.slice(0, MAX_ISSUES).map(({ instancePath, message }) => {
    const path = instancePath.slice(1).replaceAll('/', '.');
    return `${path || part}: ${message ?? 'is wrong'}`;
  });
  return new AppError('invalid_request', issues.join('; '), { details: { in: part, issues } });
}
