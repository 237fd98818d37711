/** Webhooks and their deliveries in DynamoDB. */
import type { DeliveryStore, WebhookStore } from '../../../services/webhooks/ports.ts';
import {
  type DeletedJob,
  type Delivery,
  deletedJob,
  delivery,
  type Webhook,
  webhook,
} from '../../schemas/webhook.ts';
import { ABSENT, ofVersion, PRESENT } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import {
  DELIVERIES_DUE,
  deletedJobKey,
  deliveriesPartition,
  deliveryDueEntry,
  deliveryDueKeys,
  deliveryKey,
  dueBefore,
  listed,
  webhookKey,
  webhooksPartition,
} from '../table/table.ts';
import type { HoldingsTable } from './holdings.ts';

export const WEBHOOK: Kind<Webhook> = { name: 'webhook', schema: 1, shape: webhook };
export const DELIVERY: Kind<Delivery> = { name: 'webhook-delivery', schema: 1, shape: delivery };
export const DELETED_JOB: Kind<DeletedJob> = { name: 'deleted-job', schema: 1, shape: deletedJob };
/** The log of deliveries goes back this far. */
const LOG_MS = 30 * 24 * 3_600_000;

/** Creates the store of webhooks: one partition per person. */
export function createWebhookStore(table: ItemTable, holdings: HoldingsTable): WebhookStore {
  const itemOf = (value: Webhook): Item =>
    toItem(WEBHOOK, webhookKey(value.ownerId, value.webhookId), value, { version: value.version });
  return {
    async create(value, most) {
      const operations = [{ put: itemOf(value), condition: ABSENT }];
      const outcome = await holdings.transact(value.ownerId, { webhooks: 1 }, { webhooks: most }, operations);
      return outcome === 'written' || !('full' in outcome);
    },
    get: (ownerId, webhookId) => table.read(WEBHOOK, webhookKey(ownerId, webhookId)),
    replace: (next) => table.write(itemOf(next), ofVersion(next.version - 1)),
    async remove(ownerId, webhookId) {
      const operations = [{ remove: webhookKey(ownerId, webhookId), condition: PRESENT }];
      await holdings.transact(ownerId, { webhooks: -1 }, {}, operations);
    },
    async listByOwner(ownerId, limit) {
      const list = { partition: webhooksPartition(ownerId) };
      return (await table.page(WEBHOOK, list, { limit, consistent: true })).items;
    },
  };
}

/** Creates the store of deliveries. */
export function createDeliveryStore(table: ItemTable): DeliveryStore {
  const itemOf = (value: Delivery): Item => {
    const { deliveryId, webhookId, ownerId, createdAt, dueAt, version } = value;
    return toItem(DELIVERY, deliveryKey(deliveryId), value, {
      ...listed(deliveriesPartition(ownerId, webhookId), createdAt, deliveryId),
      ...(dueAt === undefined ? {} : deliveryDueKeys(dueAt, webhookId, deliveryId)),
      expiresAtSeconds: Math.ceil(((dueAt ?? createdAt) + LOG_MS) / 1000),
      version,
    });
  };
  return {
    async create(value) {
      await table.write(itemOf(value), ABSENT);
    },
    get: (deliveryId) => table.read(DELIVERY, deliveryKey(deliveryId)),
    replace: (next) => table.write(itemOf(next), ofVersion(next.version - 1)),
    remove: (deliveryId) => table.remove(deliveryKey(deliveryId)),
    listByWebhook(ownerId, webhookId, options) {
      const partition = deliveriesPartition(ownerId, webhookId);
      return table.page(DELIVERY, { index: 'gsi1', partition }, options);
    },
    async keepDeleted(job) {
      const expiresAtSeconds = Math.ceil((job.deletedAt + LOG_MS) / 1000);
      await table.write(toItem(DELETED_JOB, deletedJobKey(job.jobId), job, { expiresAtSeconds }));
    },
    deleted: (jobId) => table.read(DELETED_JOB, deletedJobKey(jobId)),
    async due(now, limit) {
      return (await table.openKeys(DELIVERIES_DUE, dueBefore(now), limit)).map(deliveryDueEntry);
    },
  };
}
