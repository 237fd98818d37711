/** Webhooks of a person: make, change, rotate the secret, look at deliveries and send one again. */
import { AppError } from '../../src/errors.ts';
import { MOST_HELD } from '../../src/schemas/holdings.ts';
import type { Delivery, Webhook, WebhookEvent } from '../../src/schemas/webhook.ts';
import { tooMany } from '../limits/allowances.ts';
import type { Clock, Ids, Page } from '../ports.ts';
import type { Principal } from '../principal.ts';
import type { Deliverer } from './deliverer.ts';
import { testMessage } from './messages.ts';
import type { DeliveryStore, WebhookCaller, WebhookStore } from './ports.ts';
import { webhookSecret } from './signatures.ts';

/** After a rotation messages are signed by both secrets for this long. */
const OVERLAP_MS = 24 * 3_600_000;
const MAX_ROUNDS = 5;

export interface WebhookWish {
  url: string;
  events: WebhookEvent[];
  description?: string;
}

export interface Webhooks {
  /** The secret is in this answer only. @throws AppError invalid_request for a hostile address, too_many */
  create(who: Principal, wish: WebhookWish): Promise<{ webhook: Webhook; secret: string }>;
  list(who: Principal): Promise<Webhook[]>;
  /** @throws AppError not_found, as all that follow */
  get(who: Principal, webhookId: string): Promise<Webhook>;
  update(
    who: Principal,
    webhookId: string,
    change: Partial<WebhookWish> & { enabled?: boolean },
  ): Promise<Webhook>;
  remove(who: Principal, webhookId: string): Promise<void>;
  /** A new secret; the one before signs as well until `previousUntil`. */
  rotate(who: Principal, webhookId: string): Promise<{ webhook: Webhook; secret: string }>;
  /** Sends a message that only shows that messages arrive. */
  test(who: Principal, webhookId: string): Promise<Delivery>;
  /** Newest first, of the last 30 days. */
  deliveries(
    who: Principal,
    webhookId: string,
    options: { limit: number; cursor?: string },
  ): Promise<Page<Delivery>>;
  /** Sends a message once more, whatever became of it. @throws AppError conflict if it is on its way */
  replay(who: Principal, webhookId: string, deliveryId: string): Promise<Delivery>;
  /** Deletes the webhooks of a person who is gone. */
  removeAll(ownerId: string): Promise<void>;
}

export interface WebhooksDeps {
  webhooks: WebhookStore;
  deliveries: DeliveryStore;
  caller: Pick<WebhookCaller, 'refusal'>;
  deliverer: Pick<Deliverer, 'nudge'>;
  clock: Clock;
  ids: Ids;
  tokenSecret: string;
}

/** Creates the service of webhooks. */
export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { webhooks, deliveries, caller, deliverer, clock, ids, tokenSecret } = deps;

  async function mustBeSafe(url: string): Promise<void> {
    const refusal = await caller.refusal(url);
    if (refusal === undefined) return;
    throw new AppError('invalid_request', `url: ${refusal}`, { details: { issues: [`url: ${refusal}`] } });
  }

  async function get(who: Principal, webhookId: string): Promise<Webhook> {
    const found = await webhooks.get(who.userId, webhookId);
    if (!found) throw new AppError('not_found', `There is no webhook ${webhookId}.`);
    return found;
  }

  async function change(
    who: Principal,
    webhookId: string,
    decide: (webhook: Webhook) => Partial<Webhook>,
  ): Promise<Webhook> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const stored = await get(who, webhookId);
      const next = { ...stored, ...decide(stored), updatedAt: clock(), version: stored.version + 1 };
      if (await webhooks.replace(next)) return next;
    }
    throw new AppError('conflict', 'The webhook is being changed by somebody else.');
  }

  function mustBeActive({ status }: Webhook): void {
    if (status === 'active') return;
    throw new AppError('conflict', 'The webhook is disabled.', { remedy: 'Enable it with PATCH first.' });
  }

  return {
    get,
    list: (who) => webhooks.listByOwner(who.userId, MOST_HELD.webhooks),

    async create(who, wish) {
      await mustBeSafe(wish.url);
      const now = clock();
      const webhook: Webhook = {
        ...wish,
        webhookId: ids.next(),
        ownerId: who.userId,
        status: 'active',
        generation: 1,
        createdAt: now,
        updatedAt: now,
        version: 1,
      };
      if (!(await webhooks.create(webhook, MOST_HELD.webhooks))) throw tooMany('webhooks');
      return { webhook, secret: webhookSecret(tokenSecret, webhook) };
    },

    async update(who, webhookId, { enabled, url, events, description }) {
      if (url !== undefined) await mustBeSafe(url);
      return change(who, webhookId, (stored) => ({
        url: url ?? stored.url,
        events: events ?? stored.events,
        description: description ?? stored.description,
        ...(enabled === true
          ? { status: 'active' as const, disabledReason: undefined, failingSince: undefined }
          : {}),
        ...(enabled === false ? { status: 'disabled' as const, disabledReason: 'owner' as const } : {}),
      }));
    },

    async remove(who, webhookId) {
      await get(who, webhookId);
      await webhooks.remove(who.userId, webhookId);
    },

    async rotate(who, webhookId) {
      const now = clock();
      const webhook = await change(who, webhookId, ({ generation }) => ({
        generation: generation + 1,
        previousUntil: now + OVERLAP_MS,
      }));
      return { webhook, secret: webhookSecret(tokenSecret, webhook) };
    },

    async test(who, webhookId) {
      mustBeActive(await get(who, webhookId));
      const now = clock();
      const deliveryId = ids.next();
      const sent: Delivery = {
        deliveryId,
        webhookId,
        ownerId: who.userId,
        messageId: `msg_${deliveryId}`,
        event: 'webhook.test',
        body: testMessage(webhookId, now),
        state: 'pending',
        tries: 0,
        dueAt: now,
        attempts: [],
        createdAt: now,
        version: 1,
      };
      await deliveries.create(sent);
      deliverer.nudge();
      return sent;
    },

    async deliveries(who, webhookId, options) {
      await get(who, webhookId);
      return deliveries.listByWebhook(who.userId, webhookId, options);
    },

    async replay(who, webhookId, deliveryId) {
      mustBeActive(await get(who, webhookId));
      const stored = await deliveries.get(deliveryId);
      if (stored?.ownerId !== who.userId || stored.webhookId !== webhookId) {
        throw new AppError('not_found', `There is no delivery ${deliveryId}.`);
      }
      const next: Delivery = {
        ...stored,
        state: 'pending',
        tries: 0,
        dueAt: clock(),
        version: stored.version + 1,
      };
      const onItsWay = stored.state === 'prepared' || stored.state === 'pending';
      if (onItsWay || !(await deliveries.replace(next))) {
        throw new AppError('conflict', 'The message is on its way already.');
      }
      deliverer.nudge();
      return next;
    },

    async removeAll(ownerId) {
      for (const { webhookId } of await webhooks.listByOwner(ownerId, MOST_HELD.webhooks)) {
        await webhooks.remove(ownerId, webhookId);
      }
    },
  };
}
