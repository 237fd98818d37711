/** Counts every request by route and status. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

export interface RequestMetricsOptions {
  readonly answered: (request: {
    method: string;
    route: string;
    status: number;
    seconds: number;
    code?: string;
  }) => void;
}

declare module 'fastify' {
  interface FastifyReply {
    /** Code of the refusal that this reply is; set by errors.ts. */
    errorCode?: string;
  }
}

/** The pattern of the route, as figures and traces name it: paths hold ids. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
}

/** Installs the count. */
export const requestMetrics = fp<RequestMetricsOptions>(async (app, { answered }) => {
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    answered({
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
      code: reply.errorCode,
    });
    done();
  });
});
