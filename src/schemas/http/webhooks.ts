/** Webhooks on the wire. */
import { z } from 'zod';
import { type Delivery, type Webhook, webhookEvent } from '../webhook.ts';
import { iso, isoTime, nextCursor, shortText } from './common.ts';

const url = z
  .string()
  .min(1)
  .max(2_048)
  .meta({
    format: 'public-https-url',
    description: 'https, a host on the public internet, port 443 or from 1024',
    examples: ['https://hooks.example.org/cloudmr'],
  });
const events = z
  .array(webhookEvent)
  .min(1)
  .max(webhookEvent.options.length)
  .transform((list) => [...new Set(list)])
  .meta({ description: 'What to be told of', examples: [['job.succeeded', 'job.failed']] });
const description = shortText(200).meta({ examples: ['dashboard of the lab'] });

/** All that can end a job. */
const ENDS = webhookEvent.options.filter((event) => event !== 'job.running');
export const webhookBody = z
  .object({ url, events: events.optional(), description: description.optional() })
  .transform(({ events = ENDS, ...rest }) => ({ ...rest, events }))
  .meta({
    examples: [
      {
        url: 'https://hooks.example.org/cloudmr',
        events: ['job.succeeded', 'job.failed'],
        description: 'dashboard of the lab',
      },
    ],
  });

export const webhookChange = z
  .object({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional(),
  })
  .meta({ description: 'What is left out stays', examples: [{ enabled: true }] });

const webhookView = z
  .object({
    webhookId: z.string(),
    url: z.string(),
    description: z.string().optional(),
    events: z.array(webhookEvent),
    status: z.enum(['active', 'disabled']),
    disabledReason: z
      .enum(['owner', 'gone', 'failing'])
      .optional()
      .meta({ description: '`gone`: it answered 410; `failing`: nothing arrived for about three days' }),
    failingSince: isoTime.optional(),
    previousSecretUntil: isoTime
      .optional()
      .meta({ description: 'Until then messages are also signed by the secret before the last rotation' }),
    createdAt: isoTime,
    updatedAt: isoTime,
  })
  .meta({ id: 'Webhook' });

export function toWebhookView(webhook: Webhook): z.infer<typeof webhookView> {
  const { webhookId, url, description, events, status, disabledReason } = webhook;
  return {
    webhookId,
    url,
    description,
    events,
    status,
    disabledReason,
    failingSince: optional(webhook.failingSince),
    previousSecretUntil: optional(webhook.previousUntil),
    createdAt: iso(webhook.createdAt),
    updatedAt: iso(webhook.updatedAt),
  };
}

export const webhookAnswer = webhookView;
export const webhookList = z.object({ webhooks: z.array(webhookView), count: z.number().int() });
export const webhookWithSecret = webhookView
  .extend({
    secret: z.string().meta({
      description: 'Checks the signatures of messages (Standard Webhooks); shown this once',
      examples: ['whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'],
    }),
  })
  .meta({ id: 'WebhookWithSecret' });

const deliveryView = z
  .object({
    deliveryId: z.string(),
    messageId: z.string().meta({ description: 'The header webhook-id, the same in all attempts' }),
    event: z.string(),
    state: z.enum(['pending', 'delivered', 'failed', 'canceled']),
    nextAttemptAt: isoTime.optional(),
    attempts: z.array(
      z.object({
        at: isoTime,
        ms: z.number().meta({ description: 'How long it took' }),
        status: z.number().int().optional().meta({ description: 'HTTP status of the answer' }),
        problem: z
          .string()
          .optional()
          .meta({ description: 'Why there was none', examples: ['timeout'] }),
      }),
    ),
    body: z.string().meta({
      description: 'The message as it is sent',
      examples: ['{"type":"job.succeeded","timestamp":"2026-11-22T09:30:09.000Z","data":{}}'],
    }),
    createdAt: isoTime,
  })
  .meta({ id: 'WebhookDelivery' });

export function toDeliveryView(delivery: Delivery): z.infer<typeof deliveryView> {
  const { deliveryId, messageId, event, state, dueAt, attempts, body, createdAt } = delivery;
  return {
    deliveryId,
    messageId,
    event,
    state: state === 'prepared' ? 'pending' : state,
    nextAttemptAt: optional(dueAt),
    attempts: attempts.map(({ at, ...rest }) => ({ ...rest, at: iso(at) })),
    body,
    createdAt: iso(createdAt),
  };
}

export const deliveryAnswer = deliveryView;
export const deliveryList = z.object({
  deliveries: z.array(deliveryView),
  count: z.number().int(),
  cursor: nextCursor,
});

function optional(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : iso(ms);
}
