/** What webhooks need from the outside. */
import type { DeletedJob, Delivery, Webhook } from '../../src/schemas/webhook.ts';
import type { Page } from '../ports.ts';

export interface WebhookStore {
  /** Stores a new one; false if its owner has `most` already. */
  create(webhook: Webhook, most?: number): Promise<boolean>;
  get(ownerId: string, webhookId: string): Promise<Webhook | undefined>;
  /** Writes `next` if the stored version is still `next.version - 1`. */
  replace(next: Webhook): Promise<boolean>;
  remove(ownerId: string, webhookId: string): Promise<void>;
  /** Strongly consistent: with every change that was answered before. */
  listByOwner(ownerId: string, limit: number): Promise<Webhook[]>;
}

export interface DeliveryStore {
  create(delivery: Delivery): Promise<void>;
  get(deliveryId: string): Promise<Delivery | undefined>;
  /** Writes `next` if the stored version is still `next.version - 1`. */
  replace(next: Delivery): Promise<boolean>;
  remove(deliveryId: string): Promise<void>;
  /** Newest first. */
  listByWebhook(
    ownerId: string,
    webhookId: string,
    options: { limit: number; cursor?: string },
  ): Promise<Page<Delivery>>;
  /** Keeps what happened to a job that is about to be deleted, for as long as a message of it can be on its way. */
  keepDeleted(job: DeletedJob): Promise<void>;
  deleted(jobId: string): Promise<DeletedJob | undefined>;
  /** What is due, oldest first. */
  due(now: number, limit: number): Promise<{ deliveryId: string; webhookId: string }[]>;
}

/** How a call to a webhook went: an HTTP status, or why there was none. */
export interface CallOutcome {
  readonly status?: number;
  /** Seconds the receiver asks to wait. */
  readonly retryAfter?: number;
  readonly problem?: 'address_refused' | 'name_unknown' | 'timeout' | 'tls' | 'connection';
}

/** Calls to addresses that users chose. */
export interface WebhookCaller {
  /** Why an address cannot be a webhook, in words; undefined if it can. */
  refusal(url: string): Promise<string | undefined>;
  /** Checks the address anew, calls it once, follows nothing. Never throws for what the other side does. */
  post(url: string, headers: Record<string, string>, body: string): Promise<CallOutcome>;
}
