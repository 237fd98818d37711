/** Regions of interest in DynamoDB: one partition per person and job, in the order of their ids, which is that of time. */
import type { RoiStore } from '../../../services/ports.ts';
import { AppError } from '../../errors.ts';
import { jobIdOfRoi, type Roi, roi } from '../../schemas/roi.ts';
import { ABSENT, ofVersion } from '../table/conditions.ts';
import { type ItemTable, MAX_PAGE } from '../table/item-table.ts';
import { type Item, type Kind, toItem } from '../table/items.ts';
import { roiKey, roisPartition } from '../table/table.ts';

export const ROI: Kind<Roi> = { name: 'roi', schema: 1, shape: roi };

/** Creates the store of regions. */
export function createRoiStore(table: ItemTable): RoiStore {
  const itemOf = (value: Roi): Item =>
    toItem(ROI, roiKey(value.ownerId, value.jobId, value.roiId), value, { version: value.version });
  return {
    async create(value) {
      if (await table.write(itemOf(value), ABSENT)) return;
      throw new AppError('conflict', `there is a region ${value.roiId} already`);
    },
    replace: (next) => table.write(itemOf(next), ofVersion(next.version - 1)),
    async get(ownerId, roiId) {
      const jobId = jobIdOfRoi(roiId);
      return jobId === undefined ? undefined : table.read(ROI, roiKey(ownerId, jobId, roiId));
    },
    async listByJob(ownerId, jobId) {
      const items: Roi[] = [];
      let cursor: string | undefined;
      do {
        const page = await table.page(
          ROI,
          { partition: roisPartition(ownerId, jobId) },
          { limit: MAX_PAGE, cursor },
        );
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      return items;
    },
    async remove(ownerId, roiId) {
      const jobId = jobIdOfRoi(roiId);
      if (jobId !== undefined) await table.remove(roiKey(ownerId, jobId, roiId));
    },
  };
}
