/** What a world is made of beside its jobs. */
import { randomUUID } from 'node:crypto';
import type { Ids } from '../../services/ports.ts';
import type { Webhook } from '../../src/schemas/webhook.ts';
import { SAMPLE_TIME } from '../helpers/samples.ts';

/** A webhook that is told of everything. */
export const webhookOf = (ownerId: string): Webhook => ({
  webhookId: '01JGK000000000000000HOOK01',
  ownerId,
  url: 'https://lab.test/hook',
  events: ['job.running', 'job.succeeded', 'job.failed', 'job.canceled', 'job.lost'],
  status: 'active',
  generation: 1,
  createdAt: SAMPLE_TIME,
  updatedAt: SAMPLE_TIME,
  version: 1,
});

/** Names in the order in which they are asked for. */
export function countedIds(): Ids {
  let count = 0;
  return {
    next: () => `01MODEL${String(++count).padStart(19, '0')}`,
    secret: () => randomUUID(),
    // Jitter matters to nobody here.
    random: () => (count++ % 10) / 10,
  };
}
