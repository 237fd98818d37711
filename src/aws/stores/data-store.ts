/** Records of uploaded files in DynamoDB. The owner is part of the key: nobody reads another's by guessing. */
import type { DataStore } from '../../../services/ports.ts';
import { AppError } from '../../errors.ts';
import { type DataRecord, dataRecord } from '../../schemas/identity.ts';
import { ABSENT, before } from '../table/conditions.ts';
import type { ItemTable } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { dataKey, dataPartition, listed } from '../table/table.ts';
import type { HoldingsTable } from './holdings.ts';

/** Rounds against others who change the same record. */
const MAX_ROUNDS = 10;

export const DATA: Kind<DataRecord> = { name: 'data-record', schema: 1, shape: dataRecord };

/** Creates the store of data records. */
export function createDataStore(table: ItemTable, holdings: HoldingsTable): DataStore {
  return {
    async create(record, caps = {}) {
      const change = { files: 1, uploads: isUnderWay(record) ? 1 : 0 };
      const operations = [{ put: itemOf(record), condition: ABSENT }];
      const outcome = await holdings.transact(record.ownerId, change, caps, operations);
      if (outcome === 'written') return 'stored';
      if ('full' in outcome) return outcome;
      throw new AppError('conflict', `there is a file ${record.dataId} already`);
    },
    async replace(next, ended = false) {
      const condition = before(next.version);
      if (!ended) return table.write(itemOf(next), condition);
      const operations = [{ put: itemOf(next), condition }];
      return (await holdings.transact(next.ownerId, { uploads: -1 }, {}, operations)) === 'written';
    },
    get(ownerId, dataId) {
      return table.read(DATA, dataKey(ownerId, dataId));
    },
    listByOwner(ownerId, options) {
      return table.page(DATA, { index: 'gsi1', partition: dataPartition(ownerId) }, options);
    },
    async remove(ownerId, dataId) {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const record = await table.read(DATA, dataKey(ownerId, dataId));
        if (!record) return;
        const change = { files: -1, uploads: isUnderWay(record) ? -1 : 0 };
        const operations = [{ remove: dataKey(ownerId, dataId), condition: before(record.version + 1) }];
        if ((await holdings.transact(ownerId, change, {}, operations)) === 'written') return;
      }
      throw new AppError('conflict', 'the file is being changed by too many at once');
    },
  };
}

/** Whether it stands for an upload in parts that has not ended. */
function isUnderWay({ upload, status }: DataRecord): boolean {
  return upload !== undefined && status !== 'available';
}

function itemOf(record: DataRecord): Item {
  const { ownerId, dataId, createdAt, version } = record;
  return toItem(DATA, dataKey(ownerId, dataId), record, {
    ...listed(dataPartition(ownerId), createdAt, dataId),
    version,
  });
}
