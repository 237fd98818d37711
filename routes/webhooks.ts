/** Webhooks of the caller. */
import { z } from 'zod';
import type { Webhooks } from '../services/webhooks/webhooks.ts';
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { done } from '../src/schemas/http/auth.ts';
import { pageQuery, pathId } from '../src/schemas/http/common.ts';
import {
  deliveryAnswer,
  deliveryList,
  toDeliveryView,
  toWebhookView,
  webhookAnswer,
  webhookBody,
  webhookChange,
  webhookList,
  webhookWithSecret,
} from '../src/schemas/http/webhooks.ts';

const tags = ['Webhooks'];
const params = z.object({ webhookId: pathId });
const deliveryParams = params.extend({ deliveryId: pathId });
const found = { access: 'user', errors: ['not_found'] } as const;
const changing = { access: 'user', errors: ['not_found', 'conflict'] } as const;

/** Routes under /api/webhooks. */
export function webhookRoutes({ webhooks }: { webhooks: Webhooks }) {
  return async (app: Api): Promise<void> => {
    app.post(
      '/webhooks',
      {
        config: { access: 'user', errors: ['too_many'] },
        schema: {
          tags,
          operationId: 'createWebhook',
          summary: 'Have your own server told when a job has come to its end',
          description:
            'Messages are signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature) and ' +
            'sent at least once: recognise repetitions by webhook-id. An answer of 2xx within 10 seconds is a ' +
            'success; otherwise it is tried again for about three days. 410 disables the webhook. Redirects are ' +
            'not followed, and addresses that are not on the public internet are refused, here and at every call.',
          body: webhookBody,
          response: { 201: answer('The webhook with its secret, shown this once', webhookWithSecret) },
        },
      },
      async (request, reply) => {
        const { webhook, secret } = await webhooks.create(principalOf(request), request.body);
        reply.header('cache-control', 'no-store');
        return reply.status(201).send({ ...toWebhookView(webhook), secret });
      },
    );

    app.get(
      '/webhooks',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listWebhooks',
          summary: 'Your webhooks, ten at most',
          description: 'Secrets are shown only when they are made.',
          response: { 200: answer('All of them, newest first', webhookList) },
        },
      },
      async (request) => {
        const all = await webhooks.list(principalOf(request));
        return { webhooks: all.map(toWebhookView), count: all.length };
      },
    );

    app.get(
      '/webhooks/:webhookId',
      {
        config: found,
        schema: {
          tags,
          operationId: 'getWebhook',
          summary: 'One webhook',
          description: '`status` and `failingSince` say whether messages arrive.',
          params,
          response: { 200: answer('The webhook', webhookAnswer) },
        },
      },
      async (request) => toWebhookView(await webhooks.get(principalOf(request), request.params.webhookId)),
    );

    app.patch(
      '/webhooks/:webhookId',
      {
        config: changing,
        schema: {
          tags,
          operationId: 'changeWebhook',
          summary: 'Change a webhook, or enable one that was disabled',
          description: 'A disabled webhook that is enabled again gets what happens from then on.',
          params,
          body: webhookChange,
          response: { 200: answer('The webhook as it is now', webhookAnswer) },
        },
      },
      async (request) =>
        toWebhookView(await webhooks.update(principalOf(request), request.params.webhookId, request.body)),
    );

    app.delete(
      '/webhooks/:webhookId',
      {
        config: found,
        schema: {
          tags,
          operationId: 'deleteWebhook',
          summary: 'Delete a webhook; what is on its way to it is dropped',
          description: 'What is still on its way to it is thrown away.',
          params,
          response: { 200: answer('It is gone', done) },
        },
      },
      async (request) => {
        await webhooks.remove(principalOf(request), request.params.webhookId);
        return { success: true as const, message: 'The webhook was deleted.' };
      },
    );

    app.post(
      '/webhooks/:webhookId/rotate-secret',
      {
        config: changing,
        schema: {
          tags,
          operationId: 'rotateWebhookSecret',
          summary: 'A new secret; for a day messages are signed by both',
          description:
            'For a day messages carry signatures of both secrets, so that nothing is refused meanwhile.',
          params,
          response: { 200: answer('The webhook with its new secret, shown this once', webhookWithSecret) },
        },
      },
      async (request, reply) => {
        const { webhook, secret } = await webhooks.rotate(principalOf(request), request.params.webhookId);
        reply.header('cache-control', 'no-store');
        return { ...toWebhookView(webhook), secret };
      },
    );

    app.post(
      '/webhooks/:webhookId/test',
      {
        config: changing,
        schema: {
          tags,
          operationId: 'testWebhook',
          summary: 'Send a message of the type webhook.test',
          description: 'A message of its own kind, signed and delivered like all others.',
          params,
          response: { 202: answer('It is on its way; look at the deliveries', deliveryAnswer) },
        },
      },
      async (request, reply) => {
        const sent = await webhooks.test(principalOf(request), request.params.webhookId);
        return reply.status(202).send(toDeliveryView(sent));
      },
    );

    app.get(
      '/webhooks/:webhookId/deliveries',
      {
        config: found,
        schema: {
          tags,
          operationId: 'listWebhookDeliveries',
          summary: 'What was sent in the last 30 days and how it went, newest first',
          description: 'Newest first, for 30 days, with every attempt and its answer.',
          params,
          querystring: pageQuery,
          response: { 200: answer('One page', deliveryList) },
        },
      },
      async (request) => {
        const { webhookId } = request.params;
        const { items, cursor } = await webhooks.deliveries(principalOf(request), webhookId, request.query);
        return { deliveries: items.map(toDeliveryView), count: items.length, cursor: cursor ?? null };
      },
    );

    app.post(
      '/webhooks/:webhookId/deliveries/:deliveryId/replay',
      {
        config: changing,
        schema: {
          tags,
          operationId: 'replayWebhookDelivery',
          summary: 'Send a message once more, with the same webhook-id',
          description: 'With the same `webhook-id`, so that a receiver that has it already can tell.',
          params: deliveryParams,
          response: { 202: answer('It is on its way', deliveryAnswer) },
        },
      },
      async (request, reply) => {
        const { webhookId, deliveryId } = request.params;
        const sent = await webhooks.replay(principalOf(request), webhookId, deliveryId);
        return reply.status(202).send(toDeliveryView(sent));
      },
    );
  };
}
