/** Fills a table with jobs and units of many people: the items that the stores write, 25 in a request. */
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { createHoldings } from '../../src/aws/stores/holdings.ts';
import { createJobStore } from '../../src/aws/stores/job-store.ts';
import { createUnitStore } from '../../src/aws/stores/unit-store.ts';
import type { ItemTable } from '../../src/aws/table/item-table.ts';
import type { Item } from '../../src/aws/table/items.ts';
import { sampleJob, sampleUnit } from '../../test/helpers/samples.ts';
import type { Scene } from './scene.ts';

const BATCH = 25;
const LANES = 8;
/** One of so many jobs belongs to the person who asks; the rest to strangers. */
const SHARE = 20;

/** Stores `jobs` jobs that have ended and `units` units. */
export async function fill(scene: Scene, { jobs, units }: { jobs: number; units: number }): Promise<void> {
  const made: Item[] = [];
  const table = collecting(made);
  const jobStore = createJobStore(table);
  const unitStore = createUnitStore(table, scene.clock, createHoldings(table));
  const [{ userId }] = scene.persons;
  const start = scene.clock() - jobs * 1_000;
  const next = async (index: number): Promise<void> => {
    const at = start + index * 1_000;
    const name = String(index).padStart(16, '0');
    if (index < jobs) {
      const ownerId = index % SHARE === 0 ? userId : `stranger-${index % 1_000}`;
      const history = [{ state: 'succeeded' as const, at, by: 'step-functions' }];
      const times = { createdAt: at, updatedAt: at, dueAt: undefined };
      await jobStore.create(
        sampleJob({ jobId: `JOB${name}`, ownerId, state: 'succeeded', history, ...times }),
      );
    }
    if (index < units) {
      const stateMachineArn = `arn:aws:states:us-east-1:222222222222:stateMachine:m-${index}`;
      const ownerId = `stranger-${index % 1_000}`;
      await unitStore.put(sampleUnit({ unitId: `UNIT${name}`, ownerId, stateMachineArn, createdAt: at }));
    }
  };
  let index = 0;
  const lane = async (): Promise<void> => {
    while (index < Math.max(jobs, units)) {
      while (made.length < BATCH && index < Math.max(jobs, units)) await next(index++);
      await write(scene, made.splice(0, BATCH));
    }
    while (made.length > 0) await write(scene, made.splice(0, BATCH));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function write({ documents, tableName }: Scene, items: Item[]): Promise<void> {
  // What many jobs or units share (the claim of a role) is one item, which a request may hold once.
  const once = new Map(items.map((item) => [`${item['pk']} ${item['sk']}`, item]));
  const requests = [...once.values()].map((item) => ({ PutRequest: { Item: item } }));
  const { UnprocessedItems } = await documents.send(
    new BatchWriteCommand({ RequestItems: { [tableName]: requests } }),
  );
  if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error('the table did not take all items');
}

/** A table that holds nothing and keeps what is written to it. */
function collecting(made: Item[]): ItemTable {
  const refuse = (): never => {
    throw new Error('not needed to fill a table');
  };
  return {
    read: async () => undefined,
    async write(item) {
      made.push(item);
      return true;
    },
    async transact(operations) {
      for (const operation of operations) if ('put' in operation) made.push(operation.put);
      return 'written';
    },
    remove: refuse,
    take: refuse,
    page: refuse,
    reindex: refuse,
    openKeys: refuse,
  };
}
