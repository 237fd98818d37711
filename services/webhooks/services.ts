/** The services of webhooks, put together. */
import type { Audit } from '../audit/audit.ts';
import type { Clock, Ids, JobStore, Log, UserStore } from '../ports.ts';
import { type Announcer, createAnnouncer } from './announcer.ts';
import { createDeliverer, type Deliverer } from './deliverer.ts';
import type { DeliveryStore, WebhookCaller, WebhookStore } from './ports.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

export interface WebhookServices {
  readonly webhooks: Webhooks;
  readonly deliverer: Deliverer;
  readonly announcer: Announcer;
}

export interface WebhookServicesDeps {
  webhooks: WebhookStore;
  deliveries: DeliveryStore;
  jobs: Pick<JobStore, 'get'>;
  users: Pick<UserStore, 'get'>;
  caller: WebhookCaller;
  audit: Pick<Audit, 'record'>;
  clock: Clock;
  ids: Ids;
  log: Log;
  tokenSecret: string;
  /** Whether this process looks for deliveries that are due. Default: it does. */
  mine?: () => boolean;
}

/** Creates the services of webhooks of one broker process. */
export function createWebhookServices(deps: WebhookServicesDeps): WebhookServices {
  const deliverer = createDeliverer(deps);
  const announcer = createAnnouncer({ ...deps, deliverer });
  const webhooks = auditedWebhooks(createWebhooks({ ...deps, deliverer }), deps.audit);
  return { webhooks, deliverer, announcer };
}

/** Changes of webhooks in the trail of their owner: they send what happens to an address outside. */
function auditedWebhooks(webhooks: Webhooks, audit: Pick<Audit, 'record'>): Webhooks {
  const record = (ownerId: string, action: string, subject: string, host?: string): Promise<void> =>
    audit.record({ ownerId, action, subject, outcome: 'ok', details: host ? { host } : undefined });
  const hostOf = (url: string): string => new URL(url).host;
  return {
    ...webhooks,
    async create(who, wish) {
      const made = await webhooks.create(who, wish);
      await record(who.userId, 'webhook.create', made.webhook.webhookId, hostOf(wish.url));
      return made;
    },
    async update(who, webhookId, change) {
      const webhook = await webhooks.update(who, webhookId, change);
      await record(who.userId, 'webhook.update', webhookId, hostOf(webhook.url));
      return webhook;
    },
    async remove(who, webhookId) {
      await webhooks.remove(who, webhookId);
      await record(who.userId, 'webhook.delete', webhookId);
    },
    async rotate(who, webhookId) {
      const rotated = await webhooks.rotate(who, webhookId);
      await record(who.userId, 'webhook.rotate-secret', webhookId);
      return rotated;
    },
  };
}
