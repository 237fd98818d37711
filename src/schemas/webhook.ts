/** Webhooks of a person and what was sent to them: stored forms. */
import { z } from 'zod';
import { jobState } from './job.ts';

/** What a webhook can be told of. */
export const webhookEvent = z.enum([
  'job.running',
  'job.succeeded',
  'job.failed',
  'job.canceled',
  'job.lost',
]);
export type WebhookEvent = z.infer<typeof webhookEvent>;

export const webhook = z.object({
  webhookId: z.string(),
  ownerId: z.string(),
  url: z.string(),
  description: z.string().optional(),
  events: z.array(webhookEvent),
  status: z.enum(['active', 'disabled']),
  /** Why it is disabled: its owner wants so, it answered 410, or it failed for days. */
  disabledReason: z.enum(['owner', 'gone', 'failing']).optional(),
  /** Counts the secrets it had; secrets are derived, none is stored. */
  generation: z.number().int(),
  /** Until then messages are also signed by the secret before. */
  previousUntil: z.number().optional(),
  /** When the first of an unbroken row of failures happened. */
  failingSince: z.number().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
  version: z.number().int(),
});
export type Webhook = z.infer<typeof webhook>;

export const deliveryAttempt = z.object({
  at: z.number(),
  ms: z.number(),
  /** HTTP status; absent if there was no answer. */
  status: z.number().int().optional(),
  problem: z.string().optional(),
});
export type DeliveryAttempt = z.infer<typeof deliveryAttempt>;

/**
 * One message to one webhook. `prepared`: written before the change of the job that it tells of, so that a crash
 * between the two loses nothing; whether the change happened is looked up when it is due.
 */
export const delivery = z.object({
  deliveryId: z.string(),
  webhookId: z.string(),
  ownerId: z.string(),
  /** Names the event for the receiver, the same in all attempts. */
  messageId: z.string(),
  event: z.union([webhookEvent, z.literal('webhook.test')]),
  /** The exact bytes that are signed. */
  body: z.string(),
  state: z.enum(['prepared', 'pending', 'delivered', 'failed', 'canceled']),
  /** The change of a job that must have happened. */
  expects: z.object({ jobId: z.string(), state: jobState, at: z.number() }).optional(),
  /** Failed tries since the message was sent or replayed. */
  tries: z.number().int(),
  /** When it is looked at; absent when there is nothing more to do. */
  dueAt: z.number().optional(),
  attempts: z.array(deliveryAttempt),
  createdAt: z.number(),
  version: z.number().int(),
});
export type Delivery = z.infer<typeof delivery>;

/** The moves of a job that was deleted: whether a prepared message tells the truth is looked up here then. */
export const deletedJob = z.object({
  jobId: z.string(),
  moves: z.array(z.object({ state: jobState, at: z.number() })),
  deletedAt: z.number(),
});
export type DeletedJob = z.infer<typeof deletedJob>;
