/** How much waits in the sparse index gsi2. Every answer costs a bounded number of keys, whatever the table holds. */
import type { QueueStore } from '../../../services/operations/overview-ports.ts';
import type { ItemTable } from '../table/item-table.ts';
import {
  DELIVERIES_DUE,
  dueEntry,
  LOST_PARTITION,
  MAILS_DUE,
  OPEN_SHARDS,
  openPartition,
  unitChecksPartition,
} from '../table/table.ts';

const PARTITIONS = {
  webhooks: DELIVERIES_DUE,
  mails: MAILS_DUE,
  'lost-jobs': LOST_PARTITION,
  'unit-checks': unitChecksPartition(),
} as const;
/** Above every key. */
const END = '~';

/** Creates the store. */
export function createQueueStore(table: ItemTable): QueueStore {
  return {
    async openJobs(limit) {
      const share = Math.ceil(limit / OPEN_SHARDS);
      const shards = Array.from({ length: OPEN_SHARDS }, (_, shard) => openPartition(shard));
      const found = await Promise.all(shards.map((shard) => table.openKeys(shard, END, share)));
      return { jobs: found.flat().map(dueEntry), more: found.some((keys) => keys.length === share) };
    },

    async depth(queue, limit) {
      const keys = await table.openKeys(PARTITIONS[queue], END, limit);
      const [oldest] = keys;
      return {
        waiting: keys.length,
        more: keys.length === limit,
        oldestDueAt: oldest === undefined ? undefined : dueEntry(oldest).dueAt,
      };
    },
  };
}
