/**
 * The ordered end of a process as its clients see it: what has arrived is answered, what arrives afterwards over an
 * open connection is told to come again, and every answer says that its connection ends. A connection that a load
 * balancer keeps for later would hold the end up otherwise, and so would one that a browser has opened in advance.
 */
import type { Socket } from 'node:net';
import fp from 'fastify-plugin';
import { AppError } from '../errors.ts';

/** Of the event loop: one accepts what waits, the next reads it; the rest is for a body behind its headers. */
const TURNS = 4;

/** Installs it. Fastify's own refusal must be off (`return503OnClosing`): it has no Retry-After. */
export const draining = fp(async (app) => {
  let closing = false;
  let refusing = false;
  const connections = new Set<Socket>();

  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  app.addHook('preClose', async () => {
    closing = true;
    // Then Node ends connections that look idle, even if a request waits there unread.
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    refusing = true;
    // Node waits for a first request on these.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (!refusing) return done();
    const remedy = 'Try again after Retry-After; another process of the broker takes over.';
    done(
      new AppError('busy', 'This process of the broker is ending.', {
        remedy,
        details: { retryAfterSeconds: 1 },
      }),
    );
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
  // For answers whose headers were gone before.
  app.addHook('onResponse', (request, _reply, done) => {
    if (closing) request.raw.socket.end();
    done();
  });
});
