/** For load balancers and supervisors: does the process live, can it work. */
import { type Api, answer } from '../src/plugins/zod.ts';
import { liveAnswer, type Readiness, readyAnswer } from '../src/schemas/http/health.ts';

const tags = ['Health'];

/** GET /live and GET /ready, outside /api. */
export function healthRoutes({ readiness }: { readiness: () => Promise<Readiness> }) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/live',
      {
        config: { access: 'public', rateLimit: false },
        schema: {
          tags,
          operationId: 'live',
          summary: 'The process answers',
          response: { 200: answer('It does', liveAnswer) },
        },
      },
      async () => ({ status: 'live' }) as const,
    );

    app.get(
      '/ready',
      {
        config: { access: 'public' },
        schema: {
          tags,
          operationId: 'ready',
          summary: 'The store answers and jobs are being moved',
          response: {
            200: answer('It can work', readyAnswer),
            503: answer('It cannot; `checks` says why', readyAnswer),
          },
        },
      },
      async (_request, reply) => {
        const checks = await readiness();
        const ready = Object.values(checks).every(Boolean);
        return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', checks });
      },
    );
  };
}
