/**
 * The embedded DynamoDB. dynalite supplies the rules of Amazon's API for parameters, values and the order of
 * numbers; storage, expressions, indexes, transactions and time to live are in this folder.
 */
import { join } from 'node:path';
import type { Vault } from '../backup/vault.ts';
import type { Clock, JsonService } from '../contract.ts';
import { batchGetItem, batchWriteItem } from './batches.ts';
import { openCatalog } from './catalog.ts';
import type { Deps, Operation } from './context.ts';
import { deleteItem, getItem, putItem, updateItem } from './items.ts';
import { query, scan } from './query.ts';
import { checkRequest } from './requests.ts';
import { openStore } from './store.ts';
import { createTable, deleteTable, describeTable, listTables } from './tables.ts';
import { describeTimeToLive, sweep, updateTimeToLive } from './time-to-live.ts';
import { transactGetItems, transactWriteItems } from './transactions.ts';
import { updateTable } from './update-table.ts';

const OPERATIONS: Record<string, Operation> = {
  BatchGetItem: batchGetItem,
  BatchWriteItem: batchWriteItem,
  CreateTable: createTable,
  DeleteItem: deleteItem,
  DeleteTable: deleteTable,
  DescribeTable: describeTable,
  DescribeTimeToLive: describeTimeToLive,
  GetItem: getItem,
  ListTables: listTables,
  PutItem: putItem,
  Query: query,
  Scan: scan,
  TransactGetItems: transactGetItems,
  TransactWriteItems: transactWriteItems,
  UpdateItem: updateItem,
  UpdateTable: updateTable,
  UpdateTimeToLive: updateTimeToLive,
};

const SWEEP_MS = 60_000;

/**
 * Opens the tables of all accounts and regions under `dir/dynamodb`. Rejects when another process has them
 * open. `clock` decides on expiry: a sweep is due a minute after the last, and the call that finds it due
 * sees its outcome.
 */
export async function createDynamoService({
  dir,
  clock,
  vault,
}: {
  dir: string;
  clock: Clock;
  vault?: Pick<Vault, 'add'>;
}): Promise<JsonService> {
  const store = await openStore(join(dir, 'dynamodb'), (level) => vault?.add('dynamodb', level));
  const catalog = await openCatalog(store, clock);
  const deps: Deps = { store, catalog, clock };
  let nextSweep = clock();

  const sweepIfDue = (): Promise<void> | undefined => {
    const now = clock();
    if (now < nextSweep) return undefined;
    nextSweep = now + SWEEP_MS;
    const sweeping = sweep(deps);
    catalog.inBackground(sweeping);
    return sweeping;
  };
  const timer = setInterval(sweepIfDue, SWEEP_MS).unref();

  return {
    name: 'dynamodb',
    targetPrefix: 'DynamoDB_20120810',
    async call(name, input, context) {
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (!operation) return checkRequest(name, input); // refuses it by name
      const due = sweepIfDue();
      if (due) await due;
      return operation(deps, input, context);
    },
    async close() {
      clearInterval(timer);
      await catalog.close();
      await store.close();
    },
  };
}
