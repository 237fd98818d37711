/** What administrators and developers see of the broker itself. */
import type { z } from 'zod';
import type { Operations } from '../services/operations.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { operationsAnswer } from '../src/schemas/http/operations.ts';

const tags = ['Administration'];

export interface AdminRoutesDeps {
  operations: Operations;
  /** Calls to AWS since the start. */
  awsCalls: () => z.infer<typeof operationsAnswer>['aws'];
  feed: { streams(): number };
}

/** GET /api/admin/health. */
export function adminRoutes({ operations, awsCalls, feed }: AdminRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/admin/health',
      {
        config: { access: 'developer' },
        schema: {
          tags,
          operationId: 'brokerHealth',
          summary: 'Open jobs by state and age, how late the ticker is, calls to AWS and their errors',
          description: 'For developers and administrators; the same and more, for Prometheus, at /metrics.',
          response: {
            200: answer('Figures of this broker process; open jobs are those of all', operationsAnswer),
          },
        },
      },
      async () => ({ ...(await operations.figures()), aws: awsCalls(), streams: feed.streams() }),
    );
  };
}
