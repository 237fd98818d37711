/** Records of uploaded files in DynamoDB. The owner is part of the key: nobody reads another's by guessing. */
import type { DataStore } from '../../services/ports.ts';
import { AppError } from '../errors.ts';
import { type DataRecord, dataRecord } from '../schemas/identity.ts';
import { ABSENT, before } from './conditions.ts';
import type { ItemTable } from './item-table.ts';
import { type Item, type Kind, toItem } from './items.ts';
import { dataKey, dataPartition, listed } from './table.ts';

export const DATA: Kind<DataRecord> = { name: 'data-record', schema: 1, shape: dataRecord };

/** Creates the store of data records. */
export function createDataStore(table: ItemTable): DataStore {
  return {
    async create(record) {
      if (await table.write(itemOf(record), ABSENT)) return;
      throw new AppError('conflict', `there is a file ${record.dataId} already`);
    },
    replace(next) {
      return table.write(itemOf(next), before(next.version));
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

function itemOf(record: DataRecord): Item {
  const { ownerId, dataId, createdAt, version } = record;
  return toItem(DATA, dataKey(ownerId, dataId), record, {
    ...listed(dataPartition(ownerId), createdAt, dataId),
    version,
  });
}
