/** A path that exists, asked with a method that it does not have, answers 405 and says which it has (RFC 9110, 15.5.6). */
import fp from 'fastify-plugin';
import { AppError } from '../errors.ts';
import type { Api } from './zod.ts';

/** OPTIONS is answered by CORS. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const;

declare module 'fastify' {
  interface FastifyInstance {
    /** To be called when all routes are there. */
    refuseOtherMethods(): void;
  }
}

/** Notes the methods of every path from now on. */
export const methods = fp(async (app) => {
  /** By the path without the names of its parameters. */
  const paths = new Map<string, { url: string; has: Set<string> }>();
  app.addHook('onRoute', ({ url, method, config }) => {
    if (!config?.access) return;
    const path = url.replace(/:\w+/g, ':');
    const known = paths.get(path) ?? { url, has: new Set<string>() };
    for (const name of [method].flat()) known.has.add(name);
    paths.set(path, known);
  });
  app.decorate('refuseOtherMethods', function refuse(this: unknown) {
    for (const { url, has } of [...paths.values()]) addRefusal(app as Api, url, has);
  });
});

function addRefusal(app: Api, url: string, has: ReadonlySet<string>): void {
  const allow = [...METHODS.filter((method) => has.has(method)), 'OPTIONS'].join(', ');
  app.route({
    method: METHODS.filter((method) => !has.has(method)),
    url,
    exposeHeadRoute: false,
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (request, reply) => {
      reply.header('allow', allow);
      throw new AppError(
        'method_not_allowed',
        `${request.method} is not a method of this path; it has ${allow}.`,
      );
    },
  });
}
