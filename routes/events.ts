/** Live changes of jobs as server-sent events. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Feed } from '../services/jobs/feed.ts';
import type { Clock, Timers } from '../services/ports.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { createEventStream, type EventStream } from '../src/plugins/event-stream.ts';
import type { Api } from '../src/plugins/zod.ts';
import { pathId } from '../src/schemas/http/common.ts';

export interface EventRoutesDeps {
  feed: Pick<Feed, 'follow'>;
  timers: Timers;
  clock: Clock;
}

const tags = ['Jobs'];
/** Whoever was shut out meanwhile is told nothing more after this time. */
const RECHECK_MS = 10_000;
/** A stream lasts no longer, however long the token lives; timers cannot be set for months. */
const LONGEST_MS = 24 * 3_600_000;
const headers = z.object({
  'last-event-id': z.string().max(100).optional().meta({ description: 'Where the client left off' }),
});
const description =
  '`job`: the job as `GET /api/job/{jobId}` shows it, at every change; states may be skipped, and a `version` may ' +
  'come twice. `removed`: `{jobId}`. `expired`: the token has ended; connect again with a new one. A comment ' +
  'comes every 15 seconds. With Last-Event-ID, what has changed meanwhile comes first. At most 8 streams per ' +
  'person.';
const EXAMPLE_EVENTS =
  'event: job\nid: 1795512600000\ndata: {"jobId":"01K9ZB4T8N5W3V6Q2R7S0M1XYA","state":"running"}\n\n';
const stream = {
  200: {
    description: 'Events, without end',
    content: { 'text/event-stream': { schema: z.string().meta({ examples: [EXAMPLE_EVENTS] }) } },
  },
};

/** GET /api/job/events and /api/job/:jobId/events. */
export function eventRoutes({ feed, timers, clock }: EventRoutesDeps) {
  return async (app: Api): Promise<void> => {
    const open = new Set<EventStream>();
    let closing = false;
    // Before the server waits for its connections: these would not end by themselves.
    app.addHook('preClose', async () => {
      closing = true;
      for (const events of open) events.end();
    });

    async function follow(
      request: FastifyRequest,
      reply: FastifyReply,
      wish: { jobId?: string; lastEventId?: string },
    ): Promise<void> {
      const who = principalOf(request);
      const events = createEventStream(timers);
      let stop: () => void;
      try {
        stop = await feed.follow(who, wish, ({ jobId, id, text }) => {
          if (text === undefined)
            events.send(jobId, { event: 'removed', id, data: JSON.stringify({ jobId }) });
          else events.send(jobId, { event: 'job', id, data: text });
        });
      } catch (error) {
        events.body.destroy();
        throw error;
      }
      open.add(events);
      const cancelExpiry =
        who.expiresAt === undefined
          ? () => {}
          : timers.after(Math.min(LONGEST_MS, Math.max(0, who.expiresAt - clock())), () =>
              events.end({ event: 'expired', data: '{}' }),
            );
      const cancelRecheck = timers.every(RECHECK_MS, () => {
        void request.stillSignedIn().then((still) => {
          if (!still) events.end({ event: 'expired', data: '{}' });
        });
      });
      events.onClose(() => {
        stop();
        cancelRecheck();
        cancelExpiry();
        open.delete(events);
      });
      // Also said to proxies that would collect an answer before they pass it on.
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      reply.type('text/event-stream').send(events.body);
      // It was being opened when the process began to end; the client resumes with another one.
      if (closing) events.end();
    }

    app.get(
      '/job/events',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'followJobs',
          summary: 'Changes of all your jobs, live',
          description,
          headers,
          response: stream,
        },
      },
      async (request, reply) => {
        await follow(request, reply, { lastEventId: request.headers['last-event-id'] });
        return reply;
      },
    );

    app.get(
      '/job/:jobId/events',
      {
        config: { access: 'user', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'followJob',
          summary: 'Changes of one job, live',
          description,
          headers,
          params: z.object({ jobId: pathId }),
          response: stream,
        },
      },
      async (request, reply) => {
        const { jobId } = request.params;
        await follow(request, reply, { jobId, lastEventId: request.headers['last-event-id'] });
        return reply;
      },
    );
  };
}
