/**
 * The ordered end of a process as its clients see it: what has arrived is answered, what arrives afterwards over an
 * open connection is told to come again, and every answer says that its connection ends. A connection that a load
 * balancer keeps for later would hold the end up otherwise, and so would one that a browser has opened in advance.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fp from 'fastify-plugin';
import type { Timers } from '../../services/ports.ts';
import { AppError } from '../errors.ts';

/** Of the event loop: one accepts what waits, the next reads it; the rest is for a body behind its headers. */
const TURNS = 4;
/**
 * A client that does not take its answer has this long; then its connection is torn, so that what the process does
 * after its server (the steps under way, its last figures) has the rest of its time, ten seconds.
 */
export const TAKE_MS = 20_000;

/** Installs it. Fastify's own refusal must be off (`return503OnClosing`): it has no Retry-After. */
export const draining = fp<{ timers: Timers }>(async (app, { timers }) => {
  let closing = false;
  let refusing = false;
  const connections = new Set<Socket>();
  const answers = new Set<ServerResponse>();

  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  app.addHook('preClose', async () => {
    closing = true;
    const cancel = timers.after(TAKE_MS, () => {
      for (const socket of connections) socket.destroy();
    });
    app.server.once('close', cancel);
    // Then Node ends connections that look idle, even if a request waits there unread.
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    refusing = true;
    // Node waits for a first request on these.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    // Node takes these for idle, and would tear them: all of it was written, and not all of it was taken.
    const written = [...answers].filter(
      ({ writableEnded, writableFinished }) => writableEnded && !writableFinished,
    );
    await Promise.all(written.map((answer) => once(answer, 'close')));
  });
  app.addHook('onRequest', (_request, { raw }, done) => {
    answers.add(raw);
    raw.once('close', () => answers.delete(raw));
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
