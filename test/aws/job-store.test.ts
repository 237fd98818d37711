/** Jobs in DynamoDB, and the table in memory that the model-based tests use: one contract for both. */
import t from 'tap';
import { storesOn } from '../../src/aws/stores/stores.ts';
import { itemTableSuite } from '../contract/item-table-suite.ts';
import { jobStoreSuite } from '../contract/job-store-suite.ts';
import { startTestCloud } from '../helpers/cloud.ts';
import { createMemoryLog } from '../helpers/memory-log.ts';
import { createMemoryTable } from '../helpers/memory-table.ts';

t.test('DynamoDB', async (t) => {
  const cloud = await startTestCloud(t);
  await t.test('jobs', (t) => jobStoreSuite(t, cloud));
  await t.test('items', (t) => itemTableSuite(t, cloud.table));
});

t.test('the table in memory', async (t) => {
  const log = createMemoryLog();
  const table = createMemoryTable(log);
  const stores = storesOn(table, Date.now);
  await t.test('jobs', (t) => jobStoreSuite(t, { stores, log, damage: table.damage }));
  await t.test('items', (t) => itemTableSuite(t, createMemoryTable(log)));
});
