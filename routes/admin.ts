/** What administrators do with accounts. */
import { z } from 'zod';
import type { Identity } from '../services/identity.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { profile, toProfile, userList, userQuery } from '../src/schemas/http/auth.ts';
import { pathId } from '../src/schemas/http/common.ts';

const tags = ['Administration'];

/** Routes under /api/admin. */
export function adminRoutes({ identity }: { identity: Pick<Identity, 'list' | 'approve'> }) {
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
