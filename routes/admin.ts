/** What administrators do with accounts, and what they see of the broker itself. */
import { z } from 'zod';
import type { Identity } from '../services/identity.ts';
import type { Operations } from '../services/operations.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { profile, toProfile, userList, userQuery } from '../src/schemas/http/auth.ts';
import { pathId } from '../src/schemas/http/common.ts';
import { operationsAnswer } from '../src/schemas/http/operations.ts';

const tags = ['Administration'];

export interface AdminRoutesDeps {
  identity: Pick<Identity, 'list' | 'approve'>;
  operations: Operations;
  /** Calls to AWS since the start. */
  awsCalls: () => z.infer<typeof operationsAnswer>['aws'];
  feed: { streams(): number };
}

/** Routes under /api/admin. */
export function adminRoutes({ identity, operations, awsCalls, feed }: AdminRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/admin/users',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          operationId: 'listUsers',
          summary: 'Accounts, for example those that wait',
          description: 'With `status` a page may hold fewer accounts than `limit` although more follow.',
          querystring: userQuery,
          response: { 200: answer('One page', userList) },
        },
      },
      async (request) => {
        const { items, cursor } = await identity.list(request.query);
        return { users: items.map(toProfile), cursor: cursor ?? null };
      },
    );

    app.get(
      '/admin/health',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          operationId: 'brokerHealth',
          summary: 'Open jobs by state and age, how late the ticker is, calls to AWS and their errors',
          response: {
            200: answer('Figures of this broker process; open jobs are those of all', operationsAnswer),
          },
        },
      },
      async () => ({ ...(await operations.figures()), aws: awsCalls(), streams: feed.streams() }),
    );

    app.post(
      '/admin/users/:userId/approve',
      {
        config: { access: 'admin', errors: ['not_found', 'conflict'] },
        schema: {
          tags,
          operationId: 'approveUser',
          summary: 'Let an account in',
          params: z.object({ userId: pathId }),
          response: { 200: answer('The account, now active', profile) },
        },
      },
      async (request) => toProfile(await identity.approve(request.params.userId)),
    );
  };
}
