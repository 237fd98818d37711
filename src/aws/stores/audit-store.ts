/** The audit trail in DynamoDB: written once, read by its owner; only counts of refusals go on counting. */
import type { AuditStore } from '../../../services/ports.ts';
import { type AuditEntry, auditEntry } from '../../schemas/identity.ts';
import { ABSENT, newerThanStored } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Kind, toItem } from '../table/items.ts';
import { auditKey, auditPartition } from '../table/table.ts';

export const AUDIT: Kind<AuditEntry> = { name: 'audit-entry', schema: 1, shape: auditEntry };

/** Creates the store of audit entries. Appending an entry again leaves the first one as it is. */
export function createAuditStore(table: ItemTable): AuditStore {
  return {
    async append(entry) {
      await table.write(toItem(AUDIT, auditKey(entry.ownerId, entry.at, entry.entryId), entry), ABSENT);
    },
    async recount(entry, count) {
      const key = auditKey(entry.ownerId, entry.at, entry.entryId);
      await table.write(toItem(AUDIT, key, entry, { version: count }), newerThanStored(count));
    },
    listByOwner(ownerId, options) {
      return table.page(AUDIT, { partition: auditPartition(ownerId) }, options);
    },
  };
}
