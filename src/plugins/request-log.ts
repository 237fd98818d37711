/** One line per request: what was asked, how it ended, and who asked. Never a body, a query or a header. */
import fp from 'fastify-plugin';

/** Installs the line and the header that names the request. */
export const requestLog = fp(async (app) => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        userId: request.principal?.userId,
      },
      'request',
    );
    done();
  });
});

/** Id of a request: the caller's own if it is a plain word of sensible length, else a new one. */
export function requestIdFrom(
  next: () => string,
): (request: { headers: NodeJS.Dict<string | string[]> }) => string {
  return (request) => {
    const given = request.headers['x-request-id'];
    return typeof given === 'string' && /^[\w.:-]{8,100}$/.test(given) ? given : next();
  };
}
