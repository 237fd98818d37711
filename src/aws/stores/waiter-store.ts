/** Jobs that wait for their units to be opened, in DynamoDB: one partition, because few wait at a time. */
import { z } from 'zod';
import type { Waiter, WaiterStore } from '../../../services/jobs/waiting.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { WAITERS_PARTITION, waiterKey, waitersOfUnit } from '../table/table.ts';

export const WAITER: Kind<Waiter> = {
  name: 'waiting-job',
  schema: 1,
  shape: z.object({ unitId: z.string(), jobId: z.string(), until: z.number() }),
};

/** Creates the store. */
export function createWaiterStore(table: ItemTable): WaiterStore {
  const keyOf = ({ unitId, jobId }: Waiter) => waiterKey(unitId, jobId);
  return {
    async put(waiter) {
      const expiresAtSeconds = Math.ceil(waiter.until / 1000);
      await table.write(toItem(WAITER, keyOf(waiter), waiter, { expiresAtSeconds }));
    },
    async list(unitId, limit) {
      const between = unitId === undefined ? undefined : waitersOfUnit(unitId);
      const list = { partition: WAITERS_PARTITION };
      return (await table.page(WAITER, list, { limit, between, consistent: true })).items;
    },
    remove: (waiter) => table.remove(keyOf(waiter)),
  };
}
