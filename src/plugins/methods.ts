/** Which methods a path has, so that asking with another one answers 405 and says them (RFC 9110, 15.5.6). */
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    /** Value of the Allow header for a path; undefined if there is no such path. */
    allowOf(path: string): string | undefined;
  }
}

/** Notes the methods of every path from now on. */
export const methods = fp(async (app) => {
  /** By the path without the names of its parameters. */
  const known = new Map<string, { pattern: RegExp; has: Set<string> }>();

  app.addHook('onRoute', ({ url, method, config }) => {
    if (!config?.access) return;
    const shape = url.replace(/:\w+/g, ':');
    const path = known.get(shape) ?? { pattern: patternOf(shape), has: new Set<string>() };
    for (const name of [method].flat()) path.has.add(name);
    known.set(shape, path);
  });

  app.decorate('allowOf', (path: string) => {
    // A path without parameters comes before those that would take a part of it for one.
    const exact = known.get(path);
    const found = exact ? [exact] : [...known.values()].filter(({ pattern }) => pattern.test(path));
    if (found.length === 0) return undefined;
    return [...new Set(found.flatMap(({ has }) => [...has]))].sort().join(', ');
  });
});

function patternOf(shape: string): RegExp {
  return new RegExp(`^${shape.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(':', '[^/]+')}$`);
}
