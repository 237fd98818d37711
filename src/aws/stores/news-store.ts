/** What broker processes tell each other, in DynamoDB: one small partition that is read whole. */
import { z } from 'zod';
import type { Bulletin, NewsStore } from '../../../services/clockwork/news-ports.ts';
import { type ItemTable, MAX_PAGE } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { NEWS_PARTITION, newsKey } from '../table/table.ts';

export const BULLETIN: Kind<Bulletin> = {
  name: 'news',
  schema: 1,
  shape: z.object({
    brokerId: z.string(),
    first: z.number().int(),
    changes: z.array(z.object({ ownerId: z.string(), jobId: z.string().optional() })),
    before: z.object({ first: z.number().int(), people: z.array(z.string()) }).optional(),
    at: z.number(),
    unheard: z.boolean().optional(),
    left: z.boolean().optional(),
  }),
};

/** What a process left behind that died is remembered no longer. */
const MEMORY_SECONDS = 3_600;

/** Creates the store. */
export function createNewsStore(table: ItemTable): NewsStore {
  return {
    async put(bulletin) {
      const expiresAtSeconds = Math.ceil(bulletin.at / 1000) + MEMORY_SECONDS;
      await table.write(toItem(BULLETIN, newsKey(bulletin.brokerId), bulletin, { expiresAtSeconds }));
    },
    async list() {
      return (await table.page(BULLETIN, { partition: NEWS_PARTITION }, { limit: MAX_PAGE })).items;
    },
    remove: (brokerId) => table.remove(newsKey(brokerId)),
  };
}
