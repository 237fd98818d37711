/** What administrators do with accounts. */
import { z } from 'zod';
import type { Identity } from '../services/identity/identity.ts';
import type { Principal } from '../services/principal.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import {
  account,
  resetCode,
  roleBody,
  toAccount,
  userList,
  userQuery,
} from '../src/schemas/http/admin-users.ts';
import { iso, pathId } from '../src/schemas/http/common.ts';

const tags = ['Administration'];
const params = z.object({ userId: pathId });
const acting = { access: 'admin', errors: ['not_found', 'conflict'] } as const;

export interface AdminUserRoutesDeps {
  identity: Pick<
    Identity,
    'list' | 'account' | 'approve' | 'disable' | 'setRole' | 'endTokens' | 'removeAccount' | 'issueResetCode'
  >;
}

/** Routes under /api/admin/users. */
export function adminUserRoutes({ identity }: AdminUserRoutesDeps) {
  return async (app: Api): Promise<void> => {
    app.get(
      '/admin/users',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          operationId: 'listUsers',
          summary: 'Accounts, for example those that wait',
          description: 'With a filter a page may hold fewer accounts than `limit` although more follow.',
          querystring: userQuery,
          response: { 200: answer('One page', userList) },
        },
      },
      async (request) => {
        const { items, cursor } = await identity.list(request.query);
        return { users: items.map(toAccount), cursor: cursor ?? null };
      },
    );

    app.get(
      '/admin/users/:userId',
      {
        config: { access: 'admin', errors: ['not_found'] },
        schema: {
          tags,
          operationId: 'getUser',
          summary: 'One account',
          description: 'Also a deleted one, of which only the id is left.',
          params,
          response: { 200: answer('The account', account) },
        },
      },
      async (request) => toAccount(await identity.account(request.params.userId)),
    );

    for (const { act, operationId, summary, description, told, work } of [
      {
        act: 'approve',
        operationId: 'approveUser',
        summary: 'Let a waiting or disabled account in',
        description: 'Repeating it changes nothing. If mail is configured, the person is told.',
        told: 'The account, now active',
        work: (_who: Principal, userId: string) => identity.approve(userId),
      },
      {
        act: 'disable',
        operationId: 'disableUser',
        summary: 'Shut an account out; all its tokens are dead at once, for good',
        description: 'Jobs under way come to their end. Approving the account lets the person sign in again.',
        told: 'The account, now disabled',
        work: identity.disable,
      },
      {
        act: 'end-tokens',
        operationId: 'endUserTokens',
        summary: 'End all sessions and personal access tokens of a person at once',
        description:
          'For a leaked token or a lost laptop. The account stays open: the person signs in again.',
        told: 'The account; the person may sign in again',
        work: (_who: Principal, userId: string) => identity.endTokens(userId),
      },
    ]) {
      app.post(
        `/admin/users/:userId/${act}`,
        {
          config: acting,
          schema: {
            tags,
            operationId,
            summary,
            description,
            params,
            response: { 200: answer(told, account) },
          },
        },
        async (request) => toAccount(await work(principalOf(request), request.params.userId)),
      );
    }

    app.put(
      '/admin/users/:userId/role',
      {
        config: acting,
        schema: {
          tags,
          operationId: 'setUserRole',
          summary: 'Make somebody a user, a developer or an administrator',
          description:
            '`developer` sees the figures of the broker, `admin` also accounts and Mode 1. Nobody changes the own role.',
          params,
          body: roleBody,
          response: { 200: answer('The account with its new role', account) },
        },
      },
      async (request) =>
        toAccount(await identity.setRole(principalOf(request), request.params.userId, request.body.role)),
    );

    app.post(
      '/admin/users/:userId/reset-code',
      {
        config: acting,
        schema: {
          tags,
          operationId: 'issueResetCode',
          summary: 'A one-time code with which a person sets a new password',
          description:
            'For people who get no mail. Good once, for 24 hours; a code issued before it is no longer valid.',
          params,
          response: { 201: answer('The code, shown this once', resetCode) },
        },
      },
      async (request, reply) => {
        const { code, expiresAt } = await identity.issueResetCode(request.params.userId);
        reply.header('cache-control', 'no-store');
        return reply.status(201).send({
          code,
          expiresAt: iso(expiresAt),
          message: 'Give this code to the person on a way you trust. It is valid once.',
        });
      },
    );

    app.delete(
      '/admin/users/:userId',
      {
        config: acting,
        schema: {
          tags,
          operationId: 'deleteUser',
          summary: 'Delete an account: personal data, tokens and webhooks go, all at once',
          description: 'Jobs under way come to their end unattended. The e-mail address is free again.',
          params,
          response: { 200: answer('What is left of the account', account) },
        },
      },
      async (request) => toAccount(await identity.removeAccount(principalOf(request), request.params.userId)),
    );
  };
}
