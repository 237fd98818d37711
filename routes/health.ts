/** For load balancers and supervisors: does the process live, can it work, what has it done. */
import { z } from 'zod';
import { RETRY_AFTER } from '../src/plugins/openapi-answers.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { errorBody } from '../src/schemas/http/error.ts';
import {
  liveAnswer,
  type Readiness,
  readyAnswer,
  stuckAnswer,
  toReadyAnswer,
} from '../src/schemas/http/health.ts';

const tags = ['Health'];
/** A store that is away, or a loop that stands still, is seldom back sooner. */
const RETRY_SECONDS = 5;
const SINCE = '2026-11-22T09:30:00.000Z';
const NOT_READY = {
  status: 'not_ready',
  checks: { store: false, tick: true },
  dependencies: [
    {
      name: 'store',
      state: 'down',
      since: SINCE,
      regions: [{ region: 'us-east-1', state: 'down', since: SINCE }],
    },
    { name: 'sts', state: 'ok', since: null, regions: [] },
    { name: 'step_functions', state: 'ok', since: null, regions: [] },
    { name: 's3', state: 'unknown', since: null, regions: [] },
  ],
};
const notReady = unable('It cannot; `checks` says why', readyAnswer, { not_ready: { value: NOT_READY } });
const stuckLoop = unable(
  'It answers, but its background work has stood still for a quarter of an hour',
  stuckAnswer,
  { stuck: { value: { status: 'stuck' } } },
);

/** The answer 503 of a process that says what it cannot, or, while it is ending, refuses as everywhere. */
function unable(description: string, says: z.ZodType, examples: Record<string, { value: unknown }>) {
  const schema = z.union([says, errorBody]);
  return { description, headers: RETRY_AFTER, content: { 'application/json': { schema, examples } } };
}

export interface HealthRoutesDeps {
  readiness: () => Promise<Readiness>;
  stuck: () => boolean;
  metrics: { text(): Promise<string>; contentType: string };
}

/** GET /live, /ready and /metrics, outside /api; the page a person comes to leads to the documentation. */
export function healthRoutes({ readiness, stuck, metrics }: HealthRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get('/', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) =>
      reply.redirect('/docs'),
    );

    app.get(
      '/metrics',
      {
        config: { access: 'metrics' },
        schema: {
          tags,
          operationId: 'metrics',
          summary: 'Figures of this broker process for Prometheus',
          description:
            'Requests, moves and failures of jobs, calls to AWS, the ticker and the process. No label names a ' +
            'person, a job or a unit. For developers, or with METRICS_TOKEN of the configuration.',
          response: {
            200: {
              description: 'Text format of Prometheus',
              content: {
                'text/plain': { schema: z.string().meta({ examples: ['cloudmr_event_streams 2\n'] }) },
              },
            },
          },
        },
      },
      async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
    );

    app.get(
      '/live',
      {
        config: { access: 'public', rateLimit: false },
        schema: {
          tags,
          operationId: 'live',
          summary: 'The process answers and is not stuck',
          description:
            'For load balancers and supervisors, who replace a process that fails it: 503 only when a new process would ' +
            'help, because the work of this one has stood still for a quarter of an hour. It says nothing about the ' +
            'table or AWS, which a new process would miss as well; `/ready` does.',
          response: { 200: answer('It does', liveAnswer), 503: stuckLoop },
        },
      },
      async (_request, reply) => {
        if (!stuck()) return { status: 'live' } as const;
        return reply.status(503).header('retry-after', RETRY_SECONDS).send({ status: 'stuck' });
      },
    );

    app.get(
      '/ready',
      {
        config: { access: 'public' },
        schema: {
          tags,
          operationId: 'ready',
          summary: 'The store answers and jobs are being moved',
          description:
            'For people and monitors; balancers and supervisors ask `/live`. 503 while the table does not answer or ' +
            'due jobs are not being moved; `checks` says which. `degraded` (200) while a service of AWS is down, ' +
            'slow or throttles: requests are answered, and jobs that need it wait; `dependencies` says which, ' +
            'where and since when. A probe asks nothing of AWS.',
          response: {
            200: answer('It can work', readyAnswer),
            503: notReady,
          },
        },
      },
      async (_request, reply) => {
        const found = toReadyAnswer(await readiness());
        const ready = found.status !== 'not_ready';
        if (!ready) reply.header('retry-after', RETRY_SECONDS);
        return reply.status(ready ? 200 : 503).send(found);
      },
    );
  };
}
