/** Drafts of pipelines in DynamoDB, with TTL. The owner is part of the key. */
import type { DraftStore } from '../../../services/ports.ts';
import { type Draft, draft as draftShape } from '../../schemas/draft.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { draftKey } from '../table/table.ts';

export const DRAFT: Kind<Draft> = { name: 'draft', schema: 1, shape: draftShape };

/** Creates the store. */
export function createDraftStore(table: ItemTable): DraftStore {
  return {
    async put(draft) {
      const expiresAtSeconds = Math.ceil(draft.expiresAt / 1000);
      await table.write(toItem(DRAFT, draftKey(draft.ownerId, draft.draftId), draft, { expiresAtSeconds }));
    },
    get: (ownerId, draftId) => table.read(DRAFT, draftKey(ownerId, draftId)),
  };
}
