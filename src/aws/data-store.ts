/** Records of uploaded files in DynamoDB. The owner is part of the key: nobody reads another's by guessing. */
import type { DataStore } from '../../services/ports.ts';
import { type DataRecord, dataRecord } from '../schemas/identity.ts';
import type { ItemTable } from './item-table.ts';
import { type Kind, toItem } from './items.ts';
import { dataKey, dataPartition, listed } from './table.ts';

const DATA: Kind<DataRecord> = { name: 'data-record', schema: 1, shape: dataRecord };

/** Creates the store of data records. */
export function createDataStore(table: ItemTable): DataStore {
  return {
    async put(record) {
      const place = listed(dataPartition(record.ownerId), record.createdAt, record.dataId);
      await table.write(toItem(DATA, dataKey(record.ownerId, record.dataId), record, place));
    },
    get(ownerId, dataId) {
      return table.read(DATA, dataKey(ownerId, dataId));
    },
    listByOwner(ownerId, options) {
      return table.page(DATA, { index: 'gsi1', partition: dataPartition(ownerId) }, options);
    },
    async remove(ownerId, dataId) {
      await table.remove(dataKey(ownerId, dataId));
    },
  };
}
