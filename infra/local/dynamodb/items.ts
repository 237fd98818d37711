/** PutItem, UpdateItem, DeleteItem, GetItem. */
import type { ServiceContext } from '../contract.ts';
import { type CapacityCounter, type CapacityMode, createCapacityCounter } from './capacity.ts';
import { authorizedTable, type Deps, type Input, type Operation } from './context.ts';
import { storedKey } from './entries.ts';
import { invalid } from './errors.ts';
import { type ExpressionRequest, readExpressions } from './expressions/read.ts';
import { itemKey } from './keys.ts';
import { checkRequest } from './requests.ts';
import { checkKey } from './schema.ts';
import type { Table } from './table.ts';
import { type Item, itemSize } from './values.ts';
import {
  checkValues,
  type Decision,
  decide,
  prepareWrite,
  updatedParts,
  type Write,
  type WriteKind,
  type WriteRequest,
} from './writes.ts';

type ReturnValues = 'NONE' | 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW';

interface SingleWriteRequest extends WriteRequest {
  ReturnValues?: ReturnValues;
  ReturnConsumedCapacity?: CapacityMode;
}

export interface GetRequest extends ExpressionRequest {
  TableName: string;
  Key: Item;
  ConsistentRead?: boolean;
}

export const putItem: Operation = (deps, input, context) => write(deps, 'put', 'PutItem', input, context);
export const updateItem: Operation = (deps, input, context) =>
  write(deps, 'update', 'UpdateItem', input, context);
export const deleteItem: Operation = (deps, input, context) =>
  write(deps, 'delete', 'DeleteItem', input, context);

async function write(
  deps: Deps,
  kind: WriteKind,
  operation: string,
  input: Input,
  context: ServiceContext,
): Promise<unknown> {
  const request = checkRequest<SingleWriteRequest>(operation, input);
  const { ReturnValues = 'NONE' } = request;
  if (kind !== 'update' && ReturnValues !== 'NONE' && ReturnValues !== 'ALL_OLD') {
    throw invalid('ReturnValues can only be ALL_OLD or NONE');
  }
  const table = authorizedTable(deps, context, operation, request.TableName);
  const prepared = prepareWrite(kind, table, request);
  const decision = await deps.store.transact((latest) => decide(latest, prepared));
  const Attributes = returned(ReturnValues, prepared, decision);
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  capacity.write(table, decision);
  return { Attributes, ConsumedCapacity: capacity.list()?.[0] };
}

function returned(mode: ReturnValues, write: Write, { before, after }: Decision): Item | undefined {
  switch (mode) {
    case 'NONE':
      return undefined;
    case 'ALL_OLD':
      return before;
    case 'ALL_NEW':
      return after;
    default: {
      const parts = updatedParts(write, mode === 'UPDATED_OLD' ? before : after);
      return parts && Object.keys(parts).length > 0 ? parts : undefined;
    }
  }
}

export const getItem: Operation = (deps, input, context) => {
  const request = checkRequest<GetRequest & { ReturnConsumedCapacity?: CapacityMode }>('GetItem', input);
  const table = authorizedTable(deps, context, 'GetItem', request.TableName);
  const capacity = createCapacityCounter(request.ReturnConsumedCapacity);
  const Item = readItem(deps, table, request, capacity);
  return { Item, ConsumedCapacity: capacity.list()?.[0] };
};

/** One item by its key, projected; undefined if there is none. Throws ValidationException. */
export function readItem(
  deps: Deps,
  table: Table,
  request: GetRequest,
  capacity: CapacityCounter,
  factor = 1,
): Item | undefined {
  const { Key, ConsistentRead = false } = request;
  checkValues(Key);
  checkKey(table, Key);
  const { projection } = readExpressions(request);
  const stored = deps.store.durable(storedKey(table, itemKey(table, Key)));
  const item = stored === undefined ? undefined : (JSON.parse(stored) as Item);
  capacity.read(table, item ? itemSize(item) : 0, ConsistentRead, { factor });
  return item && projection ? projection.project(item) : item;
}
