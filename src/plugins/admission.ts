/**
 * How many requests one process works on at once. What comes on top is refused at once with 503 and Retry-After, so
 * that a burst, or a store that answers slowly, fills neither the memory nor everybody's waiting time.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { AppError } from '../errors.ts';

/** Never refused: who looks how the broker is, and who mends it. */
const ALWAYS: ReadonlySet<string> = new Set(['/live', '/ready', '/metrics']);
/** Those who are refused come back at different times: in 1, 2, 3 seconds. */
const RETRY_SPREAD = 3;

export interface Admission {
  /** Requests under way. */
  inFlight(): number;
  /** Requests that were refused since the start. */
  refused(): number;
  /** True: it was let in and must leave again. */
  enter(): boolean;
  leave(): void;
}

/** Creates the count of one process; `most`: requests at once. */
export function createAdmission(most: number): Admission {
  let inFlight = 0;
  let refused = 0;
  return {
    inFlight: () => inFlight,
    refused: () => refused,
    enter() {
      if (inFlight < most) inFlight++;
      else {
        refused++;
        return false;
      }
      return true;
    },
    leave() {
      inFlight--;
    },
  };
}

/** Installs it. A request has left when its answer is ready: a stream of events, or a slow reader, holds no place. */
export const admission = fp<{ admission: Admission }>(async (app, { admission: gate }) => {
  const inside = new WeakSet<FastifyRequest>();
  const leave = (request: FastifyRequest): void => {
    if (inside.delete(request)) gate.leave();
  };

  app.addHook('onRequest', (request, _reply, done) => {
    const { access } = request.routeOptions.config;
    const spared = ALWAYS.has(request.routeOptions.url ?? '') || access === 'admin' || access === 'developer';
    if (spared) return done();
    if (gate.enter()) {
      inside.add(request);
      return done();
    }
    const retryAfterSeconds = 1 + (gate.refused() % RETRY_SPREAD);
    done(
      new AppError('busy', 'The broker has as many requests under way as it takes.', {
        details: { retryAfterSeconds },
      }),
    );
  });
  app.addHook('onSend', (request: FastifyRequest, _reply: FastifyReply, payload, done) => {
    leave(request);
    done(null, payload);
  });
  app.addHook('onResponse', (request, _reply, done) => {
    leave(request);
    done();
  });
});
