/** Gives the work of a request its context: which request, and who asks. */
import fp from 'fastify-plugin';
import { within } from '../../services/context.ts';
import { byUser } from '../../services/principal.ts';

/** Installs it. After the body is read, because events of the socket would lose it. */
export const context = fp(async (app) => {
  app.addHook('preHandler', (request, _reply, done) => {
    const actor = request.principal ? byUser(request.principal) : undefined;
    within({ requestId: request.id, actor }, done);
  });
});
