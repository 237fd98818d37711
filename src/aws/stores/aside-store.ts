/** Jobs that are set aside, in DynamoDB. The jobs themselves may be unreadable: only their place in an index changes. */
import { z } from 'zod';
import type { AsideJob, AsideStore } from '../../../services/ports.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { ASIDE_PARTITION, asideKey, jobKey, listed, openIndexKeys } from '../table/table.ts';

export const ASIDE: Kind<AsideJob> = {
  name: 'job-set-aside',
  schema: 1,
  shape: z.object({ jobId: z.string(), at: z.number(), error: z.string(), failures: z.number().int() }),
};

/** Creates the store. */
export function createAsideStore(table: ItemTable): AsideStore {
  return {
    async put(entry) {
      const { jobId, at } = entry;
      // Listed first: a broker that dies in between leaves a job that fails, and is set aside, once more.
      await table.write(toItem(ASIDE, asideKey(jobId), entry, listed(ASIDE_PARTITION, at, jobId)));
      await table.reindex(jobKey(jobId), {});
    },

    async list(limit) {
      return (await table.page(ASIDE, { index: 'gsi1', partition: ASIDE_PARTITION }, { limit })).items;
    },

    async release(jobId, now) {
      const entry = await table.read(ASIDE, asideKey(jobId));
      if (!entry) return undefined;
      if (now !== undefined) await table.reindex(jobKey(jobId), openIndexKeys(jobId, now));
      await table.remove(asideKey(jobId));
      return entry;
    },
  };
}
