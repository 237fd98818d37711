/** BatchGetItem and BatchWriteItem: many independent operations in one call. */
import { type CapacityMode, createCapacityCounter } from './capacity.ts';
import { authorizedTable, type Operation } from './context.ts';
import { invalid } from './errors.ts';
import type { ExpressionRequest } from './expressions/read.ts';
import { type GetRequest, readItem } from './items.ts';
import { itemKey } from './keys.ts';
import { checkRequest } from './requests.ts';
import { type Item, itemSize } from './values.ts';
import { type Decision, decide, prepareWrite, type Write } from './writes.ts';

interface BatchGetRequest {
  RequestItems: Record<string, ExpressionRequest & { Keys: Item[]; ConsistentRead?: boolean }>;
  ReturnConsumedCapacity?: CapacityMode;
}

interface BatchWriteRequest {
  RequestItems: Record<string, { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>;
  ReturnConsumedCapacity?: CapacityMode;
}

const MAX_GETS = 100;
const MAX_WRITES = 25;
/** Largest answer; what does not fit is left to the caller as UnprocessedKeys. */
const MAX_BYTES = 16 << 20;

export const batchGetItem: Operation = (deps, input, context) => {
  const request = checkRequest<BatchGetRequest>('BatchGetItem', input);
  const wanted = Object.entries(request.RequestItems);
  if (wanted.reduce((sum, [, { Keys }]) => sum + Keys.length, 0) > MAX_GETS) {
    throw invalid('Too many items requested for the BatchGetItem call');
  }
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  const Responses: Record<string, Item[]> = {};
  const UnprocessedKeys: BatchGetRequest['RequestItems'] = {};
  let size = 0;
  for (const [TableName, { Keys, ...options }] of wanted) {
    const table = authorizedTable(deps, context, 'BatchGetItem', TableName);
    Responses[TableName] = [];
    const seen = new Set<string>();
    for (const Key of Keys) {
      const get: GetRequest = { TableName, Key, ...options };
      if (size > MAX_BYTES) {
        UnprocessedKeys[TableName] ??= { Keys: [], ...options };
        UnprocessedKeys[TableName].Keys.push(Key);
        continue;
      }
      const item = readItem(deps, table, get, capacity);
      refuseDuplicate(seen, itemKey(table, Key));
      if (!item) continue;
      size += itemSize(item);
      Responses[TableName].push(item);
    }
  }
  return { Responses, UnprocessedKeys, ConsumedCapacity: capacity.list() };
};

export const batchWriteItem: Operation = async (deps, input, context) => {
  const request = checkRequest<BatchWriteRequest>('BatchWriteItem', input);
  const wanted = Object.entries(request.RequestItems);
  if (wanted.reduce((sum, [, writes]) => sum + writes.length, 0) > MAX_WRITES) {
    throw invalid('Too many items requested for the BatchWriteItem call');
  }
  const writes: Write[] = [];
  const seen = new Set<string>();
  for (const [TableName, requests] of wanted) {
    const table = authorizedTable(deps, context, 'BatchWriteItem', TableName);
    for (const { PutRequest, DeleteRequest } of requests) {
      if (!PutRequest === !DeleteRequest) {
        throw invalid('Each member of a BatchWriteItem needs either a PutRequest or a DeleteRequest');
      }
      const write = prepareWrite(PutRequest ? 'put' : 'delete', table, {
        TableName,
        Item: PutRequest?.Item,
        Key: DeleteRequest?.Key,
      });
      refuseDuplicate(seen, write.key);
      writes.push(write);
    }
  }
  const { decisions } = await deps.store.transact((latest) => {
    const decisions = writes.map((write): Decision => decide(latest, write));
    return { decisions, changes: decisions.flatMap(({ changes }) => changes) };
  });
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  for (const [i, decision] of decisions.entries()) capacity.write(writes[i].table, decision);
  return { UnprocessedItems: {}, ConsumedCapacity: capacity.list() };
};

function refuseDuplicate(seen: Set<string>, key: string): void {
  if (seen.has(key)) throw invalid('Provided list of item keys contains duplicates');
  seen.add(key);
}
