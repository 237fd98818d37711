/**
 * How often a network may ask: windows of a minute, counted in this process. All of it happens at once and in memory,
 * because every request passes here before anything is known of it.
 */
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';
import { networkOf } from '../../services/network.ts';
import { AppError } from '../errors.ts';

/** A limit of its own for a route. */
export interface RequestLimit {
  /** Requests per minute and network. */
  readonly max: number;
  /** Routes of one name are counted together; without one, a route is counted alone. */
  readonly group?: string;
}

type Limiter = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Default: counted with all routes that name no limit. False: not counted. */
    rateLimit?: RequestLimit | false;
  }
  interface FastifyInstance {
    /** Counts a request like those of routes that name no limit. */
    countRequest: Limiter;
  }
}

const WINDOW_MS = 60_000;
/** Networks remembered per limit; those whose window began first are forgotten first. */
const MAX_NETWORKS = 20_000;

/** Installs the limits; `perMinute` is that of routes that name none. */
export const requestLimits = fp<{ perMinute: number }>(async (app, { perMinute }) => {
  const common = createLimiter(perMinute);
  const groups = new Map<string, Limiter>();

  function limiterOf({ config }: RouteOptions): Limiter | undefined {
    const limit = config?.rateLimit;
    if (limit === undefined) return common;
    if (limit === false) return undefined;
    const { max, group } = limit;
    const known = group === undefined ? undefined : groups.get(group);
    const limiter = known ?? createLimiter(max);
    if (group !== undefined) groups.set(group, limiter);
    return limiter;
  }

  app.addHook('onRoute', (route) => {
    const limiter = limiterOf(route);
    if (limiter) route.onRequest = [route.onRequest ?? [], limiter].flat();
  });
  app.decorate('countRequest', common);
});

function createLimiter(max: number): Limiter {
  const windows = new Map<string, { count: number; endsAt: number }>();

  function windowOf(network: string, now: number) {
    const known = windows.get(network);
    if (known && known.endsAt > now) return known;
    // At the end of the map, which is in the order of their beginnings.
    windows.delete(network);
    const begun = { count: 0, endsAt: now + WINDOW_MS };
    windows.set(network, begun);
    if (windows.size > MAX_NETWORKS) windows.delete(windows.keys().next().value as string);
    return begun;
  }

  return (request, reply, done) => {
    const now = Date.now();
    const window = windowOf(networkOf(request.ip), now);
    window.count++;
    const seconds = Math.ceil((window.endsAt - now) / 1_000);
    reply.header('x-ratelimit-limit', max);
    reply.header('x-ratelimit-remaining', Math.max(0, max - window.count));
    reply.header('x-ratelimit-reset', seconds);
    if (window.count > max) {
      reply.header('retry-after', seconds);
      throw new AppError('too_many_requests', `Too many requests; try again in ${seconds} seconds.`);
    }
    done();
  };
}
